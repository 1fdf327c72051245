/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of a picture: words that fit what is seen in it, with scores. */
#ifndef GCP_LOCAL_VISION_LABELS_LABELS_H
#define GCP_LOCAL_VISION_LABELS_LABELS_H

#include "gcp-local/vision/network/network.h"

struct label {
    const char *description; /* static */
    double score;            /* 0.5…1: how likely the word is right */
};

/* Best first. */
struct labels {
    struct label list[40];
    size_t count;
};

/* Only words that are likelier right than wrong are given, so there may be none. May run in
 * several threads on one network. */
void labels_of_picture(const struct network *network, const struct picture *picture,
                       struct labels *labels);

/* The same of a file; errors as picture_decode. */
bool labels_of_file(const struct network *network, struct bytes file, struct labels *labels,
                    struct err *err);

#endif
