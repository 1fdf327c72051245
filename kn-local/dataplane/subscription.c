/* SPDX-License-Identifier: Apache-2.0 */
/* A subscription: which of its deliveries may send, and what becomes of them at its end. */
#include "kn-local/dataplane/subscription.h"

#include "base/str.h"

#include <assert.h>
#include <utlist.h>

enum {
    MAX_REQUESTS = 100,    /* at once, of one subscription, unless it says otherwise */
    MAX_READ_AHEAD = 1000, /* events of a log that were handed out and are not done */
};

struct subscription {
    atomic_uint refs;
    struct dataplane_io *io;
    char *ns, *name, *place;
    struct sender_origin origin;     /* of its deliveries */
    struct event_log_reader *reader; /* NULL: of a channel in memory */

    pthread_mutex_t lock; /* guards what follows */
    struct sender_route *route;
    struct delivery *all;          /* every delivery that has not ended */
    struct delivery *first, *last; /* those that wait for their turn to send */
    unsigned active, max_active;   /* requests under way */
    bool ordered;                  /* a delivery keeps its turn until it ends */
    bool ended;
    enum subscription_end how; /* it ended */
};

/* One event on its way to this subscription. */
struct delivery {
    struct sender sender;              /* first */
    struct subscription *subscription; /* held */
    struct receipt *receipt;           /* of a channel in memory; a part of it is open */
    uint64_t number;                   /* in the log */
    size_t size;                       /* of the event, in memory */
    bool has_turn;                     /* counts in active */
    bool waits;                        /* for a moment: its timer is set */
    struct delivery *queued;           /* next in the queue */
    struct delivery *prev, *next;      /* in subscription->all */
    struct header fields[];
};

static void on_ready(struct sender *sender, int64_t wait_ns);
static void on_request_ended(struct sender *sender);
static enum sender_result on_failure(struct sender *sender);
static bool is_wanted(struct sender *sender);
static void on_done(struct sender *sender, enum sender_result result);

/* Under the lock. */
static void set_limits(struct subscription *subscription, const struct runtime_subscription *spec)
{
    subscription->ordered = spec->order == RUNTIME_ORDERED;
    subscription->max_active = subscription->ordered ? 1
                               : spec->max_requests  ? spec->max_requests
                                                     : MAX_REQUESTS;
}

/* route is taken over. */
static struct subscription *create(struct dataplane_io *io, const char *ns, const char *name,
                                   struct sender_route *route)
{
    struct subscription *subscription = alloc_zeroed(sizeof(*subscription));
    atomic_init(&subscription->refs, 1);
    pthread_mutex_init(&subscription->lock, NULL);
    subscription->io = io;
    subscription->ns = str_copy(ns);
    subscription->name = str_copy(name);
    subscription->place = str_format("%s/subscriptions/%s", ns, name);
    subscription->route = route;
    subscription->origin = (struct sender_origin){
        .io = io,
        .about = {RESOURCE_SUBSCRIPTION, subscription->ns, subscription->name},
        .place = subscription->place,
        .delivered = HOP_DELIVERED,
        .asks_for_reply = true,
        .ready = on_ready,
        .request_ended = on_request_ended,
        .on_failure = on_failure,
        .wanted = is_wanted,
        .done = on_done,
    };
    return subscription;
}

static struct sender_route *route_of(const char *root, const struct runtime_subscription *spec)
{
    return sender_route_new(&spec->subscriber, &spec->reply, &spec->dead_letter, &spec->policy,
                            root);
}

struct subscription *subscription_new(struct dataplane_io *io, const char *root,
                                      const struct runtime_subscription *spec)
{
    struct subscription *subscription = create(io, spec->ns, spec->name, route_of(root, spec));
    set_limits(subscription, spec);
    return subscription;
}

struct subscription *subscription_clone(struct subscription *subscription)
{
    pthread_mutex_lock(&subscription->lock);
    struct subscription *clone = create(subscription->io, subscription->ns, subscription->name,
                                        sender_route_hold(subscription->route));
    clone->ordered = subscription->ordered;
    clone->max_active = subscription->max_active;
    pthread_mutex_unlock(&subscription->lock);
    return clone;
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
    sender_route_release(subscription->route);
    if (subscription->reader)
        event_log_reader_release(subscription->reader);
    pthread_mutex_destroy(&subscription->lock);
    free(subscription->ns);
    free(subscription->name);
    free(subscription->place);
    free(subscription);
}

/* Under the lock: takes those out of the queue that may send now. They are linked by `queued`. */
static struct delivery *take_turns(struct subscription *subscription)
{
    struct delivery *chosen = NULL, **end = &chosen;
    while (subscription->first && subscription->active < subscription->max_active) {
        struct delivery *delivery = subscription->first;
        subscription->first = delivery->queued;
        if (!subscription->first)
            subscription->last = NULL;
        delivery->queued = NULL;
        delivery->has_turn = true;
        subscription->active++;
        *end = delivery;
        end = &delivery->queued;
    }
    return chosen;
}

static void attempt_all(struct delivery *chosen)
{
    while (chosen) {
        struct delivery *next = chosen->queued;
        sender_attempt(&chosen->sender);
        chosen = next;
    }
}

/* What is given up at the end of a subscription ends so. */
static enum sender_result result_at_end(const struct subscription *subscription)
{
    return subscription->how == SUBSCRIPTION_STOPPED ? SENDER_UNDONE : SENDER_GONE;
}

/* Queues a delivery that may send, or sends. */
static void enqueue(struct delivery *delivery)
{
    struct subscription *subscription = delivery->subscription;
    struct delivery *chosen = NULL;
    pthread_mutex_lock(&subscription->lock);
    bool ended = subscription->ended;
    enum sender_result result = result_at_end(subscription);
    delivery->waits = false;
    if (!ended && delivery->has_turn) { /* in order: it has kept it */
        delivery->queued = NULL;
        chosen = delivery;
    } else if (!ended) {
        delivery->queued = NULL;
        if (subscription->last)
            subscription->last->queued = delivery;
        else
            subscription->first = delivery;
        subscription->last = delivery;
        chosen = take_turns(subscription);
    }
    pthread_mutex_unlock(&subscription->lock);
    if (ended)
        sender_abandon(&delivery->sender, result);
    attempt_all(chosen);
}

static void on_time(struct timer *timer)
{
    enqueue((struct delivery *)timer);
}

static void on_ready(struct sender *sender, int64_t wait_ns)
{
    struct delivery *delivery = (struct delivery *)sender;
    struct subscription *subscription = delivery->subscription;
    if (wait_ns <= 0) {
        enqueue(delivery);
        return;
    }
    pthread_mutex_lock(&subscription->lock);
    bool ended = subscription->ended;
    enum sender_result result = result_at_end(subscription);
    delivery->waits = !ended;
    if (!ended)
        subscription->io->set_timer(subscription->io->app, &sender->timer, wait_ns, on_time);
    pthread_mutex_unlock(&subscription->lock);
    if (ended)
        sender_abandon(sender, result);
}

/* Gives a turn to the next. Under the lock. */
static struct delivery *give_turn_up(struct delivery *delivery)
{
    struct subscription *subscription = delivery->subscription;
    if (!delivery->has_turn)
        return NULL;
    delivery->has_turn = false;
    subscription->active--;
    return subscription->ended ? NULL : take_turns(subscription);
}

static void on_request_ended(struct sender *sender)
{
    struct delivery *delivery = (struct delivery *)sender;
    struct subscription *subscription = delivery->subscription;
    pthread_mutex_lock(&subscription->lock);
    struct delivery *chosen = subscription->ordered ? NULL : give_turn_up(delivery);
    pthread_mutex_unlock(&subscription->lock);
    attempt_all(chosen);
}

static enum sender_result on_failure(struct sender *sender)
{
    struct subscription *subscription = ((struct delivery *)sender)->subscription;
    pthread_mutex_lock(&subscription->lock);
    enum sender_result result = subscription->ended ? result_at_end(subscription) : SENDER_FAILED;
    pthread_mutex_unlock(&subscription->lock);
    return result;
}

static bool is_wanted(struct sender *sender)
{
    struct receipt *receipt = ((struct delivery *)sender)->receipt;
    return !receipt || receipt_is_wanted(receipt);
}

static void on_done(struct sender *sender, enum sender_result result)
{
    struct delivery *delivery = (struct delivery *)sender;
    struct subscription *subscription = delivery->subscription;
    pthread_mutex_lock(&subscription->lock);
    DL_DELETE(subscription->all, delivery);
    struct delivery *chosen = give_turn_up(delivery);
    pthread_mutex_unlock(&subscription->lock);

    if (!delivery->receipt)
        event_log_settle(subscription->reader, delivery->number, delivery->size,
                         result != SENDER_UNDONE);
    else if (result == SENDER_FAILED)
        receipt_settle(delivery->receipt, ERR_INTERNAL, "a delivery failed");
    else if (result == SENDER_UNDONE)
        receipt_settle(delivery->receipt, ERR_UNAVAILABLE, "kn-local is stopping");
    else
        receipt_settle(delivery->receipt, 202, NULL);
    free(delivery);
    attempt_all(chosen);
    dataplane_io_end(subscription->io);
    subscription_release(subscription);
}

static void begin(struct subscription *subscription, struct event_message *event,
                  struct receipt *receipt, uint64_t number)
{
    struct delivery *delivery =
        alloc_zeroed(sizeof(*delivery) + sender_field_count(event) * sizeof(struct header));
    delivery->subscription = subscription_hold(subscription);
    delivery->receipt = receipt;
    delivery->number = number;
    delivery->size = event->size;
    dataplane_io_begin(subscription->io);
    pthread_mutex_lock(&subscription->lock);
    sender_init(&delivery->sender, &subscription->origin, subscription->route, event,
                delivery->fields);
    DL_PREPEND(subscription->all, delivery);
    pthread_mutex_unlock(&subscription->lock);
    enqueue(delivery);
}

void subscription_deliver(struct subscription *subscription, struct event_message *event,
                          struct receipt *receipt)
{
    begin(subscription, event, receipt, 0);
}

static void hold_context(void *context)
{
    subscription_hold(context);
}

static void release_context(void *context)
{
    subscription_release(context);
}

static void deliver_from_log(void *context, struct event_message *event, uint64_t number)
{
    begin(context, event, NULL, number);
}

bool subscription_read(struct subscription *subscription, struct event_log *log, struct err *err)
{
    static const struct event_log_consumer consumer = {
        .hold = hold_context, .release = release_context, .deliver = deliver_from_log};
    return event_log_subscribe(log, subscription->name, MAX_READ_AHEAD, &consumer, subscription,
                               &subscription->reader, err);
}

void subscription_change(struct subscription *subscription, const char *root,
                         const struct runtime_subscription *spec)
{
    struct sender_route *route = route_of(root, spec);
    pthread_mutex_lock(&subscription->lock);
    struct sender_route *old = subscription->route;
    subscription->route = route;
    set_limits(subscription, spec);
    struct delivery *chosen = subscription->ended ? NULL : take_turns(subscription);
    pthread_mutex_unlock(&subscription->lock);
    attempt_all(chosen);
    sender_route_release(old);
}

/* Takes out those that wait for a turn or a moment. Under the lock. */
static struct delivery *take_waiting(struct subscription *subscription)
{
    struct dataplane_io *io = subscription->io;
    struct delivery *waiting = subscription->first, *delivery;
    subscription->first = subscription->last = NULL;
    DL_FOREACH(subscription->all, delivery)
    {
        if (delivery->waits && io->cancel_timer(io->app, &delivery->sender.timer)) {
            delivery->waits = false;
            delivery->queued = waiting;
            waiting = delivery;
        }
    }
    return waiting;
}

void subscription_end(struct subscription *subscription, enum subscription_end how)
{
    if (subscription->reader)
        event_log_unsubscribe(subscription->reader, how == SUBSCRIPTION_REMOVED);
    pthread_mutex_lock(&subscription->lock);
    subscription->ended = true;
    subscription->how = how;
    enum sender_result result = result_at_end(subscription);
    struct delivery *waiting = take_waiting(subscription);
    pthread_mutex_unlock(&subscription->lock);
    while (waiting) {
        struct delivery *next = waiting->queued;
        sender_abandon(&waiting->sender, result);
        waiting = next;
    }
}
