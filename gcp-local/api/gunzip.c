/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacks gzip data piece by piece, in bounded memory. */
#include "gcp-local/api/gunzip.h"

#include "base/str.h"

#include <stdlib.h>
#include <zlib.h>

enum {
    CHUNK = 32 << 10,
    GZIP_ONLY = 15 + 16, /* zlib's window bits: the largest window, with a gzip header */
};

struct gunzip {
    z_stream stream;
    gunzip_plain *plain;
    void *context;
    bool ended; /* between members, or after the last one */
};

struct gunzip *gunzip_open(gunzip_plain *plain, void *context)
{
    struct gunzip *gunzip = alloc_zeroed(sizeof(*gunzip));
    gunzip->plain = plain;
    gunzip->context = context;
    if (inflateInit2(&gunzip->stream, GZIP_ONLY) != Z_OK)
        abort(); /* out of memory */
    return gunzip;
}

bool gunzip_add(struct gunzip *gunzip, struct bytes piece, struct err *err)
{
    unsigned char out[CHUNK];
    z_stream *stream = &gunzip->stream;
    stream->next_in = (unsigned char *)(uintptr_t)piece.data; /* zlib does not change it */
    stream->avail_in = (uInt)piece.len;
    do {
        if (gunzip->ended && stream->avail_in) { /* one member may follow another */
            inflateReset(stream);
            gunzip->ended = false;
        }
        stream->next_out = out;
        stream->avail_out = sizeof(out);
        int result = inflate(stream, Z_NO_FLUSH);
        gunzip->ended = result == Z_STREAM_END || (gunzip->ended && result == Z_BUF_ERROR);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return err_set(err, ERR_INPUT, "Invalid gzip data: %s.",
                           stream->msg ? stream->msg : "corrupt");
        size_t len = sizeof(out) - stream->avail_out;
        if (len && !gunzip->plain((struct bytes){(char *)out, len}, gunzip->context, err))
            return false;
    } while (stream->avail_in || stream->avail_out == 0);
    return true;
}

bool gunzip_end(const struct gunzip *gunzip, struct err *err)
{
    return gunzip->ended || err_set(err, ERR_INPUT, "Invalid gzip data: truncated.");
}

void gunzip_close(struct gunzip *gunzip)
{
    if (!gunzip)
        return;
    inflateEnd(&gunzip->stream);
    free(gunzip);
}
