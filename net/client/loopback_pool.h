/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to a loopback address: opened, kept for the next request, closed when idle. Private
 * to loopback_backend.c. */
#ifndef NET_CLIENT_LOOPBACK_POOL_H
#define NET_CLIENT_LOOPBACK_POOL_H

#include "net/client/http_backend.h"
#include "net/client/response_reader.h"

#include <sys/socket.h>
#include <uthash.h>

/* Per address; more requests wait. A thousand subscriptions with one server as subscriber would use
 * up descriptors and ports. */
enum { LOOPBACK_MAX_CONNECTIONS = 1024 };

struct loopback_connection {
    struct http_watch watch;                 /* first: a watch is cast to its connection */
    struct loopback_connection *prev, *next; /* in its host's idle list, or among the closed */
    struct loopback_host *host;
    struct loopback_exchange *exchange; /* NULL = idle */
    int fd;                             /* -1 = closed */
    bool watches_output;                /* epoll reports when it can be written to */
    bool reused;                        /* it has carried a response before */
    bool has_input;                     /* bytes of this response have arrived */
    int write_error;                    /* errno of a failed write; reads do not report it */
    size_t sent;                        /* of head and body */
    struct buf head;
    struct response_reader reader;
    int64_t idle_since_ns;
};

struct loopback_host {
    char *name; /* "127.0.0.1:8080" */
    struct loopback_backend *backend;
    struct sockaddr_storage address;
    socklen_t address_len;
    struct loopback_connection *idle;  /* most recently used first */
    size_t connections;                /* idle or not */
    struct loopback_exchange *waiting; /* for a connection: all that may be open are in use */
    UT_hash_handle hh;
};

struct loopback_backend {
    struct http_backend base; /* first: a base is cast to its back end */
    struct http_backend_settings *settings;
    int64_t swept_ns;                   /* when idle connections were last checked */
    struct loopback_host *hosts;        /* with their idle connections */
    struct loopback_exchange *running;  /* by deadline */
    struct loopback_connection *closed; /* freed when no event can point to them any longer */
};

/* Whether a URL's host is a loopback address. */
bool loopback_pool_is_local(const struct url *url);

/* The host of a URL that is local. */
struct loopback_host *loopback_pool_host(struct loopback_backend *backend, const struct url *url);

/* A new connection, maybe not established yet; ready is called for its events. NULL and errno. */
struct loopback_connection *loopback_pool_connect(struct loopback_host *host,
                                                  void (*ready)(struct http_watch *watch,
                                                                uint32_t events));

/* Removes the idle connection used last from its list; NULL when there is none. One that its peer
 * has closed is not returned. */
struct loopback_connection *loopback_pool_take_idle(struct loopback_host *host);

/* Makes epoll report also when the connection can be written to, or only input. */
void loopback_pool_watch_output(struct loopback_connection *connection, bool output);

/* Closes a connection that is in no list; it is freed by loopback_pool_free_closed. */
void loopback_pool_close_connection(struct loopback_connection *connection);
void loopback_pool_free_closed(struct loopback_backend *backend);

/* Once a second: closes what was not used for long, forgets hosts without connections. */
void loopback_pool_sweep(struct loopback_backend *backend, int64_t now_ns);

/* Closes the idle connections and frees everything. */
void loopback_pool_done(struct loopback_backend *backend);

#endif
