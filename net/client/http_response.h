/* SPDX-License-Identifier: Apache-2.0 */
/* The response to a request of the HTTP client. */
#ifndef NET_CLIENT_HTTP_RESPONSE_H
#define NET_CLIENT_HTTP_RESPONSE_H

#include "base/buf.h"
#include "net/headers.h"

/* A response. All zero is empty. */
struct http_response {
    int status; /* 100…999; 0 = none */
    struct headers headers;
    struct buf body;
    bool body_lost; /* the body was cut, late or too large, and is empty; see allow_lost_body */
};

void http_response_done(struct http_response *response);

static inline void own_http_response(struct http_response *local)
{
    http_response_done(local);
}

#endif
