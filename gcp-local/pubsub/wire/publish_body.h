/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a publish request, read into messages without a tree. */
#ifndef GCP_LOCAL_PUBSUB_WIRE_PUBLISH_BODY_H
#define GCP_LOCAL_PUBSUB_WIRE_PUBLISH_BODY_H

#include "base/err.h"
#include "gcp-local/pubsub/engine/stored_message.h"

enum {
    MAX_PUBLISH_MESSAGES = 1000, /* messages in one request */
    MAX_MESSAGE_ATTRIBUTES = 100,
    MAX_ATTRIBUTE_KEY_BYTES = 256,
    MAX_ATTRIBUTE_VALUE_BYTES = 1024,
    MAX_ORDERING_KEY_BYTES = 1024,
    MAX_PUBLISH_BYTES = 10000000, /* of a message, and of all messages of a request */
};

/* All zero is empty. */
struct publish_body {
    struct stored_message **messages;
    size_t count, size;
};

/* False and err (ERR_INPUT) when the body is not a publish request within all limits. */
bool publish_body_read(struct bytes text, struct publish_body *body, struct err *err);

/* Checks an attribute of a message that has count attributes. False and err (ERR_INPUT). */
bool publish_body_check_attribute(struct bytes name, struct bytes value, uint32_t count,
                                  struct err *err);

void publish_body_done(struct publish_body *body);

static inline void own_publish_body(struct publish_body *local)
{
    publish_body_done(local);
}

#endif
