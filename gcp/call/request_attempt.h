/* Sends one request until it is answered for good. */
#ifndef GCP_CALL_REQUEST_ATTEMPT_H
#define GCP_CALL_REQUEST_ATTEMPT_H

#include "gcp/call/environment.h"
#include "gcp/call/retry.h"

struct sending {
    struct retry_policy policy;
    int attempts; /* out: how often it was sent */
};

/* True when the answer is a success (2xx). Otherwise err says who answered what; answer keeps the
 * last answer, if there was one. */
bool send_until_answered(const struct outside *outside, const struct http_call *call,
                         struct sending *sending, struct http_answer *answer, struct err *err);

#endif
