/* What one subscription still has to deliver: which messages wait, which are leased to whom and
 * until when, which must wait for an earlier one of their ordering key. Pure: time is passed in. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_SUBSCRIPTION_QUEUE_H
#define GCP_LOCAL_PUBSUB_ENGINE_SUBSCRIPTION_QUEUE_H

#include "gcp-local/pubsub/engine/heap.h"
#include "gcp-local/pubsub/engine/stored_message.h"

enum entry_state {
    ENTRY_BLOCKED, /* behind another message of its ordering key */
    ENTRY_READY,
    ENTRY_LEASED,
    ENTRY_RESTING, /* between a failed delivery and the next */
    ENTRY_ACKED,   /* kept for seeking back only */
};

/* One message in one backlog. */
struct entry {
    struct heap_node node; /* in ready by turn, or in timers by time */
    enum entry_state state : 8;
    uint32_t attempts : 24; /* deliveries so far */
    uint32_t slot;          /* of the lease */
    struct message *message;
    struct entry *prev, *next; /* in publish order; prev of the first is the last */
    int64_t lease;             /* its number; 0 = none */
};

struct key_queue;
struct entry_block;

/* All zero is empty. */
struct backlog {
    struct entry *log; /* every entry, oldest first */
    uint32_t count;    /* entries that are not acked */
    struct heap ready, timers;
    int64_t turns;        /* given to entries as they become ready */
    struct entry **slots; /* leased entries by slot; free ones hold NULL */
    uint32_t *free_slots; /* a stack */
    uint32_t free_count, slot_size;
    struct entry *spare;        /* unused entries, linked by next */
    struct entry_block *blocks; /* the memory of all entries */
    struct key_queue *keys;     /* NULL unless ordered */
    bool ordered;
};

/* A lease as handed out. message is counted for the receiver. */
struct lease {
    struct message *message;
    int64_t number;
    uint32_t slot, attempt;
};

/* Adds a message behind all others; the backlog refs it. */
struct entry *backlog_add(struct backlog *backlog, struct message *message, enum entry_state state);

/* Leases up to most ready entries until a time, numbered from *number on; at most most_bytes of
 * content, but one message in any case. With `single`, one message of an ordering key at a time.
 * Returns how many. */
size_t backlog_lease(struct backlog *backlog, int64_t until_ns, int64_t *number, size_t most,
                     size_t most_bytes, bool single, struct lease *out);

/* The entry of a lease that is still held, or NULL. */
struct entry *backlog_find(const struct backlog *backlog, int64_t number, uint32_t slot);

/* Prolongs a held lease. */
void backlog_extend(struct backlog *backlog, struct entry *entry, int64_t until_ns);

/* Ends a held lease without success: the message becomes ready at a time (0 = at once), and with
 * ordering those of its key that were leased after it too. */
void backlog_return(struct backlog *backlog, struct entry *entry, int64_t ready_at_ns);

/* Takes the entry out of delivery, leased or not: it is acked and stays in the log. */
void backlog_retire(struct backlog *backlog, struct entry *entry);

/* Takes an entry out for good, frees it and unrefs its message. */
void backlog_drop(struct backlog *backlog, struct entry *entry);

/* The entry whose timer ran out first by now (leased: its deadline passed; resting: its pause is
 * over), or NULL. */
struct entry *backlog_due(const struct backlog *backlog, int64_t now_ns);

/* A resting entry whose pause is over becomes ready. */
void backlog_wake(struct backlog *backlog, struct entry *entry);

/* Ends all leases and pauses; what is not acked becomes ready, in publish order. */
void backlog_restart(struct backlog *backlog);

void backlog_done(struct backlog *backlog);

#endif
