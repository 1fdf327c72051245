/* SPDX-License-Identifier: Apache-2.0 */
/* Whether and when to repeat a call: Google's guidance as a pure function. */
#include "gcp/call/retry.h"

#include "base/backoff.h"
#include "base/str.h"
#include "base/timestamp.h"

/* A longer Retry-After is ignored. */
static const int64_t MAX_RETRY_AFTER_NS = 24 * 3600 * NS_PER_SEC;

/* Translate and Storage answer 403 when a rate limit is exceeded. */
static bool is_rate_limit(const char *reason)
{
    return str_equal(reason, "rateLimitExceeded") || str_equal(reason, "userRateLimitExceeded") ||
           str_equal(reason, "RATE_LIMIT_EXCEEDED");
}

bool retry_outcome_retryable(const struct retry_outcome *outcome)
{
    switch (outcome->status) {
    case 0: /* no response */
    case 408:
    case 429:
    case 499:
    case 500:
    case 502:
    case 503:
    case 504:
        return true;
    case 403:
        return is_rate_limit(outcome->reason);
    case 409:
        return str_equal(outcome->name, "ABORTED");
    default:
        return false;
    }
}

struct retry_decision retry_next(const struct retry_policy *policy,
                                 const struct retry_outcome *outcome,
                                 const struct retry_attempt *attempt)
{
    int64_t server_ns = backoff_retry_after_ns(outcome->retry_after, attempt->now_ns, INT64_MAX);
    if (server_ns > MAX_RETRY_AFTER_NS)
        server_ns = 0;
    if (server_ns < outcome->retry_delay_ns)
        server_ns = outcome->retry_delay_ns;
    struct retry_decision stop = {.retry = false, .delay_ns = server_ns};
    if (!policy->idempotent || !retry_outcome_retryable(outcome))
        return stop;
    if (policy->max_attempts && attempt->number + 1 >= policy->max_attempts)
        return stop;

    int64_t limit_ns = backoff_exponential_ns(policy->initial_ns, policy->max_ns, attempt->number);
    int64_t delay_ns = (int64_t)((double)limit_ns * attempt->random);
    if (delay_ns < server_ns)
        delay_ns = server_ns;
    if (attempt->elapsed_ns + delay_ns >= policy->deadline_ns)
        return stop;
    return (struct retry_decision){.retry = true, .delay_ns = delay_ns};
}
