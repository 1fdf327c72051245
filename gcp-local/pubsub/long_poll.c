/* Long polls: clients that wait for messages, woken one by one. */
#include "gcp-local/pubsub/pubsub_private.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/pubsub/wire/json_writer.h"

#include <utlist.h>

/* A pull that is held. */
struct wait {
    struct heap_node deadline;
    struct subscription *subscription;
    struct http_exchange *exchange;
    size_t most;
    struct wait *prev, *next; /* in the subscription's list, first come first */
};

static bool shows_attempts(const struct subscription *subscription)
{
    return subscription->rules.dead_letter_topic != NULL;
}

static struct handout *add_handout(struct turn *turn, struct subscription *subscription,
                                   struct http_exchange *exchange)
{
    struct handout *handout = must_alloc(sizeof(*handout));
    *handout = (struct handout){.exchange = exchange,
                                .subscription = str_copy(subscription->name),
                                .with_attempts = shows_attempts(subscription),
                                .next = turn->handouts};
    turn->handouts = handout;
    return handout;
}

/* Leases ready messages into the handout. */
static void fill(struct turn *turn, struct handout *handout, struct subscription *subscription,
                 size_t most)
{
    const struct backlog *backlog = &subscription->backlog;
    if (most > backlog->count)
        most = backlog->count;
    if (most == 0 || !heap_first(&backlog->ready))
        return;
    handout->leases = must_alloc(most * sizeof(struct lease));
    handout->count = engine_pull(&turn->pubsub->engine, subscription, turn->now_ns, most, false,
                                 handout->leases);
}

static bool can_give(const struct subscription *subscription)
{
    return heap_first(&subscription->backlog.ready) && !subscription->rules.push.endpoint;
}

void wait_pull(struct turn *turn, struct subscription *subscription, struct http_exchange *exchange,
               size_t most, int wait_sec)
{
    subscription->used_ns = turn->now_ns;
    if (can_give(subscription) || wait_sec == 0 || turn->pubsub->stopping) {
        struct handout *handout = add_handout(turn, subscription, exchange);
        if (can_give(subscription))
            fill(turn, handout, subscription, most);
        return;
    }
    struct wait *wait = must_alloc(sizeof(*wait));
    *wait = (struct wait){.subscription = subscription, .exchange = exchange, .most = most};
    heap_set(&turn->pubsub->deadlines, &wait->deadline,
             turn->now_ns + (int64_t)wait_sec * NS_PER_SEC);
    struct wait *list = subscription->waiting;
    DL_APPEND(list, wait);
    subscription->waiting = list;
    http_hold(exchange);
}

/* Takes a wait off its lists; its exchange is to be answered. */
static struct handout *end_wait(struct turn *turn, struct wait *wait)
{
    struct subscription *subscription = wait->subscription;
    struct handout *handout = add_handout(turn, subscription, wait->exchange);
    struct wait *list = subscription->waiting;
    DL_DELETE(list, wait);
    subscription->waiting = list;
    heap_remove(&turn->pubsub->deadlines, &wait->deadline);
    free(wait);
    return handout;
}

void wait_serve(struct turn *turn, struct subscription *subscription)
{
    struct wait *wait;
    while ((wait = subscription->waiting) && can_give(subscription)) {
        size_t most = http_alive(wait->exchange) ? wait->most : 0; /* a client that left: nothing */
        fill(turn, end_wait(turn, wait), subscription, most);
    }
}

void wait_tick(struct turn *turn)
{
    struct pubsub *pubsub = turn->pubsub;
    struct heap_node *first;
    while ((first = heap_first(&pubsub->deadlines)) &&
           (pubsub->stopping || first->key <= turn->now_ns))
        end_wait(turn, heap_owner(first, struct wait, deadline));
}

void wait_drop(struct turn *turn, struct subscription *subscription)
{
    while (subscription->waiting)
        end_wait(turn, subscription->waiting);
}

static void answer(struct handout *handout)
{
    struct http_reply reply = {.content_type = "application/json; charset=UTF-8"};
    answer_received(&reply.body, handout->subscription, handout->leases, handout->count,
                    handout->with_attempts);
    http_answer_with(handout->exchange, &reply);
    for (size_t i = 0; i < handout->count; i++)
        message_unref(handout->leases[i].message);
    free(handout->leases);
    free(handout->subscription);
    free(handout);
}

void wait_answer(struct handout *handouts)
{
    for (struct handout *next; handouts; handouts = next) {
        next = handouts->next;
        answer(handouts);
    }
}
