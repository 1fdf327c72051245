/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of a picture: words for what it shows, with scores. */
#ifndef GCP_LOCAL_VISION_LABELS_LABELS_H
#define GCP_LOCAL_VISION_LABELS_LABELS_H

#include "gcp-local/vision/network/network.h"

struct label {
    const char *description; /* static */
    double score;            /* 0.5…1: the probability that the word is right */
};

/* Best first. */
struct labels {
    struct label list[40];
    size_t count;
};

/* Computes the words that are more likely right than wrong; there may be none. Safe from several
 * threads with one network. */
void labels_of_picture(const struct network *network, const struct picture *picture,
                       struct labels *labels);

/* The same for a file in memory; errors as picture_decode. */
bool labels_of_file(const struct network *network, struct bytes file, struct labels *labels,
                    struct err *err);

#endif
