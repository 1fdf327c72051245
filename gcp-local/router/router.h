/* SPDX-License-Identifier: Apache-2.0 */
/* Which API a request is for. Both ports, with and without TLS, share one router. */
#ifndef GCP_LOCAL_ROUTER_ROUTER_H
#define GCP_LOCAL_ROUTER_ROUTER_H

#include "gcp-local/cloud.h"
#include "net/server/http_server.h"

/* The scope of the tokens with which `gcp-local reset` calls the server; no client is granted it.
 */
#define ROUTER_ADMIN_SCOPE "gcp-local:control"
#define ROUTER_RESET_PATH  "/_gcp-local/reset"

struct router {
    struct cloud *cloud; /* borrowed */
    bool require_auth;
};

/* Handlers of http_server.h; app is the router. */
void router_begin(struct http_exchange *exchange, void *app);
void router_handle(struct http_exchange *exchange, void *app);
void router_refuse(struct http_exchange *exchange, const struct err *err, void *app);

#endif
