/* SPDX-License-Identifier: Apache-2.0 */
/* A request of the HTTP client, and the call at its end. */
#ifndef NET_CLIENT_HTTP_CALL_H
#define NET_CLIENT_HTTP_CALL_H

#include "base/err.h"
#include "net/client/http_response.h"

/* A request. Everything is borrowed until the request has ended. Zero means the default. */
struct http_call {
    const char *method; /* NULL = GET, or POST when there is a body */
    const char *url;
    const struct headers *headers; /* sent besides Host, User-Agent, Accept, Content-Length */
    struct bytes body;
    long timeout_ms;      /* for the whole exchange; 0 = 60 s, -1 = none */
    size_t max_reply;     /* a larger response body is ERR_TOO_LARGE; 0 = 16 MiB */
    bool accept_encoding; /* ask for gzip and unpack it; max_reply counts the unpacked bytes */
    int stop_at_status;   /* an interim status, e.g. 102, that ends the exchange; 0 = none */
    bool allow_lost_body; /* succeed with the head alone when the body fails: see body_lost */
    bool no_proxy;        /* never through a proxy (metadata server) */
    const char *ca_file;  /* PEM file of the certificates to trust; NULL = the system's */
    const char *ca_pem;   /* PEM text of certificates to trust in addition; NULL = none */
};

/* err->reason when the connection was refused: no server has seen the request. */
extern const char http_client_refused[];

/* Called on the client's thread when a started request has ended: response is NULL after a failure,
 * and err says why. Must not block, and must not call http_client_send; it may call
 * http_client_start. The callee may move things out of response. */
typedef void http_client_callback(struct http_response *response, const struct err *err,
                                  void *context);

#endif
