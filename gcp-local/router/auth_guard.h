/* SPDX-License-Identifier: Apache-2.0 */
/* --require-auth: which scopes a request needs, and Google's answer when it comes without. */
#ifndef GCP_LOCAL_ROUTER_AUTH_GUARD_H
#define GCP_LOCAL_ROUTER_AUTH_GUARD_H

#include "gcp-local/token/token_service.h"
#include "net/server/http_server.h"

/* True when the request may go on; otherwise it was answered with 401 or 403. Token endpoints,
 * published keys and the metadata server are for everybody. */
bool auth_guard_allows(struct http_exchange *exchange, struct token_service *tokens);

#endif
