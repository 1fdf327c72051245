/* SPDX-License-Identifier: Apache-2.0 */
/* The network's weights, read from a file, layer by layer. */
#ifndef GCP_LOCAL_VISION_NETWORK_WEIGHTS_H
#define GCP_LOCAL_VISION_NETWORK_WEIGHTS_H

#include "gcp-local/vision/network/layers.h"

struct weights;

/* Errors as network_open. */
struct weights *weights_open(const char *path, struct err *err);
void weights_close(struct weights *weights);

/* The next layer, with so many numbers in its kernel and bias. Borrowed. */
struct layer weights_next_layer(struct weights *weights, size_t kernel_len, size_t bias_len);

#endif
