/* SPDX-License-Identifier: Apache-2.0 */
/* The ordering keys of a backlog: of each key only the oldest messages are delivered, and no
 * others while some of them are leased or resting. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_KEY_QUEUE_H
#define GCP_LOCAL_PUBSUB_ENGINE_KEY_QUEUE_H

#include "gcp-local/pubsub/engine/subscription_queue.h"

/* The messages of one ordering key, oldest first. */
struct key_queue;

/* The queue of the entry's key, made when needed; NULL for a message without a key. */
struct key_queue *key_queue_of(struct subscription_queue *backlog, const struct queue_entry *entry);

void key_queue_add(struct key_queue *queue, struct queue_entry *entry);

/* Takes an entry out; an empty queue is freed, and false returned. */
bool key_queue_remove(struct subscription_queue *backlog, struct key_queue *queue,
                      const struct queue_entry *entry);

/* The oldest entry of a queue, and the one behind another; NULL when there is none. */
struct queue_entry *key_queue_head(const struct key_queue *queue);
struct queue_entry *key_queue_next(const struct key_queue *queue, const struct queue_entry *entry);

/* Whether some of the key's messages are leased or resting. */
bool key_queue_busy(const struct key_queue *queue);

void key_queue_free_all(struct subscription_queue *backlog);

#endif
