/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers from the kernel, suitable for secrets. */
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *to, size_t len)
{
    for (char *next = to; len;) {
        ssize_t got = getrandom(next, len, 0);
        if (got < 0)
            continue; /* a signal; nothing else can happen with these arguments */
        next += got;
        len -= (size_t)got;
    }
}

uint64_t random_below(uint64_t below)
{
    if (!below)
        return 0;
    uint64_t limit = UINT64_MAX - UINT64_MAX % below; /* a multiple of below: no bias */
    uint64_t number;
    do
        random_bytes(&number, sizeof(number));
    while (number >= limit);
    return number % below;
}

void random_uuid(char text[UUID_SIZE])
{
    uint8_t b[16];
    random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(text, UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

void random_name_suffix(char text[NAME_SUFFIX_SIZE])
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    for (size_t i = 0; i < NAME_SUFFIX_SIZE - 1; i++)
        text[i] = letters[random_below(sizeof(letters) - 1)];
    text[NAME_SUFFIX_SIZE - 1] = '\0';
}
