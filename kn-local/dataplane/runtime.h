/* SPDX-License-Identifier: Apache-2.0 */
/* The data plane: channels, subscriptions, services and sources as processes. It knows nothing of
 * Kubernetes: whoever reads manifests (the controllers) tells it what there should be, and it tells
 * what became of that.
 *
 * All calls may come from any thread. What is passed in is borrowed for the call; the runtime
 * copies what it keeps. Every apply makes or changes, and is cheap when nothing changed; every
 * remove stops what ran and is harmless when there was nothing. */
#ifndef KN_LOCAL_DATAPLANE_RUNTIME_H
#define KN_LOCAL_DATAPLANE_RUNTIME_H

#include "cloudevents/delivery_policy.h"
#include "kn-local/serving/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct runtime;

/* Where events go. All zero: nowhere. */
struct runtime_destination {
    enum { DESTINATION_NONE, DESTINATION_URL, DESTINATION_CHANNEL, DESTINATION_SERVICE } to;
    const char *ns, *name; /* of the channel or service */
    const char
        *url; /* DESTINATION_URL: absolute; else a path and query behind its address, or NULL */
};

struct runtime_channel {
    const char *ns, *name;
    bool durable; /* kept on disk, 202 once the event is safe; else in memory */
    bool
        async; /* in memory only: 202 before the deliveries (messaging.knative.dev/async-handler) */
};

/* Ordered: the next event is sent when the one before has ended, with all its retries. */
enum runtime_order { RUNTIME_UNORDERED, RUNTIME_ORDERED };

/* A subscription takes part once its channel is there too, in whatever order they come. */
struct runtime_subscription {
    const char *ns, *name;
    const char *channel; /* its name, in the same namespace */
    struct runtime_destination subscriber, reply, dead_letter;
    struct delivery_policy policy; /* the one that won: the subscription's or its channel's */
    enum runtime_order order;
    unsigned max_requests; /* at once, when unordered; 0 = 100 */
};

/* A process that sends events to a sink: it gets K_SINK, K_CE_OVERRIDES and NAMESPACE. */
struct runtime_source {
    const char *ns, *name; /* as in runtime_id */
    const char *pod_base;
    struct serving_container container;
    struct runtime_destination sink;
    const char *overrides; /* the JSON of spec.ceOverrides; NULL = none */
};

/* A PingSource: events by the clock. */
struct runtime_ping {
    const char *ns, *name; /* as in runtime_id: "pingsource/NAME" */
    const char *schedule;  /* cron, five or six fields, or @hourly and the like */
    const char *timezone;  /* NULL = the machine's */
    const char *content_type;
    struct bytes data;
    struct runtime_destination sink;
    const char *overrides;
};

/* False and err: ERR_INPUT when what is asked for makes no sense (a schedule that is none), else
 * why it cannot be (disk full). What was there before stays as it was. */
bool runtime_apply_channel(struct runtime *runtime, const struct runtime_channel *channel,
                           struct err *err);
bool runtime_apply_subscription(struct runtime *runtime,
                                const struct runtime_subscription *subscription, struct err *err);
bool runtime_apply_service(struct runtime *runtime, const struct runtime_service *service,
                           struct err *err);
bool runtime_apply_source(struct runtime *runtime, const struct runtime_source *source,
                          struct err *err);
bool runtime_apply_ping(struct runtime *runtime, const struct runtime_ping *ping, struct err *err);

/* Before runtime_begin: a channel or subscription exists, but cannot be applied now (its subscriber
 * cannot be resolved, say). What durable channels keep for it stays. */
void runtime_keep(struct runtime *runtime, struct resource_id id);

/* Ends it: its processes are stopped, the events that a channel still holds for it are dropped. */
void runtime_remove(struct runtime *runtime, struct resource_id id);

/* Checks a PingSource's schedule and timezone (NULL = none) before anything is applied. */
bool runtime_schedule_valid(const char *schedule, const char *timezone, struct err *err);

/* The URL at which a channel or service can be reached from this machine, whether it exists or not,
 * e.g. "http://127.0.0.1:8484/default/channels/pubsub-test". The caller frees. */
char *runtime_address(const struct runtime *runtime, const struct runtime_destination *target);

/* Stops a pod now; a service's or source's is replaced when it is needed. False: no such pod. */
bool runtime_delete_pod(struct runtime *runtime, const char *ns, const char *pod);

/* Appends to out the whole lines from `at` on, as many as fit out->max, and moves `at` behind them.
 * Nothing appended: no more for now, and *ended says whether there can come more. Works for pods
 * that have ended until POD_GONE. False and err: ERR_NOT_FOUND (no such pod, no previous run). */
bool runtime_log_read(struct runtime *runtime, const struct serving_log_request *request,
                      struct serving_log_position *at, struct buf *out, bool *ended,
                      struct err *err);

/* NULL and err: the port is in use, the data directory is not writable. Until runtime_begin the
 * data plane answers 503 with Retry-After: an event that came before the subscriptions of its
 * channel would be taken and reach nobody. */
struct runtime *runtime_open(const struct runtime_options *options, struct err *err);

/* All that there should be from the start has been applied: what durable channels keep of others is
 * removed, deliveries begin, events are taken. */
void runtime_begin(struct runtime *runtime);

/* Begins the end: takes no more events, hands out none. What is under way goes on. */
void runtime_stop(struct runtime *runtime);

/* With runtime_options.io: does what the writer of durable channels has to do now; see
 * event_log_writer_step. */
int64_t runtime_step(struct runtime *runtime);

uint16_t runtime_port(const struct runtime *runtime);

/* Stops, lets what is under way end for runtime_options.drain_ns, cuts the rest (which comes again:
 * from disk, or from its sender), stops all processes, frees. NULL is fine. */
void runtime_close(struct runtime *runtime);

static inline void own_runtime(struct runtime **local)
{
    runtime_close(*local);
}

#endif
