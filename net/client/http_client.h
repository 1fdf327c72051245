/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client: libcurl behind one door, loaded when it is first needed, so a program that calls
 * nobody pays nothing for it. Plain HTTP to a loopback address needs none: it goes over sockets of
 * our own, at a third of the cost.
 *
 * One thread drives all transfers of a client: connections are kept and shared by all callers,
 * HTTP/2 is used where TLS offers it, redirects are never followed, proxies are taken from the
 * environment (not for loopback), TLS is verified against the system's certificates or
 * SSL_CERT_FILE. All calls may come from any thread. */
#ifndef NET_CLIENT_HTTP_CLIENT_H
#define NET_CLIENT_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "net/headers.h"

#include <stdbool.h>
#include <stdint.h>

struct http_client;

struct http_client_options {
    const char *user_agent;  /* NULL = "knative-c/VERSION" */
    long connect_timeout_ms; /* 0 = 10 s */
    long max_idle_sec;       /* connections idle for longer are not used again; 0 = 60 */
    bool always_libcurl;     /* also for plain HTTP to a loopback address */
};

/* A request. Everything is borrowed until the request has ended. Zero means the default. */
struct http_call {
    const char *method; /* NULL = GET, or POST when there is a body */
    const char *url;
    const struct headers *headers; /* sent besides Host, User-Agent, Accept, Content-Length */
    struct bytes body;
    long timeout_ms;      /* for the whole exchange; 0 = 60 s, -1 = none */
    size_t max_reply;     /* a larger body fails with ERR_TOO_LARGE; 0 = 16 MiB */
    bool accept_encoding; /* ask for gzip and unpack it; max_reply counts the unpacked bytes */
    int stop_at_status;   /* an interim status that is all the answer, e.g. 102; 0 = none is */
    bool allow_lost_body; /* an answer whose body is cut, late or too large is one: see body_lost */
    bool no_proxy;        /* never through a proxy (metadata server) */
    const char *ca_file;  /* PEM to verify the server with instead of the system's; NULL = system */
    const char *ca_pem;   /* a text like that to verify it with besides the system's; NULL = none */
};

/* What came back. All zero is empty. */
struct http_response {
    int status; /* 100…999; 0 while there was no answer */
    struct headers headers;
    struct buf body;
    bool body_lost; /* the head was read, the body was not and is empty; only if the call allows it
                     */
};

/* The reason of a failure when nobody listened at the address: nobody has seen the request. */
extern const char http_client_refused[];

void http_client_response_done(struct http_response *answer);

static inline void own_http_response(struct http_response *local)
{
    http_client_response_done(local);
}

/* NULL and err when resources ran out. options may be NULL. */
struct http_client *http_client_open(const struct http_client_options *options, struct err *err);

/* Ends all transfers (they fail with ERR_UNAVAILABLE), joins the thread and frees. NULL is fine. */
void http_client_close(struct http_client *client);

static inline void own_http_client(struct http_client **local)
{
    http_client_close(*local);
}

/* Sends and waits for the whole answer. True with any HTTP status; false when there was none:
 * ERR_UNAVAILABLE (no connection, cut, timeout), ERR_TOO_LARGE, ERR_UPSTREAM (not HTTP, TLS not
 * trusted), ERR_INPUT (bad URL), ERR_INTERNAL (no libcurl, no such ca_file). answer is empty then.
 */
bool http_client_send(struct http_client *client, const struct http_call *call,
                      struct http_response *answer, struct err *err);

/* Called on the client's thread when a started request has ended: answer is NULL when there was
 * none, and err says why. Must not block, and must not call http_client_send; it may call
 * http_client_start. The callee may move things out of answer. */
typedef void http_client_callback(struct http_response *answer, const struct err *err,
                                  void *context);

/* Starts a request and returns. The borrowed parts of call must live until ended is called, which
 * happens exactly once, and never from within http_client_start. */
void http_client_start(struct http_client *client, const struct http_call *call,
                       http_client_callback *ended, void *context);

/* How many connections were opened so far (tests count them). */
uint64_t http_client_connections(const struct http_client *client);

#endif
