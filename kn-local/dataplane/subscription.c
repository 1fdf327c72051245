/* SPDX-License-Identifier: Apache-2.0 */
/* A subscription: whose turn it is to send, and what was handed out and is done. */
#include "kn-local/dataplane/subscription.h"

#include "base/str.h"
#include "kn-local/dataplane/delivery.h"
#include "kn-local/dataplane/event_log.h"

#include <assert.h>
#include <utlist.h>

enum {
    MAX_REQUESTS = 100, /* at once, of one subscription */
};

static struct destinations *route_new(const char *root, const struct runtime_subscription *from)
{
    struct destinations *route = alloc_zeroed(sizeof(*route));
    atomic_init(&route->refs, 1);
    address_resolve(&from->subscriber, root, &route->subscriber);
    address_resolve(&from->reply, root, &route->reply);
    address_resolve(&from->dead_letter, root, &route->dead_letter);
    route->policy = from->policy;
    return route;
}

static void route_release(struct destinations *route)
{
    if (atomic_fetch_sub(&route->refs, 1) > 1)
        return;
    address_resolved_done(&route->subscriber);
    address_resolved_done(&route->reply);
    address_resolved_done(&route->dead_letter);
    free(route);
}

/* route is taken over. */
static struct subscription *make(struct delivery_io *world, const char *ns, const char *name,
                                 struct destinations *route)
{
    struct subscription *subscription = alloc_zeroed(sizeof(*subscription));
    atomic_init(&subscription->refs, 1);
    pthread_mutex_init(&subscription->lock, NULL);
    subscription->world = world;
    subscription->ns = str_copy(ns);
    subscription->name = str_copy(name);
    subscription->place = str_format("%s/subscriptions/%s", ns, name);
    subscription->route = route;
    return subscription;
}

struct subscription *subscription_new(struct delivery_io *world, const char *root,
                                      const struct runtime_subscription *from)
{
    return make(world, from->ns, from->name, route_new(root, from));
}

struct subscription *subscription_clone(struct subscription *subscription)
{
    pthread_mutex_lock(&subscription->lock);
    struct destinations *route = subscription->route;
    atomic_fetch_add(&route->refs, 1);
    pthread_mutex_unlock(&subscription->lock);
    return make(subscription->world, subscription->ns, subscription->name, route);
}

void subscription_change(struct subscription *subscription, const char *root,
                         const struct runtime_subscription *from)
{
    struct destinations *route = route_new(root, from);
    pthread_mutex_lock(&subscription->lock);
    struct destinations *old = subscription->route;
    subscription->route = route;
    pthread_mutex_unlock(&subscription->lock);
    route_release(old);
}

struct subscription *subscription_hold(struct subscription *subscription)
{
    atomic_fetch_add_explicit(&subscription->refs, 1, memory_order_relaxed);
    return subscription;
}

void subscription_release(struct subscription *subscription)
{
    if (atomic_fetch_sub(&subscription->refs, 1) > 1)
        return;
    assert(!subscription->all);
    route_release(subscription->route);
    if (subscription->backlog)
        event_log_release(subscription->backlog);
    pthread_mutex_destroy(&subscription->lock);
    free(subscription->ns);
    free(subscription->name);
    free(subscription->place);
    free(subscription);
}

/* Under the lock. */
static void append_to_queue(struct subscription *subscription, struct delivery *delivery)
{
    delivery->waits = true;
    delivery->queued = NULL;
    if (subscription->last)
        subscription->last->queued = delivery;
    else
        subscription->first = delivery;
    subscription->last = delivery;
}

/* Under the lock. */
static struct delivery *take_from_queue(struct subscription *subscription)
{
    struct delivery *delivery = subscription->first;
    if (!delivery)
        return NULL;
    subscription->first = delivery->queued;
    if (!subscription->first)
        subscription->last = NULL;
    delivery->waits = false;
    return delivery;
}

/* How what is given up ends after the subscription's own end. Under the lock. */
static enum delivery_end end_of(const struct subscription *subscription)
{
    return subscription->keeps || subscription->backlog ? DELIVERY_UNDONE : DELIVERY_DONE;
}

void subscription_enqueue(struct delivery *delivery)
{
    struct subscription *subscription = delivery->subscription;
    pthread_mutex_lock(&subscription->lock);
    bool removed = subscription->removed;
    enum delivery_end end = end_of(subscription);
    bool turn = !removed && subscription->active < MAX_REQUESTS;
    subscription->active += turn;
    if (!removed && !turn)
        append_to_queue(subscription, delivery);
    pthread_mutex_unlock(&subscription->lock);

    if (removed)
        delivery_abandon(delivery, end);
    else if (turn)
        delivery_send(delivery);
}

void subscription_request_ended(struct subscription *subscription)
{
    pthread_mutex_lock(&subscription->lock);
    struct delivery *next = take_from_queue(subscription);
    subscription->active -= !next;
    pthread_mutex_unlock(&subscription->lock);
    if (next)
        delivery_send(next);
}

static void on_time(struct timer *timer)
{
    subscription_enqueue((struct delivery *)timer);
}

void subscription_retry_later(struct delivery *delivery, int64_t wait_ns)
{
    struct subscription *subscription = delivery->subscription;
    struct delivery_io *world = subscription->world;
    pthread_mutex_lock(&subscription->lock);
    bool removed = subscription->removed;
    enum delivery_end end = end_of(subscription);
    if (!removed)
        world->later(world, &delivery->timer, wait_ns, on_time);
    pthread_mutex_unlock(&subscription->lock);
    if (removed)
        delivery_abandon(delivery, end);
}

/* Under the lock. */
static struct delivery *add_delivery(struct subscription *subscription,
                                     struct event_message *parcel)
{
    struct delivery *delivery = alloc_zeroed(sizeof(*delivery));
    delivery->subscription = subscription_hold(subscription);
    delivery->parcel = event_message_hold(parcel);
    delivery->route = subscription->route;
    atomic_fetch_add(&delivery->route->refs, 1);
    DL_PREPEND(subscription->all, delivery);
    return delivery;
}

void subscription_deliver(struct subscription *subscription, struct event_message *parcel)
{
    pthread_mutex_lock(&subscription->lock);
    struct delivery *delivery = add_delivery(subscription, parcel);
    pthread_mutex_unlock(&subscription->lock);
    subscription_enqueue(delivery);
}

/* The backlog's events are read ahead so far, and not beyond their bytes. Under the lock. */
static size_t room(const struct subscription *subscription, size_t *bytes)
{
    size_t most = event_log_share(subscription->backlog);
    *bytes = subscription->bytes < most ? most - subscription->bytes : 0;
    return *bytes && !subscription->removed ? ack_window_room(&subscription->window) : 0;
}

size_t subscription_room(struct subscription *subscription, size_t *bytes)
{
    pthread_mutex_lock(&subscription->lock);
    size_t count = room(subscription, bytes);
    pthread_mutex_unlock(&subscription->lock);
    return count;
}

bool subscription_offer(struct subscription *subscription, struct event_message *parcel)
{
    size_t bytes;
    struct delivery *delivery = NULL;
    pthread_mutex_lock(&subscription->lock);
    if (parcel->number == subscription->next && room(subscription, &bytes)) {
        delivery = add_delivery(subscription, parcel);
        delivery->place = ack_window_add(&subscription->window, parcel->number);
        subscription->bytes += parcel->size;
        subscription->next++;
    }
    pthread_mutex_unlock(&subscription->lock);
    if (delivery)
        subscription_enqueue(delivery);
    return delivery != NULL;
}

/* An event of the backlog has ended: remembers how far all is done, asks for more. */
static void end_in_backlog(struct subscription *subscription, const struct delivery *delivery,
                           enum delivery_end end)
{
    size_t bytes;
    pthread_mutex_lock(&subscription->lock);
    subscription->bytes -= delivery->parcel->size;
    bool moved = end != DELIVERY_UNDONE && ack_window_ack(&subscription->window, delivery->place);
    bool needs_refill = room(subscription, &bytes) >= ACK_WINDOW_SIZE / 2;
    pthread_mutex_unlock(&subscription->lock);
    if (moved)
        event_log_mark_dirty(subscription->backlog, subscription);
    if (needs_refill)
        event_log_request_read(subscription->backlog, subscription);
}

void subscription_delivery_ended(struct delivery *delivery, enum delivery_end end)
{
    struct subscription *subscription = delivery->subscription;
    pthread_mutex_lock(&subscription->lock);
    DL_DELETE(subscription->all, delivery);
    pthread_mutex_unlock(&subscription->lock);

    if (subscription->backlog)
        end_in_backlog(subscription, delivery, end);
    else
        event_message_settle(delivery->parcel, end == DELIVERY_DONE);
    if (delivery->other)
        event_message_release(delivery->other);
    event_message_release(delivery->parcel);
    route_release(delivery->route);
    free(delivery);
    subscription_release(subscription);
}

/* Takes out those that wait for a turn or a moment. Under the lock. */
static struct delivery *take_waiting(struct subscription *subscription)
{
    struct delivery_io *world = subscription->world;
    struct delivery *waiting = NULL;
    for (struct delivery *delivery; (delivery = take_from_queue(subscription));) {
        delivery->queued = waiting;
        waiting = delivery;
    }
    struct delivery *delivery;
    DL_FOREACH(subscription->all, delivery)
    {
        if (world->cancel(world, &delivery->timer)) {
            delivery->queued = waiting;
            waiting = delivery;
        }
    }
    return waiting;
}

void subscription_end(struct subscription *subscription, bool keep)
{
    pthread_mutex_lock(&subscription->lock);
    subscription->removed = true;
    subscription->keeps = keep;
    enum delivery_end end = end_of(subscription);
    struct delivery *waiting = take_waiting(subscription);
    pthread_mutex_unlock(&subscription->lock);
    while (waiting) {
        struct delivery *next = waiting->queued;
        delivery_abandon(waiting, end);
        waiting = next;
    }
}

bool subscription_busy(struct subscription *subscription)
{
    pthread_mutex_lock(&subscription->lock);
    bool busy = subscription->all != NULL;
    pthread_mutex_unlock(&subscription->lock);
    return busy;
}
