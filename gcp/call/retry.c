/* SPDX-License-Identifier: Apache-2.0 */
/* Whether and when to try a call again: Google's guidance as a pure function. */
#include "gcp/call/retry.h"

#include "base/str.h"
#include "base/timestamp.h"

enum { MOST_RETRY_AFTER_SEC = 24 * 3600 };

/* Translate and Storage say 403 when a rate is exceeded. */
static bool is_rate_limit(const char *reason)
{
    return str_equal(reason, "rateLimitExceeded") || str_equal(reason, "userRateLimitExceeded") ||
           str_equal(reason, "RATE_LIMIT_EXCEEDED");
}

bool retry_helps(const struct retry_outcome *outcome)
{
    switch (outcome->status) {
    case 0: /* no answer */
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

static int64_t asked_wait(const struct retry_outcome *outcome, int64_t now_ns)
{
    int64_t wait_ns = outcome->retry_delay_ns;
    int64_t value;
    if (str_int(outcome->retry_after, 0, MOST_RETRY_AFTER_SEC, &value))
        value *= NS_PER_SEC;
    else if (outcome->retry_after && timestamp_parse_http(outcome->retry_after, &value))
        value -= now_ns;
    else
        value = 0;
    return value > wait_ns ? value : wait_ns;
}

/* Full jitter: anything up to a limit that doubles. */
static int64_t own_wait(const struct retry_policy *policy, const struct retry_moment *moment)
{
    int64_t limit = policy->first_ns;
    for (int i = 0; i < moment->attempt && limit < policy->most_ns; i++)
        limit *= 2;
    if (limit > policy->most_ns)
        limit = policy->most_ns;
    return (int64_t)((double)limit * moment->chance);
}

struct retry_step retry_next(const struct retry_policy *policy, const struct retry_outcome *outcome,
                             const struct retry_moment *moment)
{
    int64_t asked_ns = asked_wait(outcome, moment->now_ns);
    struct retry_step stop = {.again = false, .wait_ns = asked_ns};
    if (!policy->repeatable || !retry_helps(outcome))
        return stop;
    if (policy->tries && moment->attempt + 1 >= policy->tries)
        return stop;

    int64_t wait_ns = own_wait(policy, moment);
    if (asked_ns > wait_ns)
        wait_ns = asked_ns;
    if (moment->elapsed_ns + wait_ns >= policy->deadline_ns)
        return stop;
    return (struct retry_step){.again = true, .wait_ns = wait_ns};
}
