/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies compressed with gzip. */
#ifndef GCP_LOCAL_API_GZIP_BODY_H
#define GCP_LOCAL_API_GZIP_BODY_H

#include "base/buf.h"

/* Unpacks all members of gzip data (RFC 1952) into out, up to its maximum. ERR_INPUT when it is
 * damaged, truncated or followed by other data, ERR_TOO_LARGE beyond the maximum. */
bool gzip_body_unpack(struct bytes packed, struct buf *out, struct err *err);

#endif
