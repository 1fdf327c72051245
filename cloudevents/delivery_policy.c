/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what follows an attempt to deliver an event: Knative's rules as pure functions. */
#include "cloudevents/delivery_policy.h"

#include "base/backoff.h"
#include "base/base64.h"
#include "base/str.h"
#include "base/timestamp.h"

/* Reads a duration of the delivery spec that is at least min_ns. */
static bool read_duration(struct jread *delivery, const char *key, int64_t min_ns, int64_t *ns)
{
    const char *text = jread_str_or(delivery, key, NULL);
    if (!text)
        return jread_ok(delivery);
    if (!ce_duration_parse(text, ns))
        return jread_fail(delivery, key, "is %s, want an ISO 8601 duration such as PT0.2S", text);
    if (*ns < min_ns)
        return jread_fail(delivery, key, "is %s, want %s", text,
                          min_ns ? "more than zero" : "zero or more");
    return true;
}

bool delivery_policy_from_json(struct jread *delivery, struct delivery_policy *policy)
{
    *policy = (struct delivery_policy){0};
    policy->retry = (int)jread_int64_or(delivery, "retry", 0, INT32_MAX, 0);
    const char *backoff = jread_str_or(delivery, "backoffPolicy", NULL);
    if (str_equal(backoff, "linear"))
        policy->backoff = BACKOFF_LINEAR;
    else if (str_equal(backoff, "exponential"))
        policy->backoff = BACKOFF_EXPONENTIAL;
    else if (backoff)
        return jread_fail(delivery, "backoffPolicy", "is %s, want linear or exponential", backoff);

    return read_duration(delivery, "backoffDelay", INT64_MIN, &policy->delay_ns) &&
           read_duration(delivery, "timeout", 1, &policy->timeout_ns) &&
           read_duration(delivery, "retryAfterMax", 0, &policy->retry_after_max_ns);
}

bool delivery_policy_retryable(int status)
{
    return status == 0 || status == 404 || status == 408 || status == 409 || status == 429 ||
           status >= 500;
}

/* The wait before retry number `attempt` (from 0). As in Knative's code, linear starts without a
 * wait, and a backoff without a delay, or a delay without a backoff, does not wait. */
static int64_t backoff_ns(const struct delivery_policy *policy, int attempt)
{
    if (policy->delay_ns <= 0 || policy->backoff == BACKOFF_NONE)
        return 0;
    if (policy->backoff == BACKOFF_EXPONENTIAL)
        return backoff_exponential_ns(policy->delay_ns, INT64_MAX, attempt);
    int64_t wait_ns;
    return __builtin_mul_overflow(policy->delay_ns, attempt, &wait_ns) ? INT64_MAX : wait_ns;
}

struct delivery_step delivery_policy_next(const struct delivery_policy *policy, int attempt,
                                          const struct delivery_result *result, int64_t now_ns)
{
    if (result->status >= 200 && result->status < 300)
        return (struct delivery_step){.verdict = DELIVERED};
    if (attempt >= policy->retry || !delivery_policy_retryable(result->status))
        return (struct delivery_step){.verdict = GIVE_UP};

    int64_t wait_ns = backoff_ns(policy, attempt);
    if (policy->retry_after_max_ns > 0 && (result->status == 429 || result->status == 503)) {
        int64_t asked_wait_ns =
            backoff_retry_after_ns(result->retry_after, now_ns, policy->retry_after_max_ns);
        if (asked_wait_ns > wait_ns)
            wait_ns = asked_wait_ns;
    }
    return (struct delivery_step){.verdict = TRY_AGAIN, .wait_ns = wait_ns};
}
