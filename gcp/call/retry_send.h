/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a request and repeats it as a retry policy allows. */
#ifndef GCP_CALL_RETRY_SEND_H
#define GCP_CALL_RETRY_SEND_H

#include "gcp/call/environment.h"
#include "gcp/call/retry.h"

/* True when the response is a success (2xx). Otherwise err names the server and its error, and
 * response keeps the last response, if there was one. attempts (may be NULL) receives how often the
 * request was sent. */
bool retry_send(const struct gcp_environment *env, const struct http_call *call,
                const struct retry_policy *policy, struct http_response *response, int *attempts,
                struct err *err);

#endif
