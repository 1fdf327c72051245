/* SPDX-License-Identifier: Apache-2.0 */
/* One message on its way to the sink: converted, posted, and what came of it. */
#include "base/log.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "cloudevents/delivery_policy.h"
#include "cloudevents/http.h"
#include "pubsub-source/message_event.h"
#include "pubsub-source/source_state.h"

#include <utlist.h>

enum {
    ACKNOWLEDGE = -1,
    MAX_DELAY_SEC = 60, /* of a message that keeps failing */
    MAX_DOUBLINGS = 6,  /* of the first delay, 1 s, until then */
    MAX_RETRY_AFTER_SEC =
        600, /* as far as the sink's wish is obeyed: Pub/Sub's longest deadline */
};

struct delivery {
    struct pubsub_source *source;
    struct in_flight_message *held;
    struct ce_event event;
    struct headers headers;
};

static void delivery_free(struct delivery *delivery)
{
    ce_event_done(&delivery->event);
    headers_done(&delivery->headers);
    free(delivery);
}

static int64_t wait_ns(int failures, const char *retry_after)
{
    const struct delivery_policy policy = {
        .retry = failures + 1,
        .backoff = BACKOFF_EXPONENTIAL,
        .delay_ns = NS_PER_SEC,
        .retry_after_max_ns = (int64_t)MAX_RETRY_AFTER_SEC * NS_PER_SEC,
    };
    /* whatever the status was: only 2xx takes a message, so all others send it again */
    struct delivery_result result = {.status = ERR_UNAVAILABLE, .retry_after = retry_after};
    return delivery_policy_next(&policy, failures, &result, timestamp_now_ns()).wait_ns;
}

/* When a message that has failed before so often shall come again: in 1, 2, 4... s, or when the
 * sink says. */
static int delay_sec(int failures, const struct http_response *answer)
{
    const char *retry_after = answer ? headers_get(&answer->headers, "Retry-After") : NULL;
    int64_t most_ns = (int64_t)MAX_DELAY_SEC * NS_PER_SEC;
    int64_t ours_ns = failures < MAX_DOUBLINGS ? wait_ns(failures, NULL) : most_ns;
    int64_t theirs_ns = retry_after ? wait_ns(0, retry_after) : 0;
    int64_t longer_ns = ours_ns > theirs_ns ? ours_ns : theirs_ns;
    return (int)((longer_ns + NS_PER_SEC - 1) / NS_PER_SEC);
}

/* Notes how a delivery ended; says in how many seconds the message shall come again. */
static int note_end(struct pubsub_source *source, struct in_flight_message *held,
                    const struct http_response *answer, bool taken)
{
    pthread_mutex_lock(&source->lock);
    int again_sec = ACKNOWLEDGE;
    if (taken)
        failures_forget(&source->failures, held->message.id);
    else if (source->stopping)
        again_sec = 0;
    else
        again_sec = delay_sec(failures_add(&source->failures, held->message.id), answer);
    flow_control_finish(&source->flow, held, again_sec, timestamp_monotonic_ns(), &source->back);
    pthread_cond_signal(&source->returned);
    if (source->stopping)
        pthread_cond_broadcast(&source->changed);
    pthread_mutex_unlock(&source->lock);
    return again_sec;
}

static void on_ended(struct http_response *answer, const struct err *err, void *context)
{
    struct delivery *delivery = context;
    struct pubsub_source *source = delivery->source;
    bool taken = answer && answer->status / 100 == 2;

    /* the message may be gone once its end is noted */
    OWN(free) char *id = str_copy(delivery->held->message.id);
    int again_sec = note_end(source, delivery->held, answer, taken);
    if (!taken && answer)
        log_warning("message %s: the sink answered %d; again in %d s", id, answer->status,
                    again_sec);
    else if (!taken)
        log_warning("message %s: %s; again in %d s", id, err->text, again_sec);
    delivery_free(delivery);
    pubsub_source_deliver(source);
}

static void send_event(struct delivery *delivery)
{
    const struct pubsub_source_config *config = delivery->source->config;
    ce_headers_from_event(&delivery->event, &delivery->headers);
    if (config->namespace)
        headers_set(&delivery->headers, "Kn-Namespace", config->namespace);
    struct http_call call = {
        .method = "POST",
        .url = config->sink,
        .headers = &delivery->headers,
        .body = ce_data(&delivery->event),
        .timeout_ms = config->timeout_ms,
        .ca_pem = config->ca_certs,
    };
    http_client_start(delivery->source->client, &call, on_ended, delivery);
}

static void deliver(struct pubsub_source *source, struct in_flight_message *held)
{
    struct err err = {0};
    struct delivery *delivery = alloc_zeroed(sizeof(*delivery));
    delivery->source = source;
    delivery->held = held;
    if (message_event_from_message(&held->message, source->subscription.topic, source->config,
                                   &delivery->event, &err)) {
        send_event(delivery);
        return;
    }
    log_error("message %s is dropped: %s", held->message.id, err.text);
    note_end(source, held, NULL, true);
    delivery_free(delivery);
}

void pubsub_source_deliver(struct pubsub_source *source)
{
    for (;;) {
        pthread_mutex_lock(&source->lock);
        struct in_flight_message *held = flow_control_next(&source->flow);
        pthread_mutex_unlock(&source->lock);
        if (!held)
            return;
        deliver(source, held);
    }
}
