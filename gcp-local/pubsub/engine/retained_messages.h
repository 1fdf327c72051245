/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that a topic or a snapshot keeps, oldest first. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_RETAINED_MESSAGES_H
#define GCP_LOCAL_PUBSUB_ENGINE_RETAINED_MESSAGES_H

#include "gcp-local/pubsub/engine/engine.h"

/* Refs the message. */
void retained_messages_add(struct retained_messages *shelf, struct stored_message *message);

struct stored_message *retained_messages_at(const struct retained_messages *shelf, size_t index);

/* Takes the oldest off; the reference goes to the caller. NULL when empty. */
struct stored_message *retained_messages_take(struct retained_messages *shelf);

void retained_messages_done(struct retained_messages *shelf);

#endif
