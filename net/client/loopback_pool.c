/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to this machine: opened, kept for the next request, closed when idle for long. */
#include "net/client/loopback_pool.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <utlist.h>

enum { LOOK_MS = 5 };

static bool parse_address(const struct url *url, struct sockaddr_storage *address, socklen_t *len)
{
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    if (str_starts(url->host, "127.") && inet_pton(AF_INET, url->host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(url->port);
        *len = sizeof(*four);
        return true;
    }
    if (str_equal(url->host, "::1")) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(url->port);
        six->sin6_addr = in6addr_loopback;
        *len = sizeof(*six);
        return true;
    }
    return false;
}

bool loopback_pool_accepts(const struct transfer *transfer)
{
    struct sockaddr_storage address;
    socklen_t len;
    return !transfer->url.tls && !transfer->call.accept_encoding &&
           parse_address(&transfer->url, &address, &len);
}

struct loopback_host *loopback_pool_host(struct loopback_client *loopback, const struct url *url)
{
    char name[64];
    bool bracket = strchr(url->host, ':') != NULL;
    size_t len = (size_t)snprintf(name, sizeof(name), "%s%s%s:%d", bracket ? "[" : "", url->host,
                                  bracket ? "]" : "", url->port);
    struct loopback_host *host;
    HASH_FIND(hh, loopback->hosts, name, len, host);
    if (!host) {
        host = alloc_zeroed(sizeof(*host));
        host->name = str_copy(name);
        parse_address(url, &host->address, &host->address_len);
        HASH_ADD_KEYPTR(hh, loopback->hosts, host->name, len, host);
    }
    return host;
}

void loopback_pool_watch(struct loopback_client *loopback, struct loopback_connection *connection,
                         int deed, bool writing)
{
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0U),
                                .data.ptr = connection};
    epoll_ctl(loopback->epoll, deed, connection->fd, &event);
    connection->writing = writing;
}

void loopback_pool_defer_free(struct loopback_client *loopback,
                              struct loopback_connection *connection)
{
    /* closing is not enough: a child that has not called exec yet holds the socket open */
    epoll_ctl(loopback->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    close(connection->fd);
    connection->fd = -1;
    connection->host->connections--;
    DL_APPEND(loopback->closed, connection);
}

struct loopback_connection *loopback_pool_connect(struct loopback_client *loopback,
                                                  struct loopback_host *host)
{
    int fd = socket(host->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(fd, (struct sockaddr *)&host->address, host->address_len) < 0 &&
        errno != EINPROGRESS) {
        int reason = errno;
        close(fd);
        errno = reason;
        return NULL;
    }
    struct loopback_connection *connection = alloc_zeroed(sizeof(*connection));
    connection->fd = fd;
    connection->host = host;
    host->connections++;
    loopback->connections++;
    loopback_pool_watch(loopback, connection, EPOLL_CTL_ADD, false);
    return connection;
}

/* Buries the connections of a host that have been idle since before then: those at the end. */
static void close_older(struct loopback_client *loopback, struct loopback_host *host,
                        int64_t than_ns)
{
    while (host->idle && host->idle->prev->idle_ns < than_ns) {
        struct loopback_connection *oldest = host->idle->prev;
        DL_DELETE(host->idle, oldest);
        loopback_pool_defer_free(loopback, oldest);
    }
}

/* Whether the server has closed an idle connection, or sent what nobody asked for. */
static bool is_over(const struct loopback_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

struct loopback_connection *loopback_pool_take_idle(struct loopback_client *loopback,
                                                    struct loopback_host *host)
{
    int64_t now_ns = host->idle ? timestamp_monotonic_ns() : 0;
    if (host->idle)
        close_older(loopback, host, now_ns - loopback->max_idle_sec * (int64_t)NS_PER_SEC);
    while (host->idle) {
        struct loopback_connection *connection = host->idle;
        DL_DELETE(host->idle, connection);
        /* a request that is lost on it counts as an attempt, so it is looked at before */
        if (now_ns - connection->idle_ns < LOOK_MS * NS_PER_MS || !is_over(connection))
            return connection;
        loopback_pool_defer_free(loopback, connection);
    }
    return NULL;
}

void loopback_pool_sweep(struct loopback_client *loopback, int64_t now_ns)
{
    if (now_ns - loopback->swept_ns < NS_PER_SEC)
        return;
    loopback->swept_ns = now_ns;
    struct loopback_host *host, *next;
    HASH_ITER(hh, loopback->hosts, host, next)
    {
        close_older(loopback, host, now_ns - loopback->max_idle_sec * (int64_t)NS_PER_SEC);
        if (host->connections == 0) {
            HASH_DEL(loopback->hosts, host);
            free(host->name);
            free(host);
        }
    }
}

void loopback_pool_free_closed(struct loopback_client *loopback)
{
    struct loopback_connection *connection, *next;
    DL_FOREACH_SAFE(loopback->closed, connection, next)
    {
        response_reader_done(&connection->reader);
        buf_done(&connection->head);
        free(connection);
    }
    loopback->closed = NULL;
}

void loopback_pool_done(struct loopback_client *loopback)
{
    struct loopback_host *host, *next_host;
    HASH_ITER(hh, loopback->hosts, host, next_host)
    {
        struct loopback_connection *connection, *next;
        DL_FOREACH_SAFE(host->idle, connection, next)
        {
            loopback_pool_defer_free(loopback, connection);
        }
        HASH_DEL(loopback->hosts, host);
        free(host->name);
        free(host);
    }
    loopback_pool_free_closed(loopback);
}
