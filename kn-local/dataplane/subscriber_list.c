/* SPDX-License-Identifier: Apache-2.0 */
/* Who subscribes to a channel. */
#include "kn-local/dataplane/subscriber_list.h"

#include "base/str.h"

static struct subscriber_snapshot *roster_new(size_t most)
{
    struct subscriber_snapshot *roster =
        alloc_zeroed(sizeof(*roster) + most * sizeof(struct subscription *));
    atomic_init(&roster->refs, 1);
    return roster;
}

static void add(struct subscriber_snapshot *roster, struct subscription *subscription)
{
    roster->list[roster->count++] = subscription_hold(subscription);
}

void subscriber_list_snapshot_release(struct subscriber_snapshot *roster)
{
    if (atomic_fetch_sub(&roster->refs, 1) > 1)
        return;
    for (size_t i = 0; i < roster->count; i++)
        subscription_release(roster->list[i]);
    free(roster);
}

void subscriber_list_init(struct subscriber_list *subscribers)
{
    pthread_mutex_init(&subscribers->lock, NULL);
    subscribers->now = roster_new(0);
}

void subscriber_list_done(struct subscriber_list *subscribers)
{
    subscriber_list_snapshot_release(subscribers->now);
    pthread_mutex_destroy(&subscribers->lock);
}

struct subscriber_snapshot *subscriber_list_snapshot(struct subscriber_list *subscribers)
{
    pthread_mutex_lock(&subscribers->lock);
    struct subscriber_snapshot *roster = subscribers->now;
    atomic_fetch_add(&roster->refs, 1);
    pthread_mutex_unlock(&subscribers->lock);
    return roster;
}

/* The list without one, and with another behind it; either may be NULL. */
static void replace(struct subscriber_list *subscribers, const struct subscription *without,
                    struct subscription *with)
{
    pthread_mutex_lock(&subscribers->lock);
    struct subscriber_snapshot *old = subscribers->now;
    struct subscriber_snapshot *roster = roster_new(old->count + 1);
    for (size_t i = 0; i < old->count; i++)
        if (old->list[i] != without)
            add(roster, old->list[i]);
    if (with)
        add(roster, with);
    subscribers->now = roster;
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
