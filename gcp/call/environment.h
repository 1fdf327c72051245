/* SPDX-License-Identifier: Apache-2.0 */
/* What the library needs from the operating system: network, clocks and randomness. A test replaces
 * it, so that Google becomes one function. */
#ifndef GCP_CALL_ENVIRONMENT_H
#define GCP_CALL_ENVIRONMENT_H

#include "net/client/http_client.h"

struct gcp_environment {
    /* As http_client_send. */
    bool (*send)(void *context, const struct http_call *call, struct http_response *response,
                 struct err *err);
    int64_t (*now_ns)(void *context);       /* wall clock */
    int64_t (*monotonic_ns)(void *context); /* for durations */
    void (*sleep_ns)(void *context, int64_t ns);
    double (*random)(void *context); /* uniform, 0 to 1 */
    void *context;
};

/* The system's network and clocks. client must outlive the result. */
struct gcp_environment environment_real(struct http_client *client);

#endif
