/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: a borrowed view. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>

/* A view of somebody else's bytes; passed by value, never freed. data may be NULL when len is 0. */
struct bytes {
    const char *data;
    size_t len;
};

#endif
