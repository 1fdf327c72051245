/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/vision: labels computed from pixels. */
#include "base/str.h"
#include "gcp-local/vision/labels/labels.h"
#include "tests/helpers/pictures.h"
#include "tests/helpers/test.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

static struct network *open_network(void)
{
    struct err err = {0};
    OWN(free) char *path = network_path(NULL);
    struct network *network = network_open(path, &err);
    if (!network)
        fail_msg("%s", err.text);
    return network;
}

/* "Sky Cloud Sea": best first. */
static void names_of(const struct labels *labels, struct buf *text)
{
    buf_add_text(text, "");
    for (size_t i = 0; i < labels->count; i++)
        buf_add_format(text, "%s%s", i ? ", " : "", labels->list[i].description);
}

static double score_of(const struct labels *labels, const char *description)
{
    for (size_t i = 0; i < labels->count; i++)
        if (str_equal(labels->list[i].description, description))
            return labels->list[i].score;
    return 0;
}

static struct labels labels_of(const struct network *network, const struct buf *file)
{
    struct err err = {0};
    struct labels labels = {0};
    if (!labels_of_file(network, buf_bytes(file), &labels, &err))
        fail_msg("%s", err.text);
    return labels;
}

static const char *const at_sea[] = {"Sky",           "Cloud",  "Sunset", "Water",
                                     "Body of water", "Nature", "Sea",    "Coast"};

TEST(the_sea_at_sunset_gets_the_labels_a_person_would_give)
{
    OWN(network) struct network *network = open_network();
    OWN(picture) struct picture sea = sea_picture(640, 480);
    struct labels labels;
    labels_of_picture(network, &sea, &labels);
    for (size_t i = 0; i < ARRAY_SIZE(at_sea); i++)
        EXPECT(score_of(&labels, at_sea[i]) > 0.6);
    EXPECT_INT(labels.count, ARRAY_SIZE(at_sea));
    for (size_t i = 1; i < labels.count; i++)
        EXPECT(labels.list[i - 1].score >= labels.list[i].score);
}

TEST(every_format_gives_the_same_labels)
{
    OWN(network) struct network *network = open_network();
    OWN(picture) struct picture sea = sea_picture(640, 480);
    struct labels want;
    labels_of_picture(network, &sea, &want);
    for (int format = 0; format < 6; format++) {
        OWN(buf) struct buf file = {0};
        if (format < 3)
            make_jpeg(&sea, (struct jpeg_options){.progressive = format == 1, .cmyk = format == 2},
                      &file);
        else if (format == 3)
            make_png(&sea, (struct png_options){0}, &file);
        else
            make_webp(&sea, format == 4, &file);
        struct labels got = labels_of(network, &file);
        for (size_t i = 0; i < want.count; i++)
            EXPECT(fabs(score_of(&got, want.list[i].description) - want.list[i].score) < 0.03);
    }
}

TEST(a_photo_taken_sideways_gets_the_same_labels)
{
    OWN(network) struct network *network = open_network();
    OWN(picture) struct picture sea = sea_picture(640, 480);
    /* orientation 8 reverts orientation 6 */
    picture_orient(&sea, 8);
    OWN(buf) struct buf sideways = {0};
    make_jpeg(&sea, (struct jpeg_options){0}, &sideways);
    struct labels unturned = labels_of(network, &sideways);
    EXPECT(score_of(&unturned, "Sea") < 0.6);
    add_orientation(&sideways, 6, true);
    struct labels labels = labels_of(network, &sideways);
    for (size_t i = 0; i < ARRAY_SIZE(at_sea); i++)
        EXPECT(score_of(&labels, at_sea[i]) > 0.6);
}

TEST(black_and_noise_have_no_labels_and_white_looks_like_text)
{
    OWN(network) struct network *network = open_network();
    OWN(picture) struct picture black = plain_picture(300, 300, 0),
                                white = plain_picture(300, 200, 0xFFFFFF),
                                noise = noise_picture(300, 200);
    struct labels labels;
    labels_of_picture(network, &black, &labels);
    EXPECT_INT(labels.count, 0);
    labels_of_picture(network, &noise, &labels);
    EXPECT_INT(labels.count, 0);
    labels_of_picture(network, &white, &labels);
    OWN(buf) struct buf names = {0};
    names_of(&labels, &names);
    EXPECT_STR(names.data, "Illustration, Text");
}

TEST(a_picture_of_any_shape_can_be_labelled)
{
    OWN(network) struct network *network = open_network();
    static const unsigned sizes[][2] = {{1, 1}, {1, 900}, {900, 1}, {31, 33}, {2000, 20}};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        OWN(picture) struct picture noise = noise_picture(sizes[i][0], sizes[i][1]);
        struct labels labels;
        labels_of_picture(network, &noise, &labels);
        EXPECT(labels.count < ARRAY_SIZE(labels.list));
    }
}

struct job {
    const struct network *network;
    const struct picture *picture;
    struct labels labels;
};

static void *run_job(void *context)
{
    struct job *job = context;
    labels_of_picture(job->network, job->picture, &job->labels);
    return NULL;
}

TEST(several_threads_share_one_network)
{
    OWN(network) struct network *network = open_network();
    OWN(picture) struct picture sea = sea_picture(160, 120);
    struct job jobs[4];
    pthread_t threads[ARRAY_SIZE(jobs)];
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        jobs[i] = (struct job){.network = network, .picture = &sea};
        EXPECT_INT(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 1; i < ARRAY_SIZE(jobs); i++) {
        EXPECT_INT(jobs[i].labels.count, jobs[0].labels.count);
        for (size_t j = 0; j < jobs[0].labels.count; j++)
            EXPECT(jobs[i].labels.list[j].score == jobs[0].labels.list[j].score);
    }
}

TEST(without_weights_the_error_says_how_to_fetch_them)
{
    struct err err = {0};
    EXPECT(network_open("/nonexistent/centernet.bin", &err) == NULL);
    EXPECT_INT(err.status, ERR_INTERNAL);
    EXPECT_STR(err.text, "/nonexistent/centernet.bin: No such file or directory; labels need the "
                         "network's weights: run ./scripts/fetch-weights, or name the file with "
                         "--model");
}

TEST(modified_weights_are_rejected)
{
    OWN(free) char *path = network_path(NULL);
    OWN(buf) struct buf weights = {0};
    EXPECT(read_picture_file(path, &weights));
    weights.data[2000000] ^= 1;
    char changed[] = "/tmp/weights.XXXXXX";
    int fd = mkstemp(changed);
    EXPECT(write(fd, weights.data, weights.len) == (ssize_t)weights.len);
    struct err err = {0}, shorter = {0};
    EXPECT(network_open(changed, &err) == NULL);
    EXPECT_INT(ftruncate(fd, 1000), 0);
    EXPECT(network_open(changed, &shorter) == NULL);
    close(fd);
    unlink(changed);
    EXPECT_HAS(err.text, "not the expected SHA-256");
    EXPECT_HAS(shorter.text, "not the expected size");
}

/* Expects labels by name, in any order, and no others; scores within 0.03. */
static void expect_labels(const struct labels *got, const struct label *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        EXPECT(fabs(score_of(got, want[i].description) - want[i].score) <= 0.03);
    EXPECT_INT(got->count, count);
}

/* The tutorial's photos are not part of the project. If they exist, their labels must be those that
 * were measured when the heads were trained. */
TEST_IF_EXISTS("../shared/pictures", the_photos_of_the_tutorial_get_their_labels)
{
    static const struct {
        const char *file;
        struct label labels[9];
    } rows[] = {
        {"beach.jpg",
         {{"Sky", 1.00},
          {"Cloud", 0.93},
          {"Sea", 0.85},
          {"Coast", 0.85},
          {"Nature", 0.85},
          {"Water", 0.85},
          {"Body of water", 0.84},
          {"Sunset", 0.78}}},
        {"atamel.jpg", {{"Person", 0.98}, {"Face", 0.97}, {"Indoor", 0.74}}},
        {"bodrum.jpg",
         {{"Sky", 1.00},
          {"Sunset", 0.95},
          {"Cloud", 0.95},
          {"Water", 0.68},
          {"Body of water", 0.68},
          {"Nature", 0.67},
          {"Sea", 0.67},
          {"Coast", 0.67}}},
        {"paris.jpg",
         {{"Sky", 1.00},
          {"Building", 1.00},
          {"Architecture", 0.99},
          {"Night", 0.95},
          {"City", 0.73}}},
        {"river.jpg",
         {{"Sky", 1.00},
          {"Building", 0.93},
          {"Architecture", 0.93},
          {"Water", 0.53},
          {"Body of water", 0.53},
          {"Nature", 0.53}}},
        {"yachtclub.jpg",
         {{"Sky", 1.00},
          {"Cloud", 0.95},
          {"Building", 0.80},
          {"Architecture", 0.80},
          {"Water", 0.58},
          {"Body of water", 0.58},
          {"Nature", 0.58}}},
    };
    OWN(network) struct network *network = open_network();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *path = str_format("../shared/pictures/%s", rows[i].file);
        OWN(buf) struct buf file = {0};
        EXPECT(read_picture_file(path, &file));
        struct labels labels = labels_of(network, &file);
        size_t count = 0;
        while (rows[i].labels[count].description)
            count++;
        expect_labels(&labels, rows[i].labels, count);
    }
}

TEST_IF_EXISTS("../shared/pictures/beach.jpg",
               a_photo_of_the_tutorial_gets_its_labels_in_every_form)
{
    static const struct label beach[] = {{"Sky", 1.00},           {"Cloud", 0.93},  {"Sea", 0.85},
                                         {"Coast", 0.85},         {"Nature", 0.85}, {"Water", 0.85},
                                         {"Body of water", 0.84}, {"Sunset", 0.78}};
    static const struct label in_grey[] = {
        {"Sky", 0.99},    {"Cloud", 0.90}, {"Water", 0.71}, {"Body of water", 0.71},
        {"Nature", 0.71}, {"Sea", 0.70},   {"Coast", 0.70}};
    OWN(buf) struct buf photo = {0};
    EXPECT(read_picture_file("../shared/pictures/beach.jpg", &photo));
    OWN(network) struct network *network = open_network();
    struct err err = {0};
    OWN(picture) struct picture whole = {0};
    EXPECT(picture_decode(buf_bytes(&photo), 10000, &whole, &err));
    for (int form = 0; form < 7; form++) {
        OWN(buf) struct buf file = {0};
        if (form < 3)
            make_jpeg(&whole,
                      (struct jpeg_options){
                          .progressive = form == 1, .cmyk = form == 2, .grey = form == 0},
                      &file);
        else if (form < 5)
            make_png(&whole, (struct png_options){.interlaced = form == 4}, &file);
        else
            make_webp(&whole, form == 6, &file);
        struct labels labels = labels_of(network, &file);
        if (form == 0)
            expect_labels(&labels, in_grey, ARRAY_SIZE(in_grey));
        else
            expect_labels(&labels, beach, ARRAY_SIZE(beach));
    }
}
