/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to this machine, for loopback_client.c alone. */
#ifndef NET_CLIENT_LOOPBACK_POOL_H
#define NET_CLIENT_LOOPBACK_POOL_H

#include "net/client/loopback_client.h"
#include "net/client/response_reader.h"

#include <sys/socket.h>
#include <uthash.h>

/* To one address at once; more requests wait. A thousand subscriptions of a channel that all lead
 * to one server would use up the descriptors and the ports of the machine. */
enum { LOOPBACK_MAX_CONNECTIONS = 1024 };

struct loopback_connection {
    struct loopback_connection *prev, *next; /* in its host's idle list, or among the dead */
    struct loopback_host *host;
    struct transfer *transfer; /* NULL: idle */
    int fd;
    bool writing; /* epoll tells when it can be written to */
    bool used;    /* it has brought an answer before */
    bool heard;   /* bytes of this transfer's answer have come */
    int broken;   /* errno of a write that failed: reading would not tell it again */
    size_t sent;  /* of head and body */
    struct buf head;
    struct response_reader reader;
    int64_t idle_ns; /* since when */
};

struct loopback_host {
    char *name; /* "127.0.0.1:8080" */
    struct sockaddr_storage address;
    socklen_t address_len;
    struct loopback_connection *idle; /* the last used first */
    size_t connections;               /* idle or not */
    struct transfer *waiting;         /* for one of them: there are as many as there may be */
    UT_hash_handle hh;
};

/* The host of a URL that loopback_pool_accepts. */
struct loopback_host *loopback_pool_host(struct loopback_client *loopback, const struct url *url);

/* A new connection, maybe not established yet; NULL and errno. */
struct loopback_connection *loopback_pool_connect(struct loopback_client *loopback,
                                                  struct loopback_host *host);

/* The idle connection used last, out of its list; NULL when there is none. */
struct loopback_connection *loopback_pool_take_idle(struct loopback_client *loopback,
                                                    struct loopback_host *host);

/* Tells epoll (EPOLL_CTL_...) to report input, and room for output when writing. */
void loopback_pool_watch(struct loopback_client *loopback, struct loopback_connection *connection,
                         int deed, bool writing);

/* Closes a connection that is in no list; it is freed by loopback_pool_free_closed. */
void loopback_pool_defer_free(struct loopback_client *loopback,
                              struct loopback_connection *connection);
void loopback_pool_free_closed(struct loopback_client *loopback);

/* Once a second: closes what was not used for long, forgets hosts that nothing leads to. */
void loopback_pool_sweep(struct loopback_client *loopback, int64_t now_ns);

#endif
