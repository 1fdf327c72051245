/* SPDX-License-Identifier: Apache-2.0 */
/* What one subscription still has to deliver: which messages wait, which are leased to whom and
 * until when, which must wait for an earlier one of their ordering key. Pure: time is passed in. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_SUBSCRIPTION_QUEUE_H
#define GCP_LOCAL_PUBSUB_ENGINE_SUBSCRIPTION_QUEUE_H

#include "base/heap.h"
#include "gcp-local/pubsub/engine/stored_message.h"

enum queue_entry_state {
    ENTRY_BLOCKED, /* behind another message of its ordering key */
    ENTRY_READY,
    ENTRY_LEASED,
    ENTRY_BACKOFF, /* between a failed delivery and the next */
    ENTRY_ACKED,   /* kept for seeking back only */
};

/* One message in one backlog. */
struct queue_entry {
    struct heap_node node; /* in ready by turn, or in timers by time */
    enum queue_entry_state state : 8;
    uint32_t attempts : 24; /* deliveries so far */
    uint32_t slot;          /* of the lease */
    struct stored_message *message;
    struct queue_entry *prev, *next; /* in publish order; prev of the first is the last */
    int64_t lease;                   /* its number; 0 = none */
};

struct key_queue;
struct queue_entry_block;

/* All zero is empty. */
struct subscription_queue {
    struct queue_entry *log; /* every entry, oldest first */
    uint32_t count;          /* entries that are not acked */
    struct heap ready, timers;
    int64_t turns;              /* given to entries as they become ready */
    struct queue_entry **slots; /* leased entries by slot; free ones hold NULL */
    uint32_t *free_slots;       /* a stack */
    uint32_t free_count, slot_size;
    struct queue_entry *spare;        /* unused entries, linked by next */
    struct queue_entry_block *blocks; /* the memory of all entries */
    struct key_queue *keys;           /* NULL unless ordered */
    bool ordered;
};

/* A lease as handed out. message is counted for the receiver. */
struct lease {
    struct stored_message *message;
    int64_t number;
    uint32_t slot, attempt;
};

/* Adds a message behind all others; the backlog refs it. */
struct queue_entry *subscription_queue_add(struct subscription_queue *backlog,
                                           struct stored_message *message,
                                           enum queue_entry_state state);

/* Leases up to most ready entries until a time, numbered from *number on; at most most_bytes of
 * content, but one message in any case. With `single`, one message of an ordering key at a time.
 * Returns how many. */
size_t subscription_queue_lease(struct subscription_queue *backlog, int64_t until_ns,
                                int64_t *number, size_t most, size_t most_bytes, bool single,
                                struct lease *out);

/* The entry of a lease that is still held, or NULL. */
struct queue_entry *subscription_queue_find(const struct subscription_queue *backlog,
                                            int64_t number, uint32_t slot);

/* Prolongs a held lease. */
void subscription_queue_extend(struct subscription_queue *backlog, struct queue_entry *entry,
                               int64_t until_ns);

/* Ends a held lease without success: the message becomes ready at a time (0 = at once), and with
 * ordering those of its key that were leased after it too. */
void subscription_queue_requeue(struct subscription_queue *backlog, struct queue_entry *entry,
                                int64_t ready_at_ns);

/* Takes the entry out of delivery, leased or not: it is acked and stays in the log. */
void subscription_queue_ack(struct subscription_queue *backlog, struct queue_entry *entry);

/* Takes an entry out for good, frees it and unrefs its message. */
void subscription_queue_remove(struct subscription_queue *backlog, struct queue_entry *entry);

/* The entry whose timer ran out first by now (leased: its deadline passed; resting: its pause is
 * over), or NULL. */
struct queue_entry *subscription_queue_due(const struct subscription_queue *backlog,
                                           int64_t now_ns);

/* A resting entry whose pause is over becomes ready. */
void subscription_queue_end_backoff(struct subscription_queue *backlog, struct queue_entry *entry);

/* Ends all leases and pauses; what is not acked becomes ready, in publish order. */
void subscription_queue_requeue_all(struct subscription_queue *backlog);

void subscription_queue_done(struct subscription_queue *backlog);

#endif
