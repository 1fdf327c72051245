/* SPDX-License-Identifier: Apache-2.0 */
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

static struct pull_response *add_handout(struct pubsub_transaction *turn,
                                         struct subscription *subscription,
                                         struct http_exchange *exchange)
{
    struct pull_response *handout = alloc_zeroed(sizeof(*handout));
    *handout = (struct pull_response){.exchange = exchange,
                                      .subscription = str_copy(subscription->name),
                                      .with_attempts = shows_attempts(subscription),
                                      .next = turn->handouts};
    turn->handouts = handout;
    return handout;
}

/* Leases ready messages into the handout. */
static void fill(struct pubsub_transaction *turn, struct pull_response *handout,
                 struct subscription *subscription, size_t most)
{
    const struct subscription_queue *backlog = &subscription->backlog;
    if (most > backlog->count)
        most = backlog->count;
    if (most == 0 || !heap_first(&backlog->ready))
        return;
    handout->leases = alloc_zeroed(most * sizeof(struct lease));
    handout->count = engine_pull(&turn->pubsub->engine, subscription, turn->now_ns, most, false,
                                 handout->leases);
}

static bool can_give(const struct subscription *subscription)
{
    return heap_first(&subscription->backlog.ready) && !subscription->rules.push.endpoint;
}

void long_poll_pull(struct pubsub_transaction *turn, struct subscription *subscription,
                    struct http_exchange *exchange, size_t most, int wait_sec)
{
    subscription->used_ns = turn->now_ns;
    if (can_give(subscription) || wait_sec == 0 || turn->pubsub->stopping) {
        struct pull_response *handout = add_handout(turn, subscription, exchange);
        if (can_give(subscription))
            fill(turn, handout, subscription, most);
        return;
    }
    struct wait *wait = alloc_zeroed(sizeof(*wait));
    *wait = (struct wait){.subscription = subscription, .exchange = exchange, .most = most};
    heap_set(&turn->pubsub->deadlines, &wait->deadline,
             turn->now_ns + (int64_t)wait_sec * NS_PER_SEC);
    struct wait *list = subscription->waiting;
    DL_APPEND(list, wait);
    subscription->waiting = list;
    http_exchange_hold(exchange);
}

/* Takes a wait off its lists; its exchange is to be answered. */
static struct pull_response *end_wait(struct pubsub_transaction *turn, struct wait *wait)
{
    struct subscription *subscription = wait->subscription;
    struct pull_response *handout = add_handout(turn, subscription, wait->exchange);
    struct wait *list = subscription->waiting;
    DL_DELETE(list, wait);
    subscription->waiting = list;
    heap_remove(&turn->pubsub->deadlines, &wait->deadline);
    free(wait);
    return handout;
}

void long_poll_deliver(struct pubsub_transaction *turn, struct subscription *subscription)
{
    struct wait *wait;
    while ((wait = subscription->waiting) && can_give(subscription)) {
        size_t most = http_exchange_is_connected(wait->exchange)
                          ? wait->most
                          : 0; /* a client that left: nothing */
        fill(turn, end_wait(turn, wait), subscription, most);
    }
}

void long_poll_tick(struct pubsub_transaction *turn)
{
    struct pubsub *pubsub = turn->pubsub;
    struct heap_node *first;
    while ((first = heap_first(&pubsub->deadlines)) &&
           (pubsub->stopping || first->key <= turn->now_ns))
        end_wait(turn, heap_container_of(first, struct wait, deadline));
}

void long_poll_drop(struct pubsub_transaction *turn, struct subscription *subscription)
{
    while (subscription->waiting)
        end_wait(turn, subscription->waiting);
}

static void answer(struct pull_response *handout)
{
    struct http_reply reply = {.content_type = "application/json; charset=UTF-8"};
    json_writer_add_received_messages(&reply.body, handout->subscription, handout->leases,
                                      handout->count, handout->with_attempts);
    http_exchange_reply(handout->exchange, &reply);
    for (size_t i = 0; i < handout->count; i++)
        stored_message_unref(handout->leases[i].message);
    free(handout->leases);
    free(handout->subscription);
    free(handout);
}

void long_poll_send(struct pull_response *handouts)
{
    for (struct pull_response *next; handouts; handouts = next) {
        next = handouts->next;
        answer(handouts);
    }
}
