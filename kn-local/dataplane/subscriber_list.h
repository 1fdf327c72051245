/* SPDX-License-Identifier: Apache-2.0 */
/* Who subscribes to a channel: a list that is replaced, never changed, so that an event's fan-out
 * walks it without a lock. */
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

/* The list as it is now; to be released. */
struct subscriber_snapshot *subscriber_list_snapshot(struct subscriber_list *subscribers);
void subscriber_list_snapshot_release(struct subscriber_snapshot *roster);

static inline void own_subscriber_snapshot(struct subscriber_snapshot **local)
{
    if (*local)
        subscriber_list_snapshot_release(*local);
}

#endif
