/* SPDX-License-Identifier: Apache-2.0 */
/* One event on its way to one subscription. What comes next is decided by delivery_policy_next;
 * here it is done. */
#include "kn-local/dataplane/delivery.h"

#include "base/str.h"
#include "base/timestamp.h"

enum {
    NO_TIMEOUT_MS = 15 * 60 * 1000, /* of an attempt without a timeout: Knative's fan-out limit */
};

static const struct resolved_address *target_of(const struct delivery *delivery)
{
    const struct destinations *route = delivery->route;
    return delivery->leg == STAGE_SUBSCRIBER ? &route->subscriber
           : delivery->leg == STAGE_REPLY    ? &route->reply
                                             : &route->dead_letter;
}

static void note(const struct delivery *delivery, enum trace_hop_kind hop, int status)
{
    struct trace_log *journal = delivery->subscription->world->journal;
    if (journal)
        trace_log_write(journal, &(struct trace_record){
                                     .hop = hop,
                                     .id = delivery->parcel->id,
                                     .place = delivery->subscription->place,
                                     .peer = target_of(delivery)->url,
                                     .status = status,
                                     .attempt = delivery->attempt,
                                     .latency_ns = timestamp_monotonic_ns() - delivery->began_ns,
                                 });
}

static void tell_dropped(const struct delivery *delivery, const char *why)
{
    struct subscription *subscription = delivery->subscription;
    if (!subscription->world->tell)
        return;
    OWN(free) char *message =
        str_format("event %s was dropped after %d %s: %s", delivery->parcel->id,
                   delivery->attempt + 1, delivery->attempt ? "attempts" : "attempt", why);
    subscription->world->tell(
        subscription->world,
        &(struct resource_event){
            .about = {RESOURCE_SUBSCRIPTION, subscription->ns, subscription->name},
            .warning = true,
            .reason = "EventDropped",
            .message = message,
        });
}

static void drop(struct delivery *delivery, int status, const char *why)
{
    note(delivery, HOP_DROPPED, status);
    tell_dropped(delivery, why);
    subscription_delivery_ended(delivery, DELIVERY_FAILED);
}

/* Goes on with another parcel and another address. */
static void next_leg(struct delivery *delivery, enum delivery_stage leg,
                     struct event_message *parcel)
{
    if (delivery->other)
        event_message_release(delivery->other);
    delivery->other = parcel;
    delivery->leg = leg;
    delivery->attempt = 0;
    subscription_enqueue(delivery);
}

/* The event that an answer holds, if there is one and somebody wants it; else NULL. */
static struct event_message *reply_of(const struct delivery *delivery, struct http_response *answer)
{
    if (delivery->leg != STAGE_SUBSCRIBER || delivery->route->reply.to == DESTINATION_NONE)
        return NULL;
    struct err err = {0};
    return event_message_from_http(&answer->headers, &answer->body, delivery->subscription->ns,
                                   &err);
}

static void on_success(struct delivery *delivery, struct http_response *answer)
{
    static const enum trace_hop_kind hops[] = {HOP_DELIVERED, HOP_REPLIED, HOP_DEAD_LETTER};
    note(delivery, hops[delivery->leg], answer->status);
    struct event_message *reply = reply_of(delivery, answer);
    if (reply)
        next_leg(delivery, STAGE_REPLY, reply);
    else
        subscription_delivery_ended(delivery, DELIVERY_DONE);
}

static void on_failure(struct delivery *delivery, const struct http_response *answer,
                       const struct err *err)
{
    int status = answer ? answer->status : 0;
    OWN(free) char *why = answer ? str_format("%s answered %d", target_of(delivery)->url, status)
                                 : str_format("%s", err->text);
    if (delivery->leg == STAGE_DEAD_LETTER || delivery->route->dead_letter.to == DESTINATION_NONE) {
        drop(delivery, status, why);
        return;
    }
    struct bytes body = answer ? buf_bytes(&answer->body) : (struct bytes){0};
    next_leg(delivery, STAGE_DEAD_LETTER,
             event_message_dead_letter(delivery->parcel, delivery->subscription->ns,
                                       target_of(delivery)->url, status, body, why));
}

static void try_again(struct delivery *delivery, int status, int64_t wait_ns)
{
    const struct event_message *parcel = delivery->parcel;
    if (parcel->wanted && !parcel->wanted(parcel)) {
        drop(delivery, status, "the sender did not wait for the answer");
        return;
    }
    note(delivery, HOP_RETRIED, status);
    delivery->attempt++;
    if (wait_ns > 0)
        subscription_retry_later(delivery, wait_ns);
    else
        subscription_enqueue(delivery);
}

static void on_ended(struct http_response *answer, const struct err *err, void *context)
{
    struct delivery *delivery = context;
    struct delivery_result result = {.status = answer ? answer->status : 0};
    if (answer)
        result.retry_after = headers_get(&answer->headers, "Retry-After");

    struct subscription *subscription = subscription_hold(delivery->subscription);
    struct delivery_step step = delivery_policy_next(&delivery->route->policy, delivery->attempt,
                                                     &result, timestamp_now_ns());
    if (step.verdict == DELIVERED)
        on_success(delivery, answer);
    else if (step.verdict == TRY_AGAIN)
        try_again(delivery, result.status, step.wait_ns);
    else
        on_failure(delivery, answer, err);
    subscription_request_ended(subscription);
    subscription_release(subscription);
}

void delivery_send(struct delivery *delivery)
{
    const struct event_message *parcel = delivery->other ? delivery->other : delivery->parcel;
    int64_t timeout_ns = delivery->route->policy.timeout_ns;
    delivery->began_ns = timestamp_monotonic_ns();
    delivery->call = (struct http_call){
        .method = "POST",
        .headers = &parcel->headers,
        .body = buf_bytes(&parcel->body),
        .timeout_ms =
            timeout_ns > 0 ? (long)((timeout_ns + NS_PER_MS - 1) / NS_PER_MS) : NO_TIMEOUT_MS,
    };
    struct delivery_io *world = delivery->subscription->world;
    world->send(world, target_of(delivery), &delivery->call, on_ended, delivery);
}

void delivery_abandon(struct delivery *delivery, enum delivery_end end)
{
    if (end == DELIVERY_DONE)
        note(delivery, HOP_DROPPED, 0);
    subscription_delivery_ended(delivery, end);
}
