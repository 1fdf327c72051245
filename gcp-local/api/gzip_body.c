/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies compressed with gzip. */
#include "gcp-local/api/gzip_body.h"

#include "base/own.h"
#include "gcp-local/api/gunzip.h"

static bool append(struct bytes piece, void *context, struct err *err)
{
    struct buf *out = context;
    return buf_add(out, piece.data, piece.len) ||
           err_set(err, ERR_TOO_LARGE, "the unpacked body is larger than %zu bytes", out->max);
}

bool gzip_body_unpack(struct bytes packed, struct buf *out, struct err *err)
{
    OWN(gunzip) struct gunzip *gunzip = gunzip_open(append, out);
    return gunzip_add(gunzip, packed, err) && gunzip_end(gunzip, err);
}
