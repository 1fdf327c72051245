/* The ordering keys of a backlog: of each key only the oldest messages are delivered, and no
 * others while some of them are leased or resting. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_ORDERING_KEY_H
#define GCP_LOCAL_PUBSUB_ENGINE_ORDERING_KEY_H

#include "gcp-local/pubsub/engine/subscription_queue.h"

/* The messages of one ordering key, oldest first. */
struct key_queue;

/* The queue of the entry's key, made when needed; NULL for a message without a key. */
struct key_queue *key_queue_of(struct backlog *backlog, const struct entry *entry);

void key_queue_add(struct key_queue *queue, struct entry *entry);

/* Takes an entry out; an empty queue is freed, and false returned. */
bool key_queue_remove(struct backlog *backlog, struct key_queue *queue, const struct entry *entry);

/* The oldest entry of a queue, and the one behind another; NULL when there is none. */
struct entry *key_queue_head(const struct key_queue *queue);
struct entry *key_queue_next(const struct key_queue *queue, const struct entry *entry);

/* Whether some of the key's messages are leased or resting. */
bool key_queue_busy(const struct key_queue *queue);

void key_queues_done(struct backlog *backlog);

#endif
