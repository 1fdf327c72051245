/* Sends one request until it is answered for good. */
#include "gcp/send.h"

#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/fault.h"
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

static void say(const struct http_call *call, const struct http_answer *answer,
                const struct fault *fault, int status, struct err *err)
{
    OWN(url)
    struct url url = {0};
    bool known = url_parse(call->url, &url);
    err_set(err, status, "%s answered %d%s%s%s%s", known ? url.host : "the server", answer->status,
            *fault->name ? " " : "", fault->name, *fault->message ? ": " : "", fault->message);
    err->reason = fault_name(fault->name);
}

/* One try. True when that was it, for better (2xx) or worse (err); false to try again after a wait.
 */
static bool try_once(const struct outside *outside, const struct http_call *call,
                     struct sending *sending, int64_t began_ns, struct http_answer *answer,
                     struct err *err)
{
    struct err failed = {0};
    http_answer_done(answer);
    bool answered = outside->send(outside->context, call, answer, &failed);
    sending->attempts++;
    if (answered && answer->status / 100 == 2)
        return true;

    OWN(fault)
    struct fault fault = {0};
    fault_from_answer(answer, &fault);
    struct retry_outcome outcome = {
        .status = answer->status,
        .name = fault.name,
        .reason = fault.reason,
        .retry_after = headers_get(&answer->headers, "retry-after"),
        .retry_delay_ns = fault.retry_delay_ns,
    };
    if (answered && is_passing(fault.name))
        outcome.status = 503;
    if (answered)
        say(call, answer, &fault, status_of(&outcome), err);
    else
        *err = failed;
    /* too large an answer or a server not to be trusted stay so */
    if (!answered && failed.status != ERR_UNAVAILABLE)
        return true;

    struct retry_moment moment = {
        .attempt = sending->attempts - 1,
        .elapsed_ns = outside->clock_ns(outside->context) - began_ns,
        .now_ns = outside->now_ns(outside->context),
        .chance = outside->chance(outside->context),
    };
    struct retry_step step = retry_next(&sending->policy, &outcome, &moment);
    if (!step.again) {
        err->retry_after_sec = (int)((step.wait_ns + NS_PER_SEC - 1) / NS_PER_SEC);
        return true;
    }
    *err = (struct err){0};
    outside->wait_ns(outside->context, step.wait_ns);
    return false;
}

bool send_until_answered(const struct outside *outside, const struct http_call *call,
                         struct sending *sending, struct http_answer *answer, struct err *err)
{
    int64_t began_ns = outside->clock_ns(outside->context);
    sending->attempts = 0;
    while (!try_once(outside, call, sending, began_ns, answer, err))
        continue;
    return !err->status;
}
