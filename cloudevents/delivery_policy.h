/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what follows an attempt to deliver an event: Knative's rules as pure functions.
 * Format: knative/specs eventing/data-plane.md; knative/eventing pkg/kncloudevents/retries.go. */
#ifndef CLOUDEVENTS_DELIVERY_POLICY_H
#define CLOUDEVENTS_DELIVERY_POLICY_H

#include "base/json/jread.h"
#include "cloudevents/event.h"

#include <stdint.h>

enum delivery_backoff { BACKOFF_NONE, BACKOFF_LINEAR, BACKOFF_EXPONENTIAL };

/* The DeliverySpec of a Subscription or Channel, without its dead letter sink. All zero: one
 * attempt, no time limit. */
struct delivery_policy {
    int retry; /* attempts after the first */
    enum delivery_backoff backoff;
    int64_t delay_ns;           /* backoffDelay */
    int64_t timeout_ns;         /* of one attempt; 0 = none */
    int64_t retry_after_max_ns; /* upper limit of a Retry-After; 0 = ignore Retry-After */
};

/* Reads spec.delivery: retry, backoffPolicy, backoffDelay, timeout, retryAfterMax; the dead letter
 * sink and format are left to the caller. */
bool delivery_policy_from_json(struct jread *delivery, struct delivery_policy *policy);

/* ISO 8601 durations without years and months: "PT0.2S", "P1DT2H". */
bool ce_duration_parse(const char *text, int64_t *ns);

/* How an attempt ended. */
struct delivery_result {
    int status;              /* the HTTP status; 0 = no connection, cut, or timeout */
    const char *retry_after; /* the value of the header, or NULL */
};

enum delivery_verdict {
    DELIVERED,
    TRY_AGAIN, /* after wait_ns */
    GIVE_UP,   /* to the dead letter sink, or failed */
};

struct delivery_step {
    enum delivery_verdict verdict;
    int64_t wait_ns;
};

/* Whether the same request may succeed later: after no response (0), 404, 408, 409, 429 and from
 * 500 on. */
bool delivery_policy_retryable(int status);

/* Decides what follows attempt number `attempt` (0 = the first). now_ns is the wall clock, for a
 * Retry-After with a date. */
struct delivery_step delivery_policy_next(const struct delivery_policy *policy, int attempt,
                                          const struct delivery_result *result, int64_t now_ns);

#endif
