/* SPDX-License-Identifier: Apache-2.0 */
/* Delivers messages: converts each to an event, posts it to the sink, and records the result. */
#include "base/backoff.h"
#include "base/log.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "cloudevents/http.h"
#include "pubsub-source/message_event.h"
#include "pubsub-source/source_state.h"

#include <utlist.h>

static const int64_t MAX_BACKOFF_NS = 60 * NS_PER_SEC;
static const int64_t MAX_RETRY_AFTER_NS = 600 * NS_PER_SEC; /* Pub/Sub's longest ack deadline */

struct delivery {
    struct pubsub_source *source;
    struct in_flight_message *in_flight;
    struct ce_event event;
    struct headers headers;
};

static void delivery_free(struct delivery *delivery)
{
    ce_event_done(&delivery->event);
    headers_done(&delivery->headers);
    free(delivery);
}

/* When Pub/Sub is to deliver a message again that has failed `failures` times before: in 1, 2, 4...
 * s, or when the sink says. */
static int redelivery_sec(int failures, const struct http_response *response)
{
    const char *retry_after = response ? headers_get(&response->headers, "Retry-After") : NULL;
    int64_t delay_ns = backoff_exponential_ns(NS_PER_SEC, MAX_BACKOFF_NS, failures);
    int64_t sink_ns = backoff_retry_after_ns(retry_after, timestamp_now_ns(), MAX_RETRY_AFTER_NS);
    if (delay_ns < sink_ns)
        delay_ns = sink_ns;
    return (int)((delay_ns + NS_PER_SEC - 1) / NS_PER_SEC);
}

/* Records the result of a delivery. Returns when the message is delivered again, in seconds, or
 * FLOW_ACKNOWLEDGE. in_flight may be freed on return. */
static int finish(struct pubsub_source *source, struct in_flight_message *in_flight,
                  const struct http_response *response, bool delivered)
{
    pthread_mutex_lock(&source->lock);
    int redeliver_sec = FLOW_ACKNOWLEDGE;
    if (delivered)
        failures_forget(&source->failures, in_flight->message.id);
    else if (source->stopping)
        redeliver_sec = 0;
    else
        redeliver_sec =
            redelivery_sec(failures_add(&source->failures, in_flight->message.id), response);
    flow_control_finish(&source->flow, in_flight, redeliver_sec, timestamp_monotonic_ns(),
                        &source->settled);
    pthread_cond_signal(&source->settled_changed);
    if (source->stopping)
        pthread_cond_broadcast(&source->changed);
    pthread_mutex_unlock(&source->lock);
    return redeliver_sec;
}

static void on_ended(struct http_response *response, const struct err *err, void *context)
{
    struct delivery *delivery = context;
    struct pubsub_source *source = delivery->source;
    bool delivered = response && response->status / 100 == 2;
    OWN(free) char *id = str_copy(delivery->in_flight->message.id);
    int redeliver_sec = finish(source, delivery->in_flight, response, delivered);
    if (!delivered && response)
        log_warning("message %s: the sink answered %d; again in %d s", id, response->status,
                    redeliver_sec);
    else if (!delivered)
        log_warning("message %s: %s; again in %d s", id, err->text, redeliver_sec);
    delivery_free(delivery);
    pubsub_source_deliver(source);
}

static void post_event(struct delivery *delivery)
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

void pubsub_source_deliver(struct pubsub_source *source)
{
    for (;;) {
        pthread_mutex_lock(&source->lock);
        struct in_flight_message *in_flight = flow_control_next(&source->flow);
        pthread_mutex_unlock(&source->lock);
        if (!in_flight)
            return;

        struct err err = {0};
        struct delivery *delivery = alloc_zeroed(sizeof(*delivery));
        delivery->source = source;
        delivery->in_flight = in_flight;
        if (message_event_from_message(&in_flight->message, source->subscription.topic,
                                       source->config, &delivery->event, &err)) {
            post_event(delivery);
            continue;
        }
        log_error("message %s is dropped: %s", in_flight->message.id, err.text);
        finish(source, in_flight, NULL, true);
        delivery_free(delivery);
    }
}
