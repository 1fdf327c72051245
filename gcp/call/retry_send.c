/* SPDX-License-Identifier: Apache-2.0 */
/* Sends one request until it is answered for good. */
#include "gcp/call/retry_send.h"

#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/google_error.h"
#include "net/url.h"

/* The status that our caller sees for one of Google's. */
static int status_of(const struct retry_outcome *outcome)
{
    if (retry_helps(outcome))
        return ERR_UNAVAILABLE;
    if (outcome->status == 412)
        return ERR_CONFLICT;
    return outcome->status >= 400 && outcome->status < 500 ? outcome->status : ERR_UPSTREAM;
}

/* An OAuth error that will pass, whatever its HTTP status. */
static bool is_passing(const char *name)
{
    return str_equal(name, "internal_failure") || str_equal(name, "server_error") ||
           str_equal(name, "temporarily_unavailable");
}

static void say(const struct http_call *call, const struct http_response *answer,
                const struct google_error *fault, int status, struct err *err)
{
    OWN(url) struct url url = {0};
    bool known = url_parse(call->url, &url);
    err_set(err, status, "%s answered %d%s%s%s%s", known ? url.host : "the server", answer->status,
            *fault->name ? " " : "", fault->name, *fault->message ? ": " : "", fault->message);
    err->reason = google_error_name(fault->name);
}

/* What came of a try, for retry_next; the texts are fault's and answer's. */
static struct retry_outcome outcome_of(const struct http_response *answer,
                                       const struct google_error *fault)
{
    return (struct retry_outcome){
        .status = answer->status && is_passing(fault->name) ? 503 : answer->status,
        .name = fault->name,
        .reason = fault->reason,
        .retry_after = headers_get(&answer->headers, "retry-after"),
        .retry_delay_ns = fault->retry_delay_ns,
    };
}

/* Sends once. False with err, and outcome to decide about another try. */
static bool send_once(const struct gcp_environment *outside, const struct http_call *call,
                      struct http_response *answer, struct google_error *fault,
                      struct retry_outcome *outcome, struct err *err)
{
    bool answered = outside->send(outside->context, call, answer, err);
    if (answered && answer->status / 100 == 2)
        return true;
    google_error_from_response(answer, fault);
    *outcome = outcome_of(answer, fault);
    if (answered)
        say(call, answer, fault, status_of(outcome), err);
    return false;
}

/* Whether to send again, after the pause that this makes. What was not answered for another reason
 * than the network (too large, not to be trusted) stays so. */
static bool again(const struct gcp_environment *outside, const struct retry_run *sending,
                  int64_t began_ns, const struct retry_outcome *outcome, struct err *err)
{
    if (outcome->status == 0 && err->status != ERR_UNAVAILABLE)
        return false;
    struct retry_moment moment = {
        .attempt = sending->attempts - 1,
        .elapsed_ns = outside->clock_ns(outside->context) - began_ns,
        .now_ns = outside->now_ns(outside->context),
        .chance = outside->chance(outside->context),
    };
    struct retry_step step = retry_next(&sending->policy, outcome, &moment);
    if (!step.again) {
        err->retry_after_sec = (int)((step.wait_ns + NS_PER_SEC - 1) / NS_PER_SEC);
        return false;
    }
    outside->wait_ns(outside->context, step.wait_ns);
    return true;
}

bool retry_send(const struct gcp_environment *outside, const struct http_call *call,
                struct retry_run *sending, struct http_response *answer, struct err *err)
{
    int64_t began_ns = outside->clock_ns(outside->context);
    for (sending->attempts = 1;; sending->attempts++) {
        OWN(google_error) struct google_error fault = {0};
        struct retry_outcome outcome;
        struct err failed = {0};
        http_response_done(answer);
        if (send_once(outside, call, answer, &fault, &outcome, &failed))
            return true;
        if (!again(outside, sending, began_ns, &outcome, &failed)) {
            *err = failed;
            return false;
        }
    }
}
