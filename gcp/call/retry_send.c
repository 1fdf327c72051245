/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a request and repeats it as a retry policy allows. */
#include "gcp/call/retry_send.h"

#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/google_error.h"
#include "net/url.h"

/* The status for our caller. */
static int err_status(const struct retry_outcome *outcome)
{
    if (retry_outcome_retryable(outcome))
        return ERR_UNAVAILABLE;
    if (outcome->status == 412)
        return ERR_CONFLICT;
    return outcome->status >= 400 && outcome->status < 500 ? outcome->status : ERR_UPSTREAM;
}

/* OAuth errors that are temporary, whatever their HTTP status. */
static bool is_temporary(const char *name)
{
    return str_equal(name, "internal_failure") || str_equal(name, "server_error") ||
           str_equal(name, "temporarily_unavailable");
}

/* Sends once. On failure err is set, and outcome borrows from response and error. */
static bool send_once(const struct gcp_environment *env, const struct http_call *call,
                      struct http_response *response, struct google_error *error,
                      struct retry_outcome *outcome, struct err *err)
{
    bool answered = env->send(env->context, call, response, err);
    if (answered && response->status / 100 == 2)
        return true;
    google_error_from_response(response, error);
    *outcome = (struct retry_outcome){
        .status = response->status && is_temporary(error->name) ? 503 : response->status,
        .name = error->name,
        .reason = error->reason,
        .retry_after = headers_get(&response->headers, "retry-after"),
        .retry_delay_ns = error->retry_delay_ns,
    };
    if (!answered)
        return false;
    OWN(url) struct url url = {0};
    const char *server = url_parse(call->url, &url) ? url.host : "the server";
    err_set(err, err_status(outcome), "%s answered %d%s%s%s%s", server, response->status,
            *error->name ? " " : "", error->name, *error->message ? ": " : "", error->message);
    err->reason = google_error_name(error->name);
    return false;
}

bool retry_send(const struct gcp_environment *env, const struct http_call *call,
                const struct retry_policy *policy, struct http_response *response, int *attempts,
                struct err *err)
{
    int64_t start_ns = env->monotonic_ns(env->context);
    for (int number = 0;; number++) {
        if (attempts)
            *attempts = number + 1;
        OWN(google_error) struct google_error error = {0};
        struct retry_outcome outcome;
        struct err failed = {0};
        http_response_done(response);
        if (send_once(env, call, response, &error, &outcome, &failed))
            return true;

        struct retry_attempt attempt = {
            .number = number,
            .elapsed_ns = env->monotonic_ns(env->context) - start_ns,
            .now_ns = env->now_ns(env->context),
            .random = env->random(env->context),
        };
        struct retry_decision decision = retry_next(policy, &outcome, &attempt);
        /* a response that was refused locally (too large, TLS) will not get better */
        bool refused = outcome.status == 0 && failed.status != ERR_UNAVAILABLE;
        if (!decision.retry || refused) {
            *err = failed;
            if (!refused)
                err->retry_after_sec = (int)((decision.delay_ns + NS_PER_SEC - 1) / NS_PER_SEC);
            return false;
        }
        env->sleep_ns(env->context, decision.delay_ns);
    }
}
