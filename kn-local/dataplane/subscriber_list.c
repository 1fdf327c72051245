/* SPDX-License-Identifier: Apache-2.0 */
/* The subscriptions of a channel in memory. */
#include "kn-local/dataplane/subscriber_list.h"

#include "base/str.h"

static struct subscriber_snapshot *snapshot_new(size_t max)
{
    struct subscriber_snapshot *snapshot =
        alloc_zeroed(sizeof(*snapshot) + max * sizeof(struct subscription *));
    atomic_init(&snapshot->refs, 1);
    return snapshot;
}

static void add(struct subscriber_snapshot *snapshot, struct subscription *subscription)
{
    snapshot->list[snapshot->count++] = subscription_hold(subscription);
}

void subscriber_list_snapshot_release(struct subscriber_snapshot *snapshot)
{
    if (atomic_fetch_sub(&snapshot->refs, 1) > 1)
        return;
    for (size_t i = 0; i < snapshot->count; i++)
        subscription_release(snapshot->list[i]);
    free(snapshot);
}

void subscriber_list_init(struct subscriber_list *subscribers)
{
    pthread_mutex_init(&subscribers->lock, NULL);
    subscribers->now = snapshot_new(0);
}

void subscriber_list_done(struct subscriber_list *subscribers)
{
    subscriber_list_snapshot_release(subscribers->now);
    pthread_mutex_destroy(&subscribers->lock);
}

struct subscriber_snapshot *subscriber_list_snapshot(struct subscriber_list *subscribers)
{
    pthread_mutex_lock(&subscribers->lock);
    struct subscriber_snapshot *snapshot = subscribers->now;
    atomic_fetch_add(&snapshot->refs, 1);
    pthread_mutex_unlock(&subscribers->lock);
    return snapshot;
}

/* Replaces the list by one without a subscription, and with another at its end; either may be NULL.
 */
static void replace(struct subscriber_list *subscribers, const struct subscription *without,
                    struct subscription *with)
{
    pthread_mutex_lock(&subscribers->lock);
    struct subscriber_snapshot *old = subscribers->now;
    struct subscriber_snapshot *snapshot = snapshot_new(old->count + 1);
    for (size_t i = 0; i < old->count; i++)
        if (old->list[i] != without)
            add(snapshot, old->list[i]);
    if (with)
        add(snapshot, with);
    subscribers->now = snapshot;
    pthread_mutex_unlock(&subscribers->lock);
    subscriber_list_snapshot_release(old);
}

void subscriber_list_add(struct subscriber_list *subscribers, struct subscription *subscription)
{
    replace(subscribers, NULL, subscription);
}

void subscriber_list_remove(struct subscriber_list *subscribers, struct subscription *subscription)
{
    replace(subscribers, subscription, NULL);
}
