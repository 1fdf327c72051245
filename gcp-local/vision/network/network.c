/* SPDX-License-Identifier: Apache-2.0 */
/* The network that extracts features from pictures. */
#include "gcp-local/vision/network/network.h"

#include "base/str.h"
#include "gcp-local/vision/network/network_shape.h"
#include "gcp-local/vision/network/weights.h"

#include <string.h>

/* A block's layers; a layer that its shape does not have is empty. */
struct block {
    struct layer expand, filter, squeeze, excite, project;
};

struct network {
    struct weights *weights;
    struct layer first;
    struct block blocks[BLOCKS];
};

static void read_block(struct weights *weights, const struct block_shape *shape, unsigned in,
                       struct block *block)
{
    unsigned wide = shape->wide ? shape->wide : in;
    if (shape->wide)
        block->expand = weights_next_layer(weights, (size_t)in * wide, wide);
    block->filter = weights_next_layer(weights, (size_t)shape->size * shape->size * wide, wide);
    if (shape->squeeze) {
        block->squeeze = weights_next_layer(weights, (size_t)wide * shape->squeeze, shape->squeeze);
        block->excite = weights_next_layer(weights, (size_t)shape->squeeze * wide, wide);
    }
    block->project = weights_next_layer(weights, (size_t)wide * shape->out, shape->out);
}

struct network *network_open(const char *path, struct err *err)
{
    struct weights *weights = weights_open(path, err);
    if (!weights)
        return NULL;
    struct network *network = alloc_zeroed(sizeof(*network));
    network->weights = weights;
    network->first =
        weights_next_layer(weights, (size_t)3 * 3 * 3 * FIRST_CHANNELS, FIRST_CHANNELS);
    unsigned in = FIRST_CHANNELS;
    for (size_t i = 0; i < BLOCKS; i++) {
        read_block(weights, &network_blocks[i], in, &network->blocks[i]);
        in = network_blocks[i].out;
    }
    return network;
}

void network_close(struct network *network)
{
    if (!network)
        return;
    weights_close(network->weights);
    free(network);
}

void network_output_done(struct network_output *output)
{
    free(output->fine.values);
    free(output->coarse.values);
    *output = (struct network_output){0};
}

/* Memory for the maps between layers. An expanded map has at most 16 floats for each pixel of the
 * picture (in the second block: 64 channels at half the picture's sides). */
struct scratch {
    float *now, *wide, *filtered, *next;
};

enum { FLOATS_A_PIXEL = 16 };

static void own_scratch(const struct scratch *local)
{
    free(local->now);
    free(local->wide);
    free(local->filtered);
    free(local->next);
}

static struct scratch scratch_for(const struct picture *picture)
{
    size_t size = (size_t)picture->width * picture->height * FLOATS_A_PIXEL * sizeof(float);
    return (struct scratch){alloc_zeroed(size / 4), alloc_zeroed(size), alloc_zeroed(size / 2),
                            alloc_zeroed(size / 4)};
}

static void run_block(const struct block *block, const struct block_shape *shape,
                      struct scratch *scratch, struct feature_map *now)
{
    enum activation activation = shape->smooth ? HARD_SWISH : RELU;
    struct feature_map wide = *now;
    if (shape->wide) {
        wide = (struct feature_map){now->height, now->width, shape->wide, scratch->wide};
        layers_convolve_pointwise(now, block->expand, activation, &wide);
    }
    struct feature_map filtered = {now->height / shape->stride, now->width / shape->stride,
                                   wide.channels, scratch->filtered};
    layers_convolve_depthwise(&wide, shape->size, shape->stride, block->filter, activation,
                              &filtered);
    if (shape->squeeze)
        layers_squeeze_excite(&filtered, shape->squeeze, block->squeeze, block->excite);

    struct feature_map next = {filtered.height, filtered.width, shape->out, scratch->next};
    layers_convolve_pointwise(&filtered, block->project, LINEAR, &next);
    if (shape->residual)
        layers_add(&next, now);
    scratch->next = now->values;
    scratch->now = next.values;
    *now = next;
}

static struct feature_map copy(const struct feature_map *map)
{
    size_t size = feature_map_points(map) * map->channels * sizeof(float);
    struct feature_map result = *map;
    result.values = memcpy(alloc_zeroed(size), map->values, size);
    return result;
}

void network_run(const struct network *network, const struct picture *picture,
                 struct network_output *output)
{
    OWN(scratch) struct scratch scratch = scratch_for(picture);
    struct feature_map now = {picture->height / 2, picture->width / 2, FIRST_CHANNELS, scratch.now};
    layers_convolve_picture(picture, network->first, HARD_SWISH, &now);
    for (size_t i = 0; i < BLOCKS; i++) {
        run_block(&network->blocks[i], &network_blocks[i], &scratch, &now);
        if (i == FINE_BLOCK)
            output->fine = copy(&now);
    }
    output->coarse = copy(&now);
}
