/* SPDX-License-Identifier: Apache-2.0 */
/* What the library asks of the world outside: the network, clocks, chance. Tests bring their own,
 * and then a Google is one function. */
#ifndef GCP_CALL_ENVIRONMENT_H
#define GCP_CALL_ENVIRONMENT_H

#include "net/client/http_client.h"

struct gcp_environment {
    /* As http_client_send. */
    bool (*send)(void *context, const struct http_call *call, struct http_response *answer,
                 struct err *err);
    int64_t (*now_ns)(void *context);   /* the wall clock */
    int64_t (*clock_ns)(void *context); /* for durations */
    void (*wait_ns)(void *context, int64_t ns);
    double (*chance)(void *context); /* 0 to 1, evenly */
    void *context;
};

/* The real one; client must outlive it. */
struct gcp_environment environment_real(struct http_client *client);

#endif
