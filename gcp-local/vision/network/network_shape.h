/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes of the network's blocks, and the offsets of their weights in the file. */
#ifndef GCP_LOCAL_VISION_NETWORK_NETWORK_SHAPE_H
#define GCP_LOCAL_VISION_NETWORK_NETWORK_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FIRST_CHANNELS = 16, /* of the layer before the blocks */
    BLOCKS = 15,
    FINE_BLOCK = 11, /* its output is the fine map; that of the last block is the coarse one */
};

/* An inverted residual: expand (pointwise), filter (depthwise), squeeze and excite, project
 * (pointwise). */
struct block_shape {
    unsigned size, stride; /* of the filter */
    unsigned wide;         /* channels of the filter; 0 = those of the input, not expanded */
    unsigned out;          /* output channels */
    unsigned squeeze;      /* channels between squeeze and excite; 0 = without these layers */
    bool smooth;           /* hard swish instead of ReLU */
    bool residual;         /* the input is added to the output */
};

extern const struct block_shape network_blocks[BLOCKS];

/* models/centernet.bin of the npm package @vladmandic/human 3.3.6: half-precision floats, little
 * endian. */
extern const size_t network_weights_size;
extern const unsigned char network_weights_sha256[32];

/* The offset of each tensor in the file, in the order of their use: the kernel and the bias of the
 * first layer, then of each block's layers. */
enum { TENSORS = 122 };
extern const uint32_t network_tensor_offsets[TENSORS];

#endif
