/* SPDX-License-Identifier: Apache-2.0 */
/* The network that looks at pictures: a MobileNetV3 trained to find the objects of COCO. Its last
 * layers, which name these objects, are left out; what the layers before them see is what labels
 * are made from. */
#ifndef GCP_LOCAL_VISION_NETWORK_NETWORK_H
#define GCP_LOCAL_VISION_NETWORK_NETWORK_H

#include "gcp-local/vision/network/layers.h"

/* Never changes once it is open, so any number of threads may look through it at once. */
struct network;

/* Reads the weights: the file centernet.bin as it comes in the npm package @vladmandic/human 3.3.6.
 * NULL and err (ERR_INTERNAL) when the file is missing or another; the text says how to fetch it.
 */
struct network *network_open(const char *path, struct err *err);
void network_close(struct network *network);

static inline void own_network(struct network **local)
{
    network_close(*local);
}

/* Where the weights are: `named` if it is not NULL, else $VISION_MODEL, else .local/centernet.bin
 * in the working directory or in one above the program's own file; the first of these when there is
 * none. The caller frees. */
char *network_path(const char *named);

/* Sides of pictures must be multiples of this. */
enum { NETWORK_STEP = 32 };

/* What the network saw; all owned. */
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
