/* Plain HTTP/1.1 to this machine, without libcurl: the path of a local channel's deliveries, where
 * libcurl's share was two thirds of the cost. Takes transfers whose URL is http:// and a loopback
 * address. Belongs to one thread. */
#ifndef NET_CLIENT_LOOPBACK_CLIENT_H
#define NET_CLIENT_LOOPBACK_CLIENT_H

#include "net/client/transfer.h"

struct direct_host;
struct direct_connection;

struct direct {
    int epoll;
    long max_idle_sec;
    int64_t swept_ns;               /* when idle connections were looked through */
    uint64_t connections;           /* opened so far */
    struct direct_host *hosts;      /* with their idle connections */
    struct transfer *running;       /* by deadline */
    struct transfer *ended;         /* to be reported by the caller */
    struct direct_connection *dead; /* freed when no event can point to them any more */
};

/* Whether a call may go this way. */
bool direct_takes(const struct transfer *transfer);

void direct_init(struct direct *direct, int epoll, long max_idle_sec);

/* Sends a request. The transfer goes to `ended` when it is over, maybe at once. */
void direct_start(struct direct *direct, struct transfer *transfer);

/* Ends a transfer that runs; the caller reports it. */
void direct_cancel(struct direct *direct, struct transfer *transfer);

/* Something happened at the connection that epoll's event points to. */
void direct_ready(struct direct *direct, struct direct_connection *connection, uint32_t events);

/* Ends what has taken too long, frees what is dead. To be called after each round of events. */
void direct_tidy(struct direct *direct);

/* When the first of the running transfers will have taken too long; INT64_MAX: none. */
int64_t direct_deadline_ns(const struct direct *direct);

void direct_done(struct direct *direct);

#endif
