/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: a borrowed view, and a buffer that grows up to a maximum. */
#include "base/buf.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *buf_reserve(struct buf *buf, size_t len)
{
    size_t limit = buf->max ? buf->max : (size_t)-1 / 4;
    if (len > limit || buf->len > limit - len)
        return NULL;

    size_t need = buf->len + len + 1; /* and the NUL */
    if (need > buf->size) {
        size_t size = buf->size ? buf->size : 64;
        while (size < need)
            size *= 2;
        buf->data = alloc_resize(buf->data, size);
        buf->size = size;
    }
    return buf->data + buf->len;
}

bool buf_add(struct buf *buf, const void *data, size_t len)
{
    char *room = buf_reserve(buf, len);
    if (!room)
        return false;
    if (len)
        memcpy(room, data, len);
    room[len] = '\0';
    buf->len += len;
    return true;
}

bool buf_add_text(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

bool buf_add_format(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        abort(); /* only a broken format gets here */

    char *room = buf_reserve(buf, (size_t)len);
    if (!room)
        return false;
    va_start(args, fmt);
    vsnprintf(room, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
    return true;
}

struct bytes buf_bytes(const struct buf *buf)
{
    return (struct bytes){buf->data, buf->len};
}

char *buf_take(struct buf *buf)
{
    char *data = buf->data ? buf->data : alloc_zeroed(1);
    *buf = (struct buf){.max = buf->max};
    return data;
}

void buf_done(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}
