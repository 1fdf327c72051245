/* SPDX-License-Identifier: Apache-2.0 */
/* The subscriptions of a channel in memory: a list that is replaced, never changed, so that the
 * fan-out of an event needs no lock. */
#ifndef KN_LOCAL_DATAPLANE_SUBSCRIBER_LIST_H
#define KN_LOCAL_DATAPLANE_SUBSCRIBER_LIST_H

#include "kn-local/dataplane/subscription.h"

struct subscriber_snapshot {
    atomic_uint refs;
    size_t count;
    struct subscription *list[]; /* held */
};

struct subscriber_list {
    pthread_mutex_t lock;            /* guards now */
    struct subscriber_snapshot *now; /* held */
};

void subscriber_list_init(struct subscriber_list *subscribers);
void subscriber_list_done(struct subscriber_list *subscribers);

void subscriber_list_add(struct subscriber_list *subscribers, struct subscription *subscription);
void subscriber_list_remove(struct subscriber_list *subscribers, struct subscription *subscription);

/* The current list; the caller releases it. */
struct subscriber_snapshot *subscriber_list_snapshot(struct subscriber_list *subscribers);
void subscriber_list_snapshot_release(struct subscriber_snapshot *snapshot);

static inline void own_subscriber_snapshot(struct subscriber_snapshot **local)
{
    if (*local)
        subscriber_list_snapshot_release(*local);
}

#endif
