/* SPDX-License-Identifier: Apache-2.0 */
/* The network that extracts features from pictures: a MobileNetV3 trained to detect the objects of
 * COCO, without its last layers, which name these objects. Labels are computed from the output of
 * the layers before them. */
#ifndef GCP_LOCAL_VISION_NETWORK_NETWORK_H
#define GCP_LOCAL_VISION_NETWORK_NETWORK_H

#include "gcp-local/vision/network/layers.h"

/* Immutable once it is open: any number of threads may use it at once. */
struct network;

/* Reads the weights: the file models/centernet.bin of the npm package @vladmandic/human 3.3.6. NULL
 * and err (ERR_INTERNAL) when it is missing or not that file; the text says how to fetch it. */
struct network *network_open(const char *path, struct err *err);
void network_close(struct network *network);

static inline void own_network(struct network **local)
{
    network_close(*local);
}

/* The path of the weights: `given` if it is not NULL, else $VISION_MODEL, else .local/centernet.bin
 * in the working directory or, if it exists there, in a folder above the program's own file. The
 * caller frees. */
char *network_path(const char *given);

/* The sides of pictures must be multiples of this. */
enum { NETWORK_STEP = 32 };

/* Both maps own their values. */
struct network_output {
    struct feature_map fine;   /* a sixteenth of the picture's sides, 88 channels */
    struct feature_map coarse; /* a thirty-second, 120 channels */
};

enum { FINE_CHANNELS = 88, COARSE_CHANNELS = 120 };

void network_output_done(struct network_output *output);

static inline void own_network_output(struct network_output *local)
{
    network_output_done(local);
}

void network_run(const struct network *network, const struct picture *picture,
                 struct network_output *output);

#endif
