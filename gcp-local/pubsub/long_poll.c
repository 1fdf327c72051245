/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/long_poll.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/pubsub/wire/message_json.h"

#include <utlist.h>

/* A pull that is held. */
struct long_poll {
    struct heap_node deadline;
    struct subscription *subscription;
    struct http_exchange *exchange;
    size_t max;
    struct long_poll *prev, *next; /* in the subscription's list, oldest first */
};

struct pull_response {
    struct http_exchange *exchange;
    char *subscription;
    struct lease *leases; /* NULL: {} */
    size_t count;
    bool with_attempts;
    struct pull_response *next;
};

static bool can_deliver(const struct subscription *subscription)
{
    return heap_first(&subscription->queue.ready) && !subscription->settings.push.endpoint;
}

/* Queues the response to a pull, with up to max leased messages. */
static void respond(struct long_polls *polls, struct subscription *subscription,
                    struct http_exchange *exchange, size_t max, int64_t now_ns)
{
    struct pull_response *response = alloc_zeroed(sizeof(*response));
    *response =
        (struct pull_response){.exchange = exchange,
                               .subscription = str_copy(subscription->name),
                               .with_attempts = subscription->settings.dead_letter_topic != NULL};
    LL_PREPEND(polls->responses, response);
    if (max > subscription->queue.count)
        max = subscription->queue.count;
    if (max == 0 || !can_deliver(subscription))
        return;
    response->leases = alloc_zeroed(max * sizeof(struct lease));
    response->count =
        engine_pull(polls->engine, subscription, now_ns, max, false, response->leases);
}

void long_poll_pull(struct long_polls *polls, struct subscription *subscription,
                    struct http_exchange *exchange, size_t max, int wait_sec, int64_t now_ns)
{
    subscription->last_used_ns = now_ns;
    if (can_deliver(subscription) || wait_sec == 0 || polls->stopping) {
        respond(polls, subscription, exchange, max, now_ns);
        return;
    }
    struct long_poll *poll = alloc_zeroed(sizeof(*poll));
    *poll = (struct long_poll){.subscription = subscription, .exchange = exchange, .max = max};
    heap_set(&polls->deadlines, &poll->deadline, now_ns + (int64_t)wait_sec * NS_PER_SEC);
    DL_APPEND(subscription->polls, poll);
    http_exchange_hold(exchange);
}

static void end_poll(struct long_polls *polls, struct long_poll *poll, size_t max, int64_t now_ns)
{
    respond(polls, poll->subscription, poll->exchange, max, now_ns);
    DL_DELETE(poll->subscription->polls, poll);
    heap_remove(&polls->deadlines, &poll->deadline);
    free(poll);
}

void long_poll_deliver(struct long_polls *polls, struct subscription *subscription, int64_t now_ns)
{
    struct long_poll *poll;
    while ((poll = subscription->polls) && can_deliver(subscription)) {
        bool connected = http_exchange_is_connected(poll->exchange);
        end_poll(polls, poll, connected ? poll->max : 0, now_ns);
    }
}

void long_poll_expire(struct long_polls *polls, int64_t now_ns)
{
    struct heap_node *first;
    while ((first = heap_first(&polls->deadlines)) && first->key <= now_ns)
        end_poll(polls, heap_container_of(first, struct long_poll, deadline), 0, now_ns);
}

void long_poll_cancel(struct long_polls *polls, struct subscription *subscription)
{
    while (subscription->polls)
        end_poll(polls, subscription->polls, 0, 0);
}

void long_poll_stop(struct long_polls *polls)
{
    polls->stopping = true;
    long_poll_expire(polls, INT64_MAX);
}

struct pull_response *long_poll_take(struct long_polls *polls)
{
    struct pull_response *responses = polls->responses;
    polls->responses = NULL;
    return responses;
}

void long_poll_send(struct pull_response *responses)
{
    struct pull_response *response, *next;
    LL_FOREACH_SAFE(responses, response, next)
    {
        struct http_reply reply = {.content_type = "application/json; charset=UTF-8"};
        message_json_add_received(&reply.body, response->subscription, response->leases,
                                  response->count, response->with_attempts);
        http_exchange_reply(response->exchange, &reply);
        for (size_t i = 0; i < response->count; i++)
            stored_message_unref(response->leases[i].message);
        free(response->leases);
        free(response->subscription);
        free(response);
    }
}

void long_poll_done(struct long_polls *polls)
{
    heap_done(&polls->deadlines);
}
