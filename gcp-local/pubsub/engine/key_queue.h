/* SPDX-License-Identifier: Apache-2.0 */
/* The ordering keys of a subscription: of each key only the oldest messages are delivered, and none
 * while some of them are leased or in backoff. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_KEY_QUEUE_H
#define GCP_LOCAL_PUBSUB_ENGINE_KEY_QUEUE_H

#include "gcp-local/pubsub/engine/queue_entry.h"

#include <stdbool.h>

/* The messages of one ordering key, oldest first. A hash table of them is a pointer, NULL when
 * empty. */
struct key_queue;

/* The queue of an entry's ordering key, created when needed; NULL for a message without a key. */
struct key_queue *key_queue_of(struct key_queue **keys, const struct queue_entry *entry);

void key_queue_add(struct key_queue *key_queue, struct queue_entry *entry);

/* Removes an entry. False when the queue is empty; it is freed then. */
bool key_queue_remove(struct key_queue **keys, struct key_queue *key_queue,
                      const struct queue_entry *entry);

/* The oldest entry of a key, and the one after an entry, or NULL. */
struct queue_entry *key_queue_head(const struct key_queue *key_queue);
struct queue_entry *key_queue_next(const struct key_queue *key_queue,
                                   const struct queue_entry *entry);

/* Whether messages of the key are leased or in backoff. */
bool key_queue_busy(const struct key_queue *key_queue);

void key_queue_free_all(struct key_queue **keys);

#endif
