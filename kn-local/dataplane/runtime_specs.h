/* SPDX-License-Identifier: Apache-2.0 */
/* What there can be in the data plane, as values: channels, subscriptions, sources, and where their
 * events go. */
#ifndef KN_LOCAL_DATAPLANE_RUNTIME_SPECS_H
#define KN_LOCAL_DATAPLANE_RUNTIME_SPECS_H

#include "cloudevents/delivery_policy.h"
#include "kn-local/serving/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where events go. All zero: nowhere. */
struct runtime_destination {
    enum { DESTINATION_NONE, DESTINATION_URL, DESTINATION_CHANNEL, DESTINATION_SERVICE } to;
    const char *ns, *name; /* of the channel or service */
    const char *url; /* DESTINATION_URL: absolute; else path and query below its address, or NULL */
};

struct runtime_channel {
    const char *ns, *name;
    bool durable; /* kept on disk, 202 once the event is safe; else in memory */
    bool async;   /* in memory only: 202 before the deliveries */
};

/* Ordered: the next event is sent when the one before has ended, with all its retries. */
enum runtime_order { RUNTIME_UNORDERED, RUNTIME_ORDERED };

/* A subscription takes effect once its channel exists too, in whatever order they are applied. */
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

#endif
