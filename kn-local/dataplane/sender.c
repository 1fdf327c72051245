/* SPDX-License-Identifier: Apache-2.0 */
/* Sends one event, with all that may become of it. */
#include "kn-local/dataplane/sender.h"
#include "kn-local/dataplane/dead_letter.h"

#include "base/log.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/forward.h"

#include <string.h>

enum {
    NO_TIMEOUT_MS = 15 * 60 * 1000, /* of an attempt without a timeout: Knative's fan-out limit */
    SHOWN_BYTES = 80,               /* of an answer, in what is published */
    BAD_REPLY = -1,                 /* knativeerrorcode of a reply that cannot be sent on */
};

struct sender_route *sender_route_new(const struct runtime_destination *subscriber,
                                      const struct runtime_destination *reply,
                                      const struct runtime_destination *dead_letter,
                                      const struct delivery_policy *policy, const char *root)
{
    struct sender_route *route = alloc_zeroed(sizeof(*route));
    atomic_init(&route->refs, 1);
    address_resolve(subscriber, root, &route->subscriber);
    address_resolve(reply, root, &route->reply);
    address_resolve(dead_letter, root, &route->dead_letter);
    route->policy = *policy;
    return route;
}

struct sender_route *sender_route_hold(struct sender_route *route)
{
    atomic_fetch_add_explicit(&route->refs, 1, memory_order_relaxed);
    return route;
}

void sender_route_release(struct sender_route *route)
{
    if (atomic_fetch_sub(&route->refs, 1) > 1)
        return;
    address_resolved_done(&route->subscriber);
    address_resolved_done(&route->reply);
    address_resolved_done(&route->dead_letter);
    free(route);
}

static const struct resolved_address *target_of(const struct sender *sender)
{
    const struct sender_route *route = sender->route;
    return sender->stage == STAGE_SUBSCRIBER ? &route->subscriber
           : sender->stage == STAGE_REPLY    ? &route->reply
                                             : &route->dead_letter;
}

static const char *url_of(const struct sender *sender)
{
    const char *url = target_of(sender)->url;
    return url ? url : "nowhere";
}

static void trace(const struct sender *sender, enum trace_hop_kind hop, int status)
{
    const struct dataplane_io *io = sender->origin->io;
    if (io->trace)
        trace_log_write(io->trace, &(struct trace_record){
                                       .hop = hop,
                                       .id = sender->event->id,
                                       .place = sender->origin->place,
                                       .peer = target_of(sender)->url,
                                       .status = status,
                                       .attempt = sender->attempt,
                                       .latency_ns = io->monotonic_ns(io->app) - sender->began_ns,
                                   });
}

/* Events that say the same are counted as one, so the text names no event. */
static void publish(const struct sender *sender, const char *reason, const char *message)
{
    const struct sender_origin *origin = sender->origin;
    if (origin->io->publish)
        origin->io->publish(origin->io->app, &(struct resource_event){.about = origin->about,
                                                                      .warning = true,
                                                                      .reason = reason,
                                                                      .message = message});
}

/* The first line of an answer's body, as far as it is printable ASCII. */
static char *shown(struct bytes body)
{
    size_t len = 0;
    while (len < body.len && len < SHOWN_BYTES && body.data[len] >= ' ' && body.data[len] < 0x7F)
        len++;
    return str_copy_bytes((struct bytes){body.data, len});
}

/* What has failed, in one line, with the attempts of its stage. */
static char *describe(const struct sender *sender, const struct http_response *answer,
                      const struct err *err)
{
    int attempts = sender->attempt + 1;
    const char *word = attempts == 1 ? "attempt" : "attempts";
    if (!answer)
        return str_format("after %d %s: %s", attempts, word, err->text);
    OWN(free) char *body = shown(buf_bytes(&answer->body));
    return str_format("after %d %s: %s answered %d%s%s", attempts, word, url_of(sender),
                      answer->status, *body ? ": " : "", body);
}

static void release(struct sender *sender)
{
    if (sender->other)
        event_message_release(sender->other);
    if (sender->headers.size) /* of a later stage: allocated here */
        free(sender->headers.list);
    event_message_release(sender->event);
    sender_route_release(sender->route);
}

static void finish(struct sender *sender, enum sender_result result)
{
    const struct sender_origin *origin = sender->origin;
    release(sender);
    origin->done(sender, result);
}

static void drop(struct sender *sender, int status, const char *why)
{
    trace(sender, HOP_DROPPED, status);
    OWN(free) char *message = str_format("an event was dropped %s", why);
    publish(sender, "EventDropped", message);
    finish(sender, SENDER_FAILED);
}

static void set_headers(struct sender *sender, const struct event_message *event,
                        struct header *fields)
{
    struct headers *headers = &sender->headers;
    headers->list = fields;
    headers->count = event->headers.count;
    memcpy(fields, event->headers.list, event->headers.count * sizeof(*fields));
    fields[headers->count++] = (struct header){(char *)(uintptr_t) "Kn-Namespace",
                                               (char *)(uintptr_t)sender->origin->about.ns};
    if (sender->stage == STAGE_SUBSCRIBER && sender->origin->asks_for_reply)
        fields[headers->count++] =
            (struct header){(char *)(uintptr_t) "Prefer", (char *)(uintptr_t) "reply"};
}

void sender_init(struct sender *sender, const struct sender_origin *origin,
                 struct sender_route *route, struct event_message *event, struct header *fields)
{
    sender->origin = origin;
    sender->route = sender_route_hold(route);
    sender->event = event_message_hold(event);
    set_headers(sender, event, fields);
}

/* Goes on with another event, which is taken over, and another address. */
static void next_stage(struct sender *sender, enum sender_stage stage, struct event_message *event)
{
    if (sender->other)
        event_message_release(sender->other);
    if (sender->headers.size)
        free(sender->headers.list);
    sender->other = event;
    sender->stage = stage;
    sender->attempt = 0;
    sender->headers.size = sender_field_count(event);
    set_headers(sender, event, alloc_resize(NULL, sender->headers.size * sizeof(struct header)));
    sender->origin->ready(sender, 0);
}

/* The event is given up at this stage: to the dead letter sink, if there is one left. */
static void give_up(struct sender *sender, const struct delivery_failure *failure, const char *why)
{
    if (sender->stage == STAGE_DEAD_LETTER || sender->route->dead_letter.to == DESTINATION_NONE) {
        drop(sender, failure->status, why);
        return;
    }
    OWN(free) char *message =
        str_format("an event went to %s %s", sender->route->dead_letter.url, why);
    publish(sender, "DeadLettered", message);
    next_stage(sender, STAGE_DEAD_LETTER, dead_letter_new(sender->event, failure));
}

static void on_bad_reply(struct sender *sender, const struct err *err)
{
    const struct delivery_failure failure = {.destination = sender->route->reply.url,
                                             .status = BAD_REPLY};
    log_warning("%s: the answer of %s to event %s cannot be sent on: %s", sender->origin->place,
                url_of(sender), sender->event->id, err->text);
    trace(sender, HOP_REFUSED, 0);
    OWN(free) char *why =
        str_format("since %s gave a reply that cannot be sent on: %s", url_of(sender), err->text);
    sender->stage = STAGE_REPLY; /* which has failed */
    give_up(sender, &failure, why);
}

static void on_delivered(struct sender *sender, struct http_response *answer)
{
    const enum trace_hop_kind hops[] = {sender->origin->delivered, HOP_REPLIED, HOP_DEAD_LETTER};
    struct event_message *reply = NULL;
    struct err err = {0};
    trace(sender, hops[sender->stage], answer->status);
    /* of a 2xx whose body was cut, late or too large: delivered, without a reply */
    bool replies = !answer->body_lost && sender->stage == STAGE_SUBSCRIBER &&
                   sender->route->reply.to != DESTINATION_NONE;
    if (replies &&
        !event_message_from_answer(&answer->headers, &answer->body, sender->event, &reply, &err))
        on_bad_reply(sender, &err);
    else if (reply)
        next_stage(sender, STAGE_REPLY, reply);
    else
        finish(sender, SENDER_DONE);
}

static void on_failed(struct sender *sender, const struct http_response *answer,
                      const struct err *err)
{
    OWN(free) char *why = describe(sender, answer, err);
    const struct delivery_failure failure = {.destination = url_of(sender),
                                             .status = answer ? answer->status : 0,
                                             .answer = answer ? buf_bytes(&answer->body)
                                                              : (struct bytes){0},
                                             .reason = err->text};
    give_up(sender, &failure, why);
}

static void on_ended(struct http_response *answer, const struct err *err, void *context)
{
    struct sender *sender = context;
    const struct sender_origin *origin = sender->origin;
    struct delivery_result result = {.status = answer ? answer->status : 0};
    if (answer)
        result.retry_after = headers_get(&answer->headers, "Retry-After");
    if (origin->is_retryable && result.status / 100 != 2)
        result.status = origin->is_retryable(result.status) ? 0 : ERR_INPUT;
    struct delivery_step step = delivery_policy_next(&sender->route->policy, sender->attempt,
                                                     &result, origin->io->now_ns(origin->io->app));
    origin->request_ended(sender);
    if (step.verdict == DELIVERED) {
        on_delivered(sender, answer);
        return;
    }
    enum sender_result taken_as =
        atomic_load(&origin->io->cut) ? SENDER_UNDONE : origin->on_failure(sender);
    if (taken_as != SENDER_FAILED) {
        sender_abandon(sender, taken_as);
    } else if (step.verdict == TRY_AGAIN && origin->wanted && !origin->wanted(sender)) {
        drop(sender, answer ? answer->status : 0, "since its sender did not wait for the answer");
    } else if (step.verdict == TRY_AGAIN) {
        trace(sender, HOP_RETRIED, answer ? answer->status : 0);
        sender->attempt++;
        origin->ready(sender, step.wait_ns);
    } else {
        on_failed(sender, answer, err);
    }
}

void sender_attempt(struct sender *sender)
{
    struct dataplane_io *io = sender->origin->io;
    if (atomic_load(&io->cut)) {
        sender_abandon(sender, SENDER_UNDONE);
        return;
    }
    struct event_message *event = sender->other ? sender->other : sender->event;
    const struct resolved_address *to = target_of(sender);
    int64_t timeout_ns = sender->route->policy.timeout_ns;
    long timeout_ms =
        timeout_ns > 0 ? (long)((timeout_ns + NS_PER_MS - 1) / NS_PER_MS) : NO_TIMEOUT_MS;
    sender->began_ns = io->monotonic_ns(io->app);
    if (to->to == DESTINATION_CHANNEL) {
        forward_send(io, to, event, timeout_ms * NS_PER_MS, on_ended, sender);
        return;
    }
    sender->call = (struct http_call){
        .method = "POST",
        .headers = &sender->headers,
        .body = buf_bytes(&event->body),
        .timeout_ms = timeout_ms,
        .allow_lost_body = true,
    };
    io->send(io->app, to, &sender->call, on_ended, sender);
}

void sender_abandon(struct sender *sender, enum sender_result result)
{
    if (result == SENDER_GONE)
        trace(sender, HOP_DROPPED, 0);
    finish(sender, result);
}
