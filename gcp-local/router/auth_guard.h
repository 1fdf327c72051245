/* SPDX-License-Identifier: Apache-2.0 */
/* --require-auth: the scopes that a request needs, and Google's error when it lacks them. */
#ifndef GCP_LOCAL_ROUTER_AUTH_GUARD_H
#define GCP_LOCAL_ROUTER_AUTH_GUARD_H

#include "gcp-local/token/token_service.h"
#include "net/server/http_server.h"

/* True if the request is allowed; otherwise it was answered with 401 or 403. Token endpoints,
 * published keys and the metadata server need no token. */
bool auth_guard_allows(struct http_exchange *exchange, struct token_service *tokens);

#endif
