/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that a topic or a snapshot keeps, oldest first. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_RETAINED_MESSAGES_H
#define GCP_LOCAL_PUBSUB_ENGINE_RETAINED_MESSAGES_H

#include "gcp-local/pubsub/engine/stored_message.h"

#include <stddef.h>

/* All zero is empty. */
struct retained_messages {
    struct stored_message **list; /* first to first + count - 1 are in use */
    size_t first, count, size;
};

/* Adds a message, with a reference of its own. */
void retained_messages_add(struct retained_messages *retained, struct stored_message *message);

struct stored_message *retained_messages_at(const struct retained_messages *retained, size_t index);

/* Removes the oldest; its reference is the caller's. NULL when empty. */
struct stored_message *retained_messages_take(struct retained_messages *retained);

void retained_messages_done(struct retained_messages *retained);

#endif
