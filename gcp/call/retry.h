/* SPDX-License-Identifier: Apache-2.0 */
/* Whether and when to repeat a call: Google's guidance as a pure function. */
#ifndef GCP_CALL_RETRY_H
#define GCP_CALL_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* Exponential backoff with full jitter: attempt n waits between 0 and initial_ns * 2^n, at most
 * max_ns. */
struct retry_policy {
    int64_t initial_ns, max_ns;
    int64_t deadline_ns; /* since the start of the first attempt; no attempt starts later */
    int max_attempts;    /* 0 = as many as fit into the deadline */
    bool idempotent;     /* sending twice does no harm; otherwise there is one attempt only */
};

/* How an attempt ended. The strings are borrowed. */
struct retry_outcome {
    int status;              /* HTTP status; 0 = no response */
    const char *name;        /* Google's error.status, e.g. "ABORTED"; "" when absent */
    const char *reason;      /* more precise, e.g. "rateLimitExceeded"; "" when absent */
    const char *retry_after; /* the header's value, or NULL */
    int64_t retry_delay_ns;  /* of a RetryInfo, or 0 */
};

/* When the decision is taken. */
struct retry_attempt {
    int number;         /* 0 = the first attempt has just ended */
    int64_t elapsed_ns; /* since the start of the first attempt */
    int64_t now_ns;     /* wall clock, for a Retry-After that is a date */
    double random;      /* 0 to 1 */
};

struct retry_decision {
    bool retry;       /* after delay_ns */
    int64_t delay_ns; /* without retry: the delay that the server asked for, or 0 */
};

/* True when the same request may succeed later. */
bool retry_outcome_retryable(const struct retry_outcome *outcome);

struct retry_decision retry_next(const struct retry_policy *policy,
                                 const struct retry_outcome *outcome,
                                 const struct retry_attempt *attempt);

#endif
