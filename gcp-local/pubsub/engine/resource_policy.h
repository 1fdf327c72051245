/* What a subscription's configuration means for its deliveries. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_RESOURCE_POLICY_H
#define GCP_LOCAL_PUBSUB_ENGINE_RESOURCE_POLICY_H

#include "gcp-local/pubsub/engine/filter.h"

#include <jansson.h>

enum {
    LEAST_ACK_DEADLINE_SEC = 10,
    MOST_ACK_DEADLINE_SEC = 600,
    LEAST_ATTEMPTS = 5,
    MOST_ATTEMPTS = 100,
};

/* How a push endpoint is called. All zero: not at all. */
struct push_rules {
    char *endpoint;      /* NULL: messages are pulled */
    char *oidc_email;    /* sign calls for this account; NULL: not */
    char *oidc_audience; /* never NULL with oidc_email */
    bool unwrapped;      /* the data is the body */
    bool metadata;       /* with unwrapped: attributes become header fields */
};

/* All zero is empty. */
struct rules {
    int64_t ack_deadline_ns;
    int64_t retention_ns;
    int64_t ttl_ns;                            /* deleted when unused for so long; 0 = never */
    int64_t least_backoff_ns, most_backoff_ns; /* both 0: at once */
    bool retain_acked, ordering, exactly_once, detached;
    int most_attempts;       /* 0 = any number */
    char *dead_letter_topic; /* NULL = none */
    struct filter *filter;   /* NULL = everything */
    struct push_rules push;
};

/* Completes a subscription as proto_read gave it with the defaults that the service shows, and
 * checks every limit. False and err: ERR_INPUT, or reason OUT_OF_RANGE. */
bool subscription_complete(json_t *subscription, struct err *err);

/* The rules of a complete subscription. */
bool rules_from_subscription(const json_t *subscription, struct rules *rules, struct err *err);
void rules_done(struct rules *rules);

/* Checks a topic as proto_read gave it. */
bool topic_check(const json_t *topic, struct err *err);

/* How long a topic keeps what was published, 0 = not at all. */
int64_t topic_retention_ns(const json_t *topic);

#endif
