/* SPDX-License-Identifier: Apache-2.0 */
/* The network's weights, read from a file, layer by layer. */
#include "gcp-local/vision/network/weights.h"

#include "base/str.h"
#include "gcp-local/vision/network/network_shape.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

struct weights {
    unsigned char *file; /* owned; freed after the last tensor */
    size_t next;         /* tensor */
    float *numbers;      /* owned */
    size_t count, size;
};

static bool fail(const char *path, const char *problem, struct err *err)
{
    return err_set(err, ERR_INTERNAL,
                   "%s: %s; labels need the network's weights: run ./scripts/fetch-weights, or "
                   "name the file with --model",
                   path, problem);
}

static unsigned char *read_file(const char *path, struct err *err)
{
    OWN(file) FILE *file = fopen(path, "rbe");
    if (!file) {
        fail(path, strerror(errno), err);
        return NULL;
    }
    OWN(free) unsigned char *data = alloc_zeroed(network_weights_size);
    if (fread(data, 1, network_weights_size, file) != network_weights_size || fgetc(file) != EOF) {
        fail(path, "not the expected size", err);
        return NULL;
    }
    unsigned char sum[EVP_MAX_MD_SIZE];
    if (!EVP_Digest(data, network_weights_size, sum, NULL, EVP_sha256(), NULL) ||
        memcmp(sum, network_weights_sha256, sizeof(network_weights_sha256)) != 0) {
        fail(path, "not the expected SHA-256", err);
        return NULL;
    }
    return move_ptr(&data);
}

struct weights *weights_open(const char *path, struct err *err)
{
    unsigned char *file = read_file(path, err);
    if (!file)
        return NULL;
    struct weights *weights = alloc_zeroed(sizeof(*weights));
    weights->file = file;
    weights->size = network_weights_size / 2;
    weights->numbers = alloc_zeroed(weights->size * sizeof(float));
    return weights;
}

void weights_close(struct weights *weights)
{
    free(weights->file);
    free(weights->numbers);
    free(weights);
}

/* IEEE 754 binary16 to binary32. */
static float float_of_half(unsigned half)
{
    unsigned sign = half >> 15, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 0) {
        float small = (float)fraction / (1 << 24);
        return sign ? -small : small;
    }
    uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    uint32_t bits = (uint32_t)sign << 31 | wide << 23 | (uint32_t)fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static const float *next_tensor(struct weights *weights, size_t count)
{
    assert(weights->next < TENSORS && count <= weights->size - weights->count);
    const unsigned char *from = weights->file + network_tensor_offsets[weights->next++];
    float *to = weights->numbers + weights->count;
    for (size_t i = 0; i < count; i++, from += 2)
        to[i] = float_of_half((unsigned)from[0] | (unsigned)from[1] << 8);
    weights->count += count;
    return to;
}

struct layer weights_next_layer(struct weights *weights, size_t kernel_len, size_t bias_len)
{
    struct layer layer = {0};
    layer.kernel = next_tensor(weights, kernel_len);
    layer.bias = next_tensor(weights, bias_len);
    if (weights->next == TENSORS) {
        free(weights->file);
        weights->file = NULL;
    }
    return layer;
}
