/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: a borrowed view. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

/* A view of bytes that belong to something else; passed by value, never freed. data may be NULL
 * when len is 0. */
struct bytes {
    const char *data;
    size_t len;
};

/* The bytes of a NUL-terminated string, without the NUL; NULL is empty. */
struct bytes bytes_of(const char *text);

bool bytes_equal(struct bytes a, struct bytes b);

#endif
