/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of a picture: words for what it shows, with scores. */
#include "gcp-local/vision/labels/labels.h"

#include "base/str.h"
#include "gcp-local/vision/labels/heads.h"

#include <assert.h>
#include <math.h>

enum { SIDE = 256 }; /* the network gets about SIDE × SIDE pixels */

/* The words of each head, and the least probability with which they are given. */
static const struct {
    double threshold;
    const char *name, *other_name;
    bool nature;
} words[HEADS] = {
    [HEAD_SKY] = {.threshold = 0.5, .name = "Sky"},
    [HEAD_CLOUD] = {.threshold = 0.5, .name = "Cloud"},
    [HEAD_WATER] = {.threshold = 0.5,
                    .name = "Water",
                    .other_name = "Body of water",
                    .nature = true},
    [HEAD_SEA] = {.threshold = 0.6, .name = "Sea", .other_name = "Coast", .nature = true},
    [HEAD_SUNSET] = {.threshold = 0.5, .name = "Sunset"},
    [HEAD_NIGHT] = {.threshold = 0.5, .name = "Night"},
    [HEAD_VEGETATION] = {.threshold = 0.5,
                         .name = "Plant",
                         .other_name = "Vegetation",
                         .nature = true},
    [HEAD_GRASS] = {.threshold = 0.5, .name = "Grass", .nature = true},
    [HEAD_MOUNTAIN] = {.threshold = 0.5, .name = "Mountain", .nature = true},
    [HEAD_SNOW] = {.threshold = 0.5, .name = "Snow", .nature = true},
    [HEAD_SAND] = {.threshold = 0.5, .name = "Sand", .nature = true},
    [HEAD_BUILDING] = {.threshold = 0.5, .name = "Building", .other_name = "Architecture"},
    [HEAD_CITY] = {.threshold = 0.5, .name = "City"},
    [HEAD_PERSON] = {.threshold = 0.5, .name = "Person"},
    [HEAD_FACE] = {.threshold = 0.5, .name = "Face"},
    [HEAD_INDOOR] = {.threshold = 0.5, .name = "Indoor"},
    [HEAD_TEXT] = {.threshold = 0.5, .name = "Text"},
    [HEAD_ANIMAL] = {.threshold = 0.5, .name = "Animal"},
    [HEAD_FOOD] = {.threshold = 0.5, .name = "Food"},
    [HEAD_FLOWER] = {.threshold = 0.7, .name = "Flower", .nature = true},
    [HEAD_ILLUSTRATION] = {.threshold = 0.5, .name = "Illustration"},
};

/* Inserts by score, after labels of the same score. */
static void insert(struct labels *labels, const char *description, double score)
{
    assert(labels->count < ARRAY_SIZE(labels->list));
    size_t index = labels->count++;
    for (; index > 0 && labels->list[index - 1].score < score; index--)
        labels->list[index] = labels->list[index - 1];
    labels->list[index] = (struct label){description, score};
}

static void name_labels(const double probability[HEADS], struct labels *labels)
{
    *labels = (struct labels){0};
    double nature = 0;
    for (int head = 0; head < HEADS; head++) {
        if (words[head].nature)
            nature = fmax(nature, probability[head]);
        if (probability[head] < words[head].threshold)
            continue;
        insert(labels, words[head].name, probability[head]);
        if (words[head].other_name)
            insert(labels, words[head].other_name, probability[head] - 0.001);
    }
    if (nature >= 0.5 && probability[HEAD_INDOOR] < 0.5)
        insert(labels, "Nature", nature - 0.002);
}

/* The multiple of NETWORK_STEP nearest to a side: always about as many pixels, in the picture's
 * ratio of sides. */
static unsigned side_of(double ratio)
{
    return NETWORK_STEP * (unsigned)(SIDE * ratio / NETWORK_STEP + 0.5);
}

void labels_of_picture(const struct network *network, const struct picture *picture,
                       struct labels *labels)
{
    double ratio = sqrt((double)picture->width / picture->height);
    ratio = fmin(fmax(ratio, 1 / 1.5), 1.5);
    OWN(picture) struct picture small = {0};
    picture_resize(picture, side_of(ratio), side_of(1 / ratio), &small);

    float features[FEATURES];
    double probability[HEADS];
    features_of_picture(network, &small, features);
    heads_predict(features, probability);
    name_labels(probability, labels);
}

bool labels_of_file(const struct network *network, struct bytes file, struct labels *labels,
                    struct err *err)
{
    OWN(picture) struct picture picture = {0};
    if (!picture_decode(file, SIDE, &picture, err))
        return false;
    labels_of_picture(network, &picture, labels);
    return true;
}
