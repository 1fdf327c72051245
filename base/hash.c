/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a. */
#include "base/hash.h"

uint64_t hash_bytes(uint64_t hash, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (unsigned char)bytes.data[i]) * UINT64_C(1099511628211);
    return hash;
}

uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_bytes(hash, bytes_of(text));
}

uint32_t hash_text32(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}
