/* Connections to this machine, for direct.c alone. */
#ifndef NET_CLIENT_LOOPBACK_POOL_H
#define NET_CLIENT_LOOPBACK_POOL_H

#include "net/client/loopback_client.h"
#include "net/client/response_reader.h"

#include <sys/socket.h>
#include <uthash.h>

/* To one address at once; more requests wait. A thousand subscriptions of a channel that all lead
 * to one server would use up the descriptors and the ports of the machine. */
enum { DIRECT_MOST_CONNECTIONS = 1024 };

struct direct_connection {
    struct direct_connection *prev, *next; /* in its host's idle list, or among the dead */
    struct direct_host *host;
    struct transfer *transfer; /* NULL: idle */
    int fd;
    bool writing; /* epoll tells when it can be written to */
    bool used;    /* it has brought an answer before */
    bool heard;   /* bytes of this transfer's answer have come */
    int broken;   /* errno of a write that failed: reading would not tell it again */
    size_t sent;  /* of head and body */
    struct buf head;
    struct answer_reader reader;
    int64_t idle_ns; /* since when */
};

struct direct_host {
    char *name; /* "127.0.0.1:8080" */
    struct sockaddr_storage address;
    socklen_t address_len;
    struct direct_connection *idle; /* the last used first */
    size_t connections;             /* idle or not */
    struct transfer *waiting;       /* for one of them: there are as many as there may be */
    UT_hash_handle hh;
};

/* The host of a URL that direct_takes. */
struct direct_host *direct_host_of(struct direct *direct, const struct url *url);

/* A new connection, maybe not established yet; NULL and errno. */
struct direct_connection *direct_connect(struct direct *direct, struct direct_host *host);

/* The idle connection used last, out of its list; NULL when there is none. */
struct direct_connection *direct_take_idle(struct direct *direct, struct direct_host *host);

/* Tells epoll (EPOLL_CTL_...) to report input, and room for output when writing. */
void direct_watch(struct direct *direct, struct direct_connection *connection, int deed,
                  bool writing);

/* Closes a connection that is in no list; it is freed by direct_free_dead. */
void direct_bury(struct direct *direct, struct direct_connection *connection);
void direct_free_dead(struct direct *direct);

/* Once a second: closes what was not used for long, forgets hosts that nothing leads to. */
void direct_sweep(struct direct *direct, int64_t now_ns);

#endif
