/* Who subscribes to a channel: a list that is replaced, never changed, so that an event's fan-out
 * walks it without a lock. */
#ifndef KN_LOCAL_DATAPLANE_SUBSCRIBER_LIST_H
#define KN_LOCAL_DATAPLANE_SUBSCRIBER_LIST_H

#include "kn-local/dataplane/subscription.h"

struct roster {
    atomic_uint refs;
    size_t count;
    struct subscription *list[]; /* held */
};

struct subscribers {
    pthread_mutex_t lock; /* guards now */
    struct roster *now;   /* held */
};

void subscribers_init(struct subscribers *subscribers);
void subscribers_done(struct subscribers *subscribers);

void subscribers_add(struct subscribers *subscribers, struct subscription *subscription);
void subscribers_remove(struct subscribers *subscribers, struct subscription *subscription);

/* The list as it is now; to be released. */
struct roster *subscribers_take(struct subscribers *subscribers);
void roster_release(struct roster *roster);

static inline void own_roster(struct roster **local)
{
    if (*local)
        roster_release(*local);
}

#endif
