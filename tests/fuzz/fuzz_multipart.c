/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a multipart body, divided into pieces in two ways: never a crash, and both ways have
 * the same result. The first line is the Content-Type, the next byte the size of the pieces. */
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/storage/rest/multipart.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool collect(struct bytes piece, void *to, struct err *err)
{
    (void)err;
    return buf_add(to, piece.data, piece.len);
}

static bool parse(const char *type, struct bytes body, size_t piece, struct buf *content)
{
    struct multipart multipart;
    struct err err = {0};
    bool fine = multipart_open(&multipart, type, collect, content, &err);
    for (size_t i = 0; fine && i < body.len; i += piece) {
        size_t len = body.len - i < piece ? body.len - i : piece;
        fine = multipart_add(&multipart, (struct bytes){body.data + i, len}, &err);
    }
    fine = fine && multipart_end(&multipart, &err);
    multipart_done(&multipart);
    return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *end = size ? memchr(data, '\n', size) : NULL;
    if (!end || (size_t)(end - (const char *)data) + 2 > size)
        return 0;
    OWN(free) char *type =
        str_copy_bytes((struct bytes){(const char *)data, (size_t)(end - (const char *)data)});
    size_t piece = (unsigned char)end[1] + 1u;
    struct bytes body = {end + 2, size - (size_t)(end + 2 - (const char *)data)};

    OWN(buf) struct buf whole = {0};
    OWN(buf) struct buf cut = {0};
    bool fine = parse(type, body, body.len + 1, &whole);
    if (parse(type, body, piece, &cut) != fine ||
        (fine && !bytes_equal(buf_bytes(&whole), buf_bytes(&cut))))
        __builtin_trap();
    return 0;
}
