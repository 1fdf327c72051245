/* SPDX-License-Identifier: Apache-2.0 */
/* The network's trained numbers, read from a file and handed out layer by layer. */
#ifndef GCP_LOCAL_VISION_NETWORK_WEIGHTS_H
#define GCP_LOCAL_VISION_NETWORK_WEIGHTS_H

#include "gcp-local/vision/network/layers.h"

struct weights;

/* See network_open. */
struct weights *weights_open(const char *path, struct err *err);
void weights_close(struct weights *weights);

/* The next layer's kernel and bias, of so many numbers. Borrowed. */
struct layer weights_next_layer(struct weights *weights, size_t kernel, size_t bias);

#endif
