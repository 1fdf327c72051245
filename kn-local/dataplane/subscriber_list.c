/* Who subscribes to a channel. */
#include "kn-local/dataplane/subscriber_list.h"

#include "base/str.h"

static struct roster *roster_new(size_t most)
{
    struct roster *roster = must_alloc(sizeof(*roster) + most * sizeof(struct subscription *));
    atomic_init(&roster->refs, 1);
    return roster;
}

static void add(struct roster *roster, struct subscription *subscription)
{
    roster->list[roster->count++] = subscription_hold(subscription);
}

void roster_release(struct roster *roster)
{
    if (atomic_fetch_sub(&roster->refs, 1) > 1)
        return;
    for (size_t i = 0; i < roster->count; i++)
        subscription_release(roster->list[i]);
    free(roster);
}

void subscribers_init(struct subscribers *subscribers)
{
    pthread_mutex_init(&subscribers->lock, NULL);
    subscribers->now = roster_new(0);
}

void subscribers_done(struct subscribers *subscribers)
{
    roster_release(subscribers->now);
    pthread_mutex_destroy(&subscribers->lock);
}

struct roster *subscribers_take(struct subscribers *subscribers)
{
    pthread_mutex_lock(&subscribers->lock);
    struct roster *roster = subscribers->now;
    atomic_fetch_add(&roster->refs, 1);
    pthread_mutex_unlock(&subscribers->lock);
    return roster;
}

/* The list without one, and with another behind it; either may be NULL. */
static void replace(struct subscribers *subscribers, const struct subscription *without,
                    struct subscription *with)
{
    pthread_mutex_lock(&subscribers->lock);
    struct roster *old = subscribers->now;
    struct roster *roster = roster_new(old->count + 1);
    for (size_t i = 0; i < old->count; i++)
        if (old->list[i] != without)
            add(roster, old->list[i]);
    if (with)
        add(roster, with);
    subscribers->now = roster;
    pthread_mutex_unlock(&subscribers->lock);
    roster_release(old);
}

void subscribers_add(struct subscribers *subscribers, struct subscription *subscription)
{
    replace(subscribers, NULL, subscription);
}

void subscribers_remove(struct subscribers *subscribers, struct subscription *subscription)
{
    replace(subscribers, subscription, NULL);
}
