/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out the exchanges of an HTTP client: over its own sockets to a loopback address, or by
 * libcurl. Each back end has its own state; all calls come from the client's thread. Private to the
 * client. */
#ifndef NET_CLIENT_HTTP_BACKEND_H
#define NET_CLIENT_HTTP_BACKEND_H

#include "net/client/transfer.h"

#include <stdatomic.h>

struct http_backend {
    /* Begins an exchange. The back end ends it with transfer_end, maybe at once. */
    void (*start)(struct http_backend *backend, struct transfer *transfer);

    /* Does what is due by the clock; called after each round of events. */
    void (*run)(struct http_backend *backend);

    /* The monotonic time when run is due without an event; INT64_MAX = not at all. */
    int64_t (*deadline_ns)(const struct http_backend *backend);

    /* Ends all exchanges with transfer_fail_closed, closes all connections, frees the back end. */
    void (*close)(struct http_backend *backend);
};

/* data.ptr of a descriptor in the client's epoll set. */
struct http_watch {
    void (*ready)(struct http_watch *watch, uint32_t events);
};

/* What the back ends of a client have in common; outlives them. */
struct http_backend_settings {
    int epoll;        /* watched by the client's thread: events lead to a struct http_watch */
    char *user_agent; /* owned */
    char *ca_file;    /* owned; NULL = the system's certificates */
    long connect_timeout_ms;
    long max_idle_sec;
    atomic_uint_fast64_t connections; /* opened so far */
};

/* Plain HTTP/1.1 to a loopback address. Never NULL. */
struct http_backend *loopback_backend_open(struct http_backend_settings *settings);

/* Whether an exchange can go this way. */
bool loopback_backend_accepts(const struct transfer *transfer);

/* All exchanges, by libcurl, which is loaded when the first one starts. Never NULL. */
struct http_backend *curl_backend_open(struct http_backend_settings *settings);

#endif
