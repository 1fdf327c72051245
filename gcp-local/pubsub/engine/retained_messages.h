/* Messages that a topic or a snapshot keeps, oldest first. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_RETAINED_MESSAGES_H
#define GCP_LOCAL_PUBSUB_ENGINE_RETAINED_MESSAGES_H

#include "gcp-local/pubsub/engine/engine.h"

/* Refs the message. */
void shelf_add(struct shelf *shelf, struct message *message);

struct message *shelf_at(const struct shelf *shelf, size_t index);

/* Takes the oldest off; the reference goes to the caller. NULL when empty. */
struct message *shelf_take(struct shelf *shelf);

void shelf_done(struct shelf *shelf);

#endif
