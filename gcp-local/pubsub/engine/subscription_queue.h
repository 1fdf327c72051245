/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of one subscription: which are ready, which are leased and until when, which wait
 * for an earlier one of their ordering key. Time is passed in. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_SUBSCRIPTION_QUEUE_H
#define GCP_LOCAL_PUBSUB_ENGINE_SUBSCRIPTION_QUEUE_H

#include "gcp-local/pubsub/engine/queue_entry.h"

struct key_queue;
struct queue_entry_block;

/* All zero is empty. */
struct subscription_queue {
    struct queue_entry *log; /* every entry, oldest first */
    uint32_t count;          /* entries that are not acked */
    struct heap ready, timers;
    int64_t sequence;           /* counts the entries that became ready */
    struct queue_entry **slots; /* leased entries by slot; free ones hold NULL */
    uint32_t *free_slots;       /* a stack */
    uint32_t free_count, slot_count;
    struct queue_entry *free_entries; /* linked by next */
    struct queue_entry_block *blocks; /* allocated for the entries */
    struct key_queue *keys;           /* NULL unless ordered */
    bool ordered;
};

/* A lease as the receiver gets it, with a reference to the message. */
struct lease {
    struct stored_message *message;
    int64_t number;
    uint32_t slot, attempt;
};

/* Appends a message, with a reference of its own. */
struct queue_entry *subscription_queue_add(struct subscription_queue *queue,
                                           struct stored_message *message,
                                           enum queue_entry_state state);

/* Leases up to max ready entries until a time and numbers them from *number on. They have at most
 * max_bytes of content, unless the first has more. With single, at most one message of an ordering
 * key is leased at a time. Returns how many were leased. */
size_t subscription_queue_lease(struct subscription_queue *queue, int64_t until_ns, int64_t *number,
                                size_t max, size_t max_bytes, bool single, struct lease *out);

/* The entry of a lease that is still held, or NULL. */
struct queue_entry *subscription_queue_find(const struct subscription_queue *queue, int64_t number,
                                            uint32_t slot);

/* Changes the end of a lease. */
void subscription_queue_extend(struct subscription_queue *queue, struct queue_entry *entry,
                               int64_t until_ns);

/* Ends a lease without success: the message becomes ready at a time (0 = at once). With ordering,
 * the leases of later messages of its key end, too. */
void subscription_queue_requeue(struct subscription_queue *queue, struct queue_entry *entry,
                                int64_t ready_at_ns);

/* Marks an entry, leased or not, as acked; it stays in the log. */
void subscription_queue_ack(struct subscription_queue *queue, struct queue_entry *entry);

/* Removes an entry, frees it and unrefs its message. */
void subscription_queue_remove(struct subscription_queue *queue, struct queue_entry *entry);

/* The entry whose timer (ack deadline or backoff) expired first, or NULL when none has by now. */
struct queue_entry *subscription_queue_due(const struct subscription_queue *queue, int64_t now_ns);

/* Makes an entry whose backoff is over ready. */
void subscription_queue_end_backoff(struct subscription_queue *queue, struct queue_entry *entry);

/* Ends all leases and backoffs; what is not acked becomes ready, in publish order. */
void subscription_queue_requeue_all(struct subscription_queue *queue);

void subscription_queue_done(struct subscription_queue *queue);

#endif
