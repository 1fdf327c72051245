/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648): standard and URL-safe. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Standard alphabet with padding. The caller frees. */
char *base64_encode(struct bytes data);

/* As base64_encode, but appends to out. False, with nothing appended, when that would pass its
 * maximum. */
bool base64_add(struct buf *out, struct bytes data);

/* URL-safe alphabet without padding, as in a JWT. The caller frees. */
char *base64_url_encode(struct bytes data);

/* Decodes either alphabet, padded or not, as proto3 JSON allows; appends to out. False, with out
 * unchanged, when a character (white space as well) is in neither alphabet, the length is not
 * possible, or out would pass its maximum. */
bool base64_decode(struct bytes text, struct buf *out);

/* As base64_decode, but only the URL-safe alphabet without padding (RFC 7515 section 2). */
bool base64_url_decode(struct bytes text, struct buf *out);

#endif
