/* SPDX-License-Identifier: Apache-2.0 */
/* Requests from outside on their way to a workload. */
#ifndef KN_LOCAL_SERVING_PROXY_H
#define KN_LOCAL_SERVING_PROXY_H

#include "kn-local/serving/revision.h"
#include "net/server/http_server.h"

/* Passes a request on: method, path (the part behind the service's own address; "" is "/"), query,
 * fields and body; adds Forwarded, X-Forwarded-*, X-Request-Id and K-Proxy-Request. The answer
 * comes back as it is; 502 when the program did not give one. */
void proxy_request(struct revision *workload, const char *path, struct http_exchange *exchange);

#endif
