/* SPDX-License-Identifier: Apache-2.0 */
/* Plain HTTP/1.1 to this machine, without libcurl: the path of a local channel's deliveries, where
 * libcurl's share was two thirds of the cost. Takes transfers whose URL is http:// and a loopback
 * address. Belongs to one thread. */
#ifndef NET_CLIENT_LOOPBACK_CLIENT_H
#define NET_CLIENT_LOOPBACK_CLIENT_H

#include "net/client/transfer.h"

struct loopback_host;
struct loopback_connection;

struct loopback_client {
    int epoll;
    long max_idle_sec;
    int64_t swept_ns;                   /* when idle connections were looked through */
    uint64_t connections;               /* opened so far */
    struct loopback_host *hosts;        /* with their idle connections */
    struct transfer *running;           /* by deadline */
    struct transfer *ended;             /* to be reported by the caller */
    struct loopback_connection *closed; /* freed when no event can point to them any more */
};

/* Whether a call may go this way. */
bool loopback_pool_accepts(const struct transfer *transfer);

void loopback_client_init(struct loopback_client *loopback, int epoll, long max_idle_sec);

/* Sends a request. The transfer goes to `ended` when it is over, maybe at once. */
void loopback_client_start(struct loopback_client *loopback, struct transfer *transfer);

/* Ends a transfer that runs; the caller reports it. */
void loopback_client_cancel(struct loopback_client *loopback, struct transfer *transfer);

/* Something happened at the connection that epoll's event points to. */
void loopback_client_ready(struct loopback_client *loopback, struct loopback_connection *connection,
                           uint32_t events);

/* Ends what has taken too long, frees what is dead. To be called after each round of events. */
void loopback_client_sweep(struct loopback_client *loopback);

/* When the first of the running transfers will have taken too long; INT64_MAX: none. */
int64_t loopback_client_deadline_ns(const struct loopback_client *loopback);

void loopback_pool_done(struct loopback_client *loopback);

#endif
