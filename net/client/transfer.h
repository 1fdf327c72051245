/* SPDX-License-Identifier: Apache-2.0 */
/* An exchange of the HTTP client, from http_client_start until its callback has run. Private to the
 * client and its back ends. */
#ifndef NET_CLIENT_TRANSFER_H
#define NET_CLIENT_TRANSFER_H

#include "net/client/http_call.h"
#include "net/url.h"

struct http_backend;

struct transfer {
    struct transfer *prev, *next; /* in the client's queue (utlist.h) */
    struct http_backend *backend;
    struct http_call call;
    http_client_callback *ended;
    void *context;
    struct url url; /* of the call */

    struct http_response response;
    bool head_read;     /* response has its final status and all fields */
    struct err failure; /* status 0 = none */
};

/* When the URL is bad, failure says so. */
struct transfer *transfer_new(const struct http_call *call, http_client_callback *ended,
                              void *context);

/* Calls the callback with the response, or with the failure, and frees the transfer. */
void transfer_end(struct transfer *transfer);

/* transfer_end with the failure that the client was closed. */
void transfer_fail_closed(struct transfer *transfer);

/* The defaults of a call. */
bool transfer_has_body(const struct http_call *call);
long transfer_timeout_ms(const struct http_call *call); /* 0 = none */

/* Whether a request that may have been read can be sent again (RFC 9110 section 9.2.2). */
bool transfer_is_idempotent(const struct http_call *call);

/* Whether a field delimits the body. We send our own: a length from the caller would let one
 * request become two. */
bool transfer_is_framing(const char *name);

#endif
