/* SPDX-License-Identifier: Apache-2.0 */
/* A message in the queue of a subscription. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_QUEUE_ENTRY_H
#define GCP_LOCAL_PUBSUB_ENGINE_QUEUE_ENTRY_H

#include "base/heap.h"
#include "gcp-local/pubsub/engine/stored_message.h"

enum queue_entry_state {
    ENTRY_BLOCKED, /* waits for an earlier message of its ordering key */
    ENTRY_READY,
    ENTRY_LEASED,
    ENTRY_BACKOFF, /* between a failed delivery and the next */
    ENTRY_ACKED,   /* kept for seek only */
};

struct queue_entry {
    struct heap_node node; /* in ready by sequence, or in timers by time */
    enum queue_entry_state state : 8;
    uint32_t attempts : 24; /* deliveries so far */
    uint32_t slot;          /* of the lease */
    struct stored_message *message;
    struct queue_entry *prev, *next; /* in publish order; prev of the first is the last */
    int64_t lease;                   /* number of the lease; 0 = none */
};

#endif
