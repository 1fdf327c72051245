/* SPDX-License-Identifier: Apache-2.0 */
/* Routes requests to the APIs. Both ports, with and without TLS, share one router. */
#ifndef GCP_LOCAL_ROUTER_ROUTER_H
#define GCP_LOCAL_ROUTER_ROUTER_H

#include "gcp-local/cloud.h"
#include "net/server/http_server.h"

/* The scope of the tokens with which `gcp-local reset` calls the server; clients cannot get it. */
#define ROUTER_ADMIN_SCOPE "gcp-local:control"
#define ROUTER_RESET_PATH  "/_gcp-local/reset"

struct router {
    struct cloud *cloud; /* borrowed */
    bool require_auth;
};

/* The handlers of http_server.h; app is the router. */
void router_begin(struct http_exchange *exchange, void *app);
void router_handle(struct http_exchange *exchange, void *app);
void router_refuse(struct http_exchange *exchange, const struct err *err, void *app);

#endif
