/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies that came compressed. */
#ifndef GCP_LOCAL_API_GZIP_BODY_H
#define GCP_LOCAL_API_GZIP_BODY_H

#include "base/buf.h"

/* Unpacks gzip (RFC 1952), all members, into out, whose maximum holds. False and err: ERR_INPUT
 * when it is damaged, cut or followed by rubbish, ERR_TOO_LARGE beyond the maximum. */
bool gzip_body_unpack(struct bytes packed, struct buf *out, struct err *err);

#endif
