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

bool direct_takes(const struct transfer *transfer)
{
    struct sockaddr_storage address;
    socklen_t len;
    return !transfer->url.tls && !transfer->call.accept_encoding &&
           parse_address(&transfer->url, &address, &len);
}

struct direct_host *direct_host_of(struct direct *direct, const struct url *url)
{
    char name[64];
    bool bracket = strchr(url->host, ':') != NULL;
    size_t len = (size_t)snprintf(name, sizeof(name), "%s%s%s:%d", bracket ? "[" : "", url->host,
                                  bracket ? "]" : "", url->port);
    struct direct_host *host;
    HASH_FIND(hh, direct->hosts, name, len, host);
    if (!host) {
        host = must_alloc(sizeof(*host));
        host->name = str_copy(name);
        parse_address(url, &host->address, &host->address_len);
        HASH_ADD_KEYPTR(hh, direct->hosts, host->name, len, host);
    }
    return host;
}

void direct_watch(struct direct *direct, struct direct_connection *connection, int deed,
                  bool writing)
{
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0U),
                                .data.ptr = connection};
    epoll_ctl(direct->epoll, deed, connection->fd, &event);
    connection->writing = writing;
}

void direct_bury(struct direct *direct, struct direct_connection *connection)
{
    /* closing is not enough: a child that has not called exec yet holds the socket open */
    epoll_ctl(direct->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    close(connection->fd);
    connection->fd = -1;
    connection->host->connections--;
    DL_APPEND(direct->dead, connection);
}

struct direct_connection *direct_connect(struct direct *direct, struct direct_host *host)
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
    struct direct_connection *connection = must_alloc(sizeof(*connection));
    connection->fd = fd;
    connection->host = host;
    host->connections++;
    direct->connections++;
    direct_watch(direct, connection, EPOLL_CTL_ADD, false);
    return connection;
}

/* Buries the connections of a host that have been idle since before then: those at the end. */
static void bury_older(struct direct *direct, struct direct_host *host, int64_t than_ns)
{
    while (host->idle && host->idle->prev->idle_ns < than_ns) {
        struct direct_connection *oldest = host->idle->prev;
        DL_DELETE(host->idle, oldest);
        direct_bury(direct, oldest);
    }
}

struct direct_connection *direct_take_idle(struct direct *direct, struct direct_host *host)
{
    if (!host->idle)
        return NULL;
    bury_older(direct, host, time_monotonic_ns() - direct->max_idle_sec * (int64_t)NS_PER_SEC);
    struct direct_connection *connection = host->idle;
    if (connection)
        DL_DELETE(host->idle, connection);
    return connection;
}

void direct_sweep(struct direct *direct, int64_t now_ns)
{
    if (now_ns - direct->swept_ns < NS_PER_SEC)
        return;
    direct->swept_ns = now_ns;
    struct direct_host *host, *next;
    HASH_ITER(hh, direct->hosts, host, next)
    {
        bury_older(direct, host, now_ns - direct->max_idle_sec * (int64_t)NS_PER_SEC);
        if (host->connections == 0) {
            HASH_DEL(direct->hosts, host);
            free(host->name);
            free(host);
        }
    }
}

void direct_free_dead(struct direct *direct)
{
    struct direct_connection *connection, *next;
    DL_FOREACH_SAFE(direct->dead, connection, next)
    {
        answer_reader_done(&connection->reader);
        buf_done(&connection->head);
        free(connection);
    }
    direct->dead = NULL;
}

void direct_done(struct direct *direct)
{
    struct direct_host *host, *next_host;
    HASH_ITER(hh, direct->hosts, host, next_host)
    {
        struct direct_connection *connection, *next;
        DL_FOREACH_SAFE(host->idle, connection, next)
        {
            direct_bury(direct, connection);
        }
        HASH_DEL(direct->hosts, host);
        free(host->name);
        free(host);
    }
    direct_free_dead(direct);
}
