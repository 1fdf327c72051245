/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes of the network's blocks, and the offsets of their weights in the file. */
#include "gcp-local/vision/network/network_shape.h"

const struct block_shape network_blocks[BLOCKS] = {
    {.size = 3, .stride = 1, .out = 16, .residual = true},
    {.size = 3, .stride = 2, .wide = 64, .out = 24},
    {.size = 3, .stride = 1, .wide = 72, .out = 24, .residual = true},
    {.size = 5, .stride = 2, .wide = 72, .out = 32, .squeeze = 24},
    {.size = 5, .stride = 1, .wide = 96, .out = 32, .squeeze = 24, .residual = true},
    {.size = 5, .stride = 1, .wide = 96, .out = 32, .squeeze = 24, .residual = true},
    {.size = 3, .stride = 2, .wide = 192, .out = 64, .smooth = true},
    {.size = 3, .stride = 1, .wide = 160, .out = 64, .smooth = true, .residual = true},
    {.size = 3, .stride = 1, .wide = 144, .out = 64, .smooth = true, .residual = true},
    {.size = 3, .stride = 1, .wide = 144, .out = 64, .smooth = true, .residual = true},
    {.size = 3, .stride = 1, .wide = 384, .out = 88, .squeeze = 96, .smooth = true},
    {.size = 3,
     .stride = 1,
     .wide = 528,
     .out = 88,
     .squeeze = 136,
     .smooth = true,
     .residual = true},
    {.size = 5, .stride = 2, .wide = 528, .out = 120, .squeeze = 136, .smooth = true},
    {.size = 5,
     .stride = 1,
     .wide = 720,
     .out = 120,
     .squeeze = 184,
     .smooth = true,
     .residual = true},
    {.size = 5,
     .stride = 1,
     .wide = 720,
     .out = 120,
     .squeeze = 184,
     .smooth = true,
     .residual = true},
};

const size_t network_weights_size = 4030290;

const unsigned char network_weights_sha256[32] = {
    0x1b, 0x63, 0x5a, 0x15, 0x00, 0x90, 0x71, 0xf5, 0x06, 0xf9, 0xf2, 0xb3, 0x51, 0x9b, 0x31, 0xc0,
    0x72, 0xc5, 0x34, 0x88, 0x89, 0x89, 0xf3, 0x0d, 0x26, 0x9f, 0xfd, 0x44, 0x73, 0x4e, 0xf7, 0xef,
};

const uint32_t network_tensor_offsets[TENSORS] = {
    1916226, 1966242, 1966274, 1966562, 1966594, 1967106, 1967138, 1969378, 1969506, 1970658,
    1970786, 1973858, 1973906, 1977362, 1977506, 1978802, 1978946, 1982402, 1982450, 1985906,
    2013254, 2016854, 1851128, 1854584, 1854632, 1858088, 2044134, 2048870, 2048934, 2055078,
    2055270, 2060070, 1841660, 1846268, 1846316, 1850924, 2060262, 2066406, 2066470, 2080806,
    2085718, 2090518, 1832192, 1836800, 1836848, 1841456, 2095510, 2101654, 2101718, 2114006,
    2114390, 2117846, 2118230, 2142806, 2142934, 2163414, 2163734, 2166614, 2166934, 2187414,
    2187542, 2205974, 2206262, 2208854, 2209142, 2227574, 2227702, 2246134, 2246422, 2249014,
    2249302, 2267734, 2267862, 2317014, 2317782, 2324694, 1683732, 1757460, 1757652, 1831380,
    2325462, 2393046, 2393222, 2486150, 2487206, 2496710, 1395152, 1538768, 1539040, 1682656,
    2497766, 2590694, 2594786, 2687714, 2694658, 2721058, 1106576, 1250192, 1250464, 1394080,
    2722114, 2848834, 2849074, 3021874, 3023314, 3059314, 574828,  839788,  840156,  1105116,
    3060754, 3233554, 3233794, 3406594, 3408034, 3444034, 43080,   308040,  308408,  573368,
    3445474, 3618274,
};
