/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies compressed with gzip. */
#include "gcp-local/api/gzip_body.h"

#include <stdint.h>
#include <zlib.h>

enum { STEP = 64 * 1024 };

/* Unpacks one member. */
static bool unpack_member(z_stream *stream, struct buf *out, struct err *err)
{
    for (;;) {
        size_t step = out->max && out->max - out->len < STEP ? out->max - out->len : STEP;
        char *chunk = buf_reserve(out, step ? step : 1);
        if (!chunk)
            return err_set(err, ERR_TOO_LARGE, "the unpacked body is larger than %zu bytes",
                           out->max);
        stream->next_out = (Bytef *)chunk;
        stream->avail_out = (uInt)step;
        int status = inflate(stream, Z_NO_FLUSH);
        out->len += step - stream->avail_out;
        if (status == Z_STREAM_END)
            return true;
        if (status != Z_OK || (stream->avail_in == 0 && stream->avail_out != 0))
            return err_set(err, ERR_INPUT, "the body is not valid gzip");
    }
}

bool gzip_body_unpack(struct bytes packed, struct buf *out, struct err *err)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.data, .avail_in = (uInt)packed.len};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) /* the largest window, gzip framing */
        return err_set(err, ERR_INTERNAL, "zlib cannot be initialized");
    bool ok = unpack_member(&stream, out, err);
    while (ok && stream.avail_in && inflateReset(&stream) == Z_OK)
        ok = unpack_member(&stream, out, err);
    inflateEnd(&stream);
    return ok;
}
