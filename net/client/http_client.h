/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client: libcurl, or for plain HTTP to a loopback address its own sockets, at a third of
 * the cost.
 *
 * One thread carries out all exchanges of a client. Connections are kept and shared by all callers;
 * HTTP/2 is used where TLS offers it; redirects are not followed; proxies are taken from the
 * environment (not for loopback); TLS is verified against the system's certificates or
 * SSL_CERT_FILE. When a kept connection ends before the response, a request is sent again only if
 * its method is idempotent or the server cannot have read any of it. All calls may come from any
 * thread. */
#ifndef NET_CLIENT_HTTP_CLIENT_H
#define NET_CLIENT_HTTP_CLIENT_H

#include "net/client/http_call.h"

#include <stdint.h>

struct http_client;

struct http_client_options {
    const char *user_agent;  /* NULL = "knative-c/VERSION" */
    long connect_timeout_ms; /* 0 = 10 s */
    long max_idle_sec;       /* connections idle for longer are not used again; 0 = 60 */
    bool always_libcurl;     /* even for plain HTTP to a loopback address */
};

/* NULL and err when the system refuses a thread or descriptors. options may be NULL. */
struct http_client *http_client_open(const struct http_client_options *options, struct err *err);

/* Ends all exchanges (they fail with ERR_UNAVAILABLE), joins the thread and frees. NULL is fine. */
void http_client_close(struct http_client *client);

static inline void own_http_client(struct http_client **local)
{
    http_client_close(*local);
}

/* Sends a request and waits for the whole response. True with any HTTP status. False and err:
 * ERR_UNAVAILABLE (no connection, cut, timeout), ERR_TOO_LARGE, ERR_UPSTREAM (not HTTP, TLS not
 * trusted), ERR_INPUT (bad URL), ERR_INTERNAL (no libcurl, no such ca_file); response is empty. */
bool http_client_send(struct http_client *client, const struct http_call *call,
                      struct http_response *response, struct err *err);

/* Starts a request and returns. What call borrows must live until ended is called, which happens
 * exactly once, and never from within http_client_start. */
void http_client_start(struct http_client *client, const struct http_call *call,
                       http_client_callback *ended, void *context);

/* How many connections were opened so far. */
uint64_t http_client_connections(const struct http_client *client);

#endif
