/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: a borrowed view, and a buffer that grows up to a maximum. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes that grow. All zero is an empty buffer without a maximum; set max for what comes from
 * outside. Once something was appended, a NUL follows the last byte. */
struct buf {
    char *data; /* owned; NULL while nothing was appended */
    size_t len;
    size_t size; /* allocated */
    size_t max;  /* 0 = no limit */
};

/* Appends. False, with nothing appended, when that would pass max. Running out of memory aborts. */
bool buf_add(struct buf *buf, const void *data, size_t len);
bool buf_add_text(struct buf *buf, const char *text);
bool buf_add_format(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for len more bytes and a NUL, and returns where they go; the caller adds to buf->len.
 * NULL when that would pass max. */
char *buf_reserve(struct buf *buf, size_t len);

struct bytes buf_bytes(const struct buf *buf);

/* Moves the string out, "" when nothing was appended; buf is empty afterwards. The caller frees. */
char *buf_take(struct buf *buf);

void buf_done(struct buf *buf);

static inline void own_buf(struct buf *local)
{
    buf_done(local);
}

#endif
