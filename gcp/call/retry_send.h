/* SPDX-License-Identifier: Apache-2.0 */
/* Sends one request until it is answered for good. */
#ifndef GCP_CALL_RETRY_SEND_H
#define GCP_CALL_RETRY_SEND_H

#include "gcp/call/environment.h"
#include "gcp/call/retry.h"

struct retry_run {
    struct retry_policy policy;
    int attempts; /* out: how often it was sent */
};

/* True when the answer is a success (2xx). Otherwise err says who answered what; answer keeps the
 * last answer, if there was one. */
bool retry_send(const struct gcp_environment *outside, const struct http_call *call,
                struct retry_run *sending, struct http_response *answer, struct err *err);

#endif
