/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a subscription: its JSON, checked and read. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_SETTINGS_H
#define GCP_LOCAL_PUBSUB_ENGINE_SETTINGS_H

#include "gcp-local/pubsub/engine/filter.h"

#include <jansson.h>

enum {
    MIN_ACK_DEADLINE_SEC = 10,
    MAX_ACK_DEADLINE_SEC = 600,
    MIN_DELIVERY_ATTEMPTS = 5,
    MAX_DELIVERY_ATTEMPTS = 100,
};

/* How messages are pushed. */
struct push_settings {
    char *endpoint;      /* NULL: messages are pulled */
    char *oidc_email;    /* the account of the token; NULL: no token */
    char *oidc_audience; /* the endpoint unless it is set */
    bool unwrapped;      /* the data is the whole body */
    bool metadata;       /* with unwrapped: attributes are header fields */
};

/* All zero is empty. */
struct subscription_settings {
    int64_t ack_deadline_ns;
    int64_t retention_ns;
    int64_t ttl_ns;                         /* unused for so long, it is deleted; 0 = never */
    int64_t min_backoff_ns, max_backoff_ns; /* both 0: at once */
    bool retain_acked, ordering, exactly_once, detached;
    int max_attempts;        /* 0 = unlimited */
    char *dead_letter_topic; /* NULL = none */
    struct filter *filter;   /* NULL = everything */
    struct push_settings push;
};

/* Adds the defaults that the service shows to a subscription from proto_json_read, and checks every
 * limit. False and err (ERR_INPUT, perhaps with reason OUT_OF_RANGE). */
bool settings_complete_subscription(json_t *subscription, struct err *err);

/* Reads a complete subscription. */
bool settings_from_subscription(const json_t *subscription, struct subscription_settings *settings,
                                struct err *err);
void settings_done(struct subscription_settings *settings);

/* Checks a topic from proto_json_read. False and err (ERR_INPUT). */
bool settings_check_topic(const json_t *topic, struct err *err);

/* How long a topic retains what was published; 0 = not at all. */
int64_t settings_topic_retention_ns(const json_t *topic);

#endif
