/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to a loopback address: opened, kept for the next request, closed when idle. */
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

bool loopback_pool_is_local(const struct url *url)
{
    struct sockaddr_storage address;
    socklen_t len;
    return parse_address(url, &address, &len);
}

struct loopback_host *loopback_pool_host(struct loopback_backend *backend, const struct url *url)
{
    char name[64];
    bool bracket = strchr(url->host, ':') != NULL;
    size_t len = (size_t)snprintf(name, sizeof(name), "%s%s%s:%d", bracket ? "[" : "", url->host,
                                  bracket ? "]" : "", url->port);
    struct loopback_host *host;
    HASH_FIND(hh, backend->hosts, name, len, host);
    if (!host) {
        host = alloc_zeroed(sizeof(*host));
        host->name = str_copy(name);
        host->backend = backend;
        parse_address(url, &host->address, &host->address_len);
        HASH_ADD_KEYPTR(hh, backend->hosts, host->name, len, host);
    }
    return host;
}

static void watch(struct loopback_connection *connection, int operation, bool output)
{
    struct epoll_event event = {.events = EPOLLIN | (output ? EPOLLOUT : 0U),
                                .data.ptr = &connection->watch};
    epoll_ctl(connection->host->backend->settings->epoll, operation, connection->fd, &event);
    connection->watches_output = output;
}

void loopback_pool_watch_output(struct loopback_connection *connection, bool output)
{
    if (output != connection->watches_output)
        watch(connection, EPOLL_CTL_MOD, output);
}

void loopback_pool_close_connection(struct loopback_connection *connection)
{
    struct loopback_backend *backend = connection->host->backend;
    /* closing is not enough: a child that has not called exec yet holds the socket open */
    epoll_ctl(backend->settings->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    close(connection->fd);
    connection->fd = -1;
    connection->host->connections--;
    DL_APPEND(backend->closed, connection);
}

struct loopback_connection *loopback_pool_connect(struct loopback_host *host,
                                                  void (*ready)(struct http_watch *watch,
                                                                uint32_t events))
{
    int fd = socket(host->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(fd, (struct sockaddr *)&host->address, host->address_len) < 0 &&
        errno != EINPROGRESS) {
        int failure = errno;
        close(fd);
        errno = failure;
        return NULL;
    }
    struct loopback_connection *connection = alloc_zeroed(sizeof(*connection));
    connection->watch.ready = ready;
    connection->fd = fd;
    connection->host = host;
    host->connections++;
    atomic_fetch_add(&host->backend->settings->connections, 1);
    watch(connection, EPOLL_CTL_ADD, false);
    return connection;
}

/* Closes the connections of a host that have been idle since before then: those at the end. */
static void close_older(struct loopback_host *host, int64_t than_ns)
{
    while (host->idle && host->idle->prev->idle_since_ns < than_ns) {
        struct loopback_connection *oldest = host->idle->prev;
        DL_DELETE(host->idle, oldest);
        loopback_pool_close_connection(oldest);
    }
}

static int64_t oldest_allowed_ns(const struct loopback_host *host, int64_t now_ns)
{
    return now_ns - host->backend->settings->max_idle_sec * (int64_t)NS_PER_SEC;
}

/* Whether the peer has closed an idle connection, or has sent unexpected data. */
static bool is_stale(const struct loopback_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

struct loopback_connection *loopback_pool_take_idle(struct loopback_host *host)
{
    if (host->idle)
        close_older(host, oldest_allowed_ns(host, timestamp_monotonic_ns()));
    while (host->idle) {
        struct loopback_connection *connection = host->idle;
        DL_DELETE(host->idle, connection);
        if (!is_stale(connection))
            return connection;
        loopback_pool_close_connection(connection);
    }
    return NULL;
}

void loopback_pool_sweep(struct loopback_backend *backend, int64_t now_ns)
{
    if (now_ns - backend->swept_ns < NS_PER_SEC)
        return;
    backend->swept_ns = now_ns;
    struct loopback_host *host, *next;
    HASH_ITER(hh, backend->hosts, host, next)
    {
        close_older(host, oldest_allowed_ns(host, now_ns));
        if (host->connections == 0) {
            HASH_DEL(backend->hosts, host);
            free(host->name);
            free(host);
        }
    }
}

void loopback_pool_free_closed(struct loopback_backend *backend)
{
    struct loopback_connection *connection, *next;
    DL_FOREACH_SAFE(backend->closed, connection, next)
    {
        response_reader_done(&connection->reader);
        buf_done(&connection->head);
        free(connection);
    }
    backend->closed = NULL;
}

void loopback_pool_done(struct loopback_backend *backend)
{
    struct loopback_host *host, *next_host;
    HASH_ITER(hh, backend->hosts, host, next_host)
    {
        struct loopback_connection *connection, *next;
        DL_FOREACH_SAFE(host->idle, connection, next)
        {
            loopback_pool_close_connection(connection);
        }
        HASH_DEL(backend->hosts, host);
        free(host->name);
        free(host);
    }
    loopback_pool_free_closed(backend);
}
