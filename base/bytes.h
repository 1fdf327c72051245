/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: a borrowed view. Installed with libgcp, so all functions are inline. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A view of bytes that belong to something else; passed by value, never freed. data may be NULL
 * when len is 0. */
struct bytes {
    const char *data;
    size_t len;
};

/* The bytes of a NUL-terminated string, without the NUL; NULL is empty. */
static inline struct bytes bytes_of(const char *text)
{
    struct bytes bytes = {text, text ? strlen(text) : 0};
    return bytes;
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
