/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), with SSE 4.2 where available. */
#include "base/crc32c.h"

#include "base/base64.h"
#include "base/own.h"

#include <string.h>

static const uint32_t polynomial = 0x82F63B78; /* bits reversed */

/* The checksums of single bytes. Computed in each call, which is cheap compared to 32 KiB of data.
 */
static void make_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ polynomial : crc >> 1;
        table[i] = crc;
    }
}

uint32_t crc32c_by_table(uint32_t crc, struct bytes data)
{
    uint32_t table[256];
    make_table(table);
    crc = ~crc;
    for (size_t i = 0; i < data.len; i++)
        crc = (crc >> 8) ^ table[(crc ^ (unsigned char)data.data[i]) & 0xFF];
    return ~crc;
}

#ifdef __x86_64__

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, struct bytes data)
{
    uint64_t sum = ~crc;
    const char *next = data.data;
    size_t left = data.len;
    for (; left >= sizeof(uint64_t); next += sizeof(uint64_t), left -= sizeof(uint64_t)) {
        uint64_t eight;
        memcpy(&eight, next, sizeof(eight));
        sum = __builtin_ia32_crc32di(sum, eight);
    }
    crc = (uint32_t)sum;
    for (; left; next++, left--)
        crc = __builtin_ia32_crc32qi(crc, (unsigned char)*next);
    return ~crc;
}

uint32_t crc32c(uint32_t crc, struct bytes data)
{
    return __builtin_cpu_supports("sse4.2") ? crc32c_sse42(crc, data) : crc32c_by_table(crc, data);
}

#else

uint32_t crc32c(uint32_t crc, struct bytes data)
{
    return crc32c_by_table(crc, data);
}

#endif

void crc32c_text(uint32_t crc, char text[9])
{
    char big_endian[4] = {(char)(crc >> 24), (char)(crc >> 16), (char)(crc >> 8), (char)crc};
    OWN(free) char *encoded = base64_encode((struct bytes){big_endian, sizeof(big_endian)});
    memcpy(text, encoded, 9);
}
