/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values appended to a buffer as text, for the responses that hold most of the bytes: a tree
 * would cost several times as much. */
#ifndef GCP_LOCAL_PUBSUB_WIRE_JSON_WRITER_H
#define GCP_LOCAL_PUBSUB_WIRE_JSON_WRITER_H

#include "base/buf.h"

#include <stdint.h>

/* A string in quotes. text is UTF-8. */
void json_writer_add_string(struct buf *out, const char *text);

/* Bytes as base64 in quotes. */
void json_writer_add_base64(struct buf *out, struct bytes data);

/* A number that is not negative. */
void json_writer_add_int(struct buf *out, int64_t number);

#endif
