/* SPDX-License-Identifier: Apache-2.0 */
/* Forwards HTTP requests to the pods of a service. */
#ifndef KN_LOCAL_SERVING_PROXY_H
#define KN_LOCAL_SERVING_PROXY_H

#include "kn-local/serving/revision.h"
#include "net/server/http_server.h"

/* Forwards a request: its method, path (relative to the service's address; "" means "/"), query,
 * headers and body; adds Forwarded, X-Forwarded-*, X-Request-Id and K-Proxy-Request. Returns the
 * response unchanged, or 502 when the program sent none. */
void proxy_request(struct revision *revision, const char *path, struct http_exchange *exchange);

#endif
