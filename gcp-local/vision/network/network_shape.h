/* SPDX-License-Identifier: Apache-2.0 */
/* The network's blocks: how large they are, and where their weights lie in the file. */
#ifndef GCP_LOCAL_VISION_NETWORK_NETWORK_SHAPE_H
#define GCP_LOCAL_VISION_NETWORK_NETWORK_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FIRST_CHANNELS = 16, /* of the layer ahead of the blocks */
    BLOCKS = 15,
    FINE_BLOCK = 11, /* the block whose output is the fine map; the last gives the coarse one */
};

/* An inverted residual: widen by points, filter by channels, weigh channels, narrow by points. */
struct block_shape {
    unsigned size, stride; /* of the filter */
    unsigned wide;         /* channels of the filter; 0 = as many as come in, without widening */
    unsigned out;          /* channels that come out */
    unsigned squeeze;      /* channels between the layers that weigh; 0 = not weighed */
    bool smooth;           /* hard swish, not ReLU */
    bool residual;         /* what came in is added in the end */
};

extern const struct block_shape network_blocks[BLOCKS];

/* models/centernet.bin of the npm package @vladmandic/human 3.3.6: half floats, little endian. */
extern const size_t network_weights_size;
extern const unsigned char network_weights_sha256[32];

/* Where each tensor starts in the file, in the order in which a picture meets them: the kernel and
 * the bias of the first layer, then of each block's layers. */
enum { TENSORS = 122 };
extern const uint32_t network_tensor_offsets[TENSORS];

#endif
