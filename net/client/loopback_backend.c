/* SPDX-License-Identifier: Apache-2.0 */
/* Plain HTTP/1.1 to a loopback address, without libcurl: the path of a local channel's deliveries,
 * where libcurl was two thirds of the cost. */
#include "net/client/http_backend.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "net/client/loopback_pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <utlist.h>

/* A request that was started and has not ended. */
struct loopback_exchange {
    struct loopback_exchange *prev, *next;                 /* among the running, by deadline */
    struct loopback_exchange *prev_waiting, *next_waiting; /* for a connection of its host */
    struct transfer *transfer;
    struct loopback_host *host;
    struct loopback_connection *connection; /* NULL = waits for one */
    int64_t deadline_ns;
};

static void add_field(struct buf *head, const char *name, const char *value)
{
    buf_add_text(head, name);
    buf_add(head, ": ", 2);
    buf_add_text(head, value);
    buf_add(head, "\r\n", 2);
}

/* Adds one of our own fields, unless the caller has set it. */
static void add_unless(struct buf *head, const struct headers *headers, const char *name,
                       const char *value)
{
    if (!headers || !headers_get(headers, name))
        add_field(head, name, value);
}

static void write_head(struct loopback_connection *connection)
{
    const struct transfer *transfer = connection->exchange->transfer;
    const struct http_call *call = &transfer->call;
    const struct headers *headers = call->headers;
    struct buf *head = &connection->head;
    bool has_body = transfer_has_body(call);

    head->len = 0;
    buf_add_text(head, call->method ? call->method : has_body ? "POST" : "GET");
    buf_add(head, " ", 1);
    buf_add_text(head, transfer->url.target);
    buf_add_text(head, " HTTP/1.1\r\n");
    add_unless(head, headers, "Host", connection->host->name);
    add_unless(head, headers, "User-Agent", connection->host->backend->settings->user_agent);
    add_unless(head, headers, "Accept", "*/*");
    for (size_t i = 0; headers && i < headers->count; i++)
        if (!transfer_is_framing(headers->list[i].name))
            add_field(head, headers->list[i].name, headers->list[i].value);
    if (has_body) {
        char len[24];
        snprintf(len, sizeof(len), "%zu", call->body.len);
        add_field(head, "Content-Length", len);
    }
    buf_add(head, "\r\n", 2);
}

/* The rest of the request that has not been sent: of the head, of the body. */
static int unsent(const struct loopback_connection *connection, struct iovec rest[2])
{
    struct bytes body = connection->exchange->transfer->call.body;
    size_t head_len = connection->head.len, sent = connection->sent;
    int count = 0;
    if (sent < head_len)
        rest[count++] = (struct iovec){connection->head.data + sent, head_len - sent};
    size_t sent_body = sent < head_len ? 0 : sent - head_len;
    if (sent_body < body.len)
        rest[count++] =
            (struct iovec){(char *)(uintptr_t)body.data + sent_body, body.len - sent_body};
    return count;
}

/* Sends what can be sent now. After a failure the connection may still hold a response: reading
 * finds it. */
static void send_request(struct loopback_connection *connection)
{
    struct iovec rest[2];
    struct msghdr message = {.msg_iov = rest};
    bool blocked = false;
    while (!blocked && (message.msg_iovlen = (size_t)unsent(connection, rest))) {
        ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
        if (sent >= 0)
            connection->sent += (size_t)sent;
        else if (errno == EAGAIN || errno == ENOTCONN)
            blocked = true;
        else if (errno != EINTR) {
            connection->write_error = errno;
            break;
        }
    }
    loopback_pool_watch_output(connection, blocked);
}

/* Detaches a connection from its exchange; keeps it if another exchange can use it. */
static void release(struct loopback_connection *connection)
{
    size_t size = connection->head.len + connection->exchange->transfer->call.body.len;
    bool keep = connection->reader.state == RESPONSE_DONE && connection->reader.keep &&
                connection->sent == size;
    connection->exchange = NULL;
    response_reader_reset(&connection->reader);
    if (!keep) {
        loopback_pool_close_connection(connection);
        return;
    }
    connection->reused = true;
    connection->idle_since_ns = timestamp_monotonic_ns();
    DL_PREPEND(connection->host->idle, connection);
}

/* Exchanges run in the order of their deadlines; most have the same timeout and go to the end. */
static void enqueue(struct loopback_backend *backend, struct loopback_exchange *exchange)
{
    long timeout_ms = transfer_timeout_ms(&exchange->transfer->call);
    exchange->deadline_ns =
        timeout_ms ? timestamp_monotonic_ns() + timeout_ms * NS_PER_MS : INT64_MAX;
    struct loopback_exchange *before = backend->running ? backend->running->prev : NULL;
    while (before && before->deadline_ns > exchange->deadline_ns)
        before = before == backend->running ? NULL : before->prev;
    if (before)
        DL_APPEND_ELEM(backend->running, before, exchange);
    else
        DL_PREPEND(backend->running, exchange);
}

/* Removes an exchange, which may still wait for a connection, and frees it. The caller ends the
 * transfer. */
static struct transfer *detach(struct loopback_exchange *exchange)
{
    struct transfer *transfer = exchange->transfer;
    if (exchange->connection) {
        transfer->head_read = exchange->connection->reader.state != RESPONSE_HEAD;
        release(exchange->connection);
    } else {
        DL_DELETE2(exchange->host->waiting, exchange, prev_waiting, next_waiting);
    }
    DL_DELETE(exchange->host->backend->running, exchange);
    free(exchange);
    return transfer;
}

static void on_ready(struct http_watch *watch, uint32_t events);

static void fail(struct transfer *transfer, const char *context, int code)
{
    err_set(&transfer->failure, ERR_UNAVAILABLE, "%s%s", context, strerror(code));
    transfer->failure.errno_code = code;
    if (code == ECONNREFUSED)
        transfer->failure.reason = http_client_refused;
}

/* Sends a request on a connection, or on a new one when that is NULL. False when none can be
 * opened: then the transfer has failed, and the exchange has no connection. */
static bool send_on(struct loopback_exchange *exchange, struct loopback_connection *connection)
{
    if (!connection && !(connection = loopback_pool_connect(exchange->host, on_ready))) {
        fail(exchange->transfer, "cannot connect: ", errno);
        return false;
    }
    exchange->connection = connection;
    connection->exchange = exchange;
    connection->reader.is_head = str_equal(exchange->transfer->call.method, "HEAD");
    connection->reader.stop_at_status = exchange->transfer->call.stop_at_status;
    connection->has_input = false;
    connection->write_error = 0;
    connection->sent = 0;
    write_head(connection);
    send_request(connection);
    return true;
}

static bool is_full(const struct loopback_host *host)
{
    return !host->idle && host->connections >= LOOPBACK_MAX_CONNECTIONS;
}

/* Gives a host's idle or new connections to the exchanges that wait for one. */
static void send_waiting(struct loopback_host *host)
{
    while (host->waiting && !is_full(host)) {
        struct loopback_exchange *exchange = host->waiting;
        if (send_on(exchange, loopback_pool_take_idle(host)))
            DL_DELETE2(host->waiting, exchange, prev_waiting, next_waiting);
        else
            transfer_end(detach(exchange));
    }
}

static void start(struct http_backend *base, struct transfer *transfer)
{
    struct loopback_backend *backend = (struct loopback_backend *)base;
    struct loopback_exchange *exchange = alloc_zeroed(sizeof(*exchange));
    exchange->transfer = transfer;
    exchange->host = loopback_pool_host(backend, &transfer->url);
    enqueue(backend, exchange);
    DL_APPEND2(exchange->host->waiting, exchange, prev_waiting, next_waiting);
    send_waiting(exchange->host);
}

/* Ends an exchange, and gives its connection to the next one. */
static void end(struct loopback_exchange *exchange)
{
    struct loopback_host *host = exchange->host;
    struct transfer *transfer = detach(exchange);
    send_waiting(host);
    transfer_end(transfer);
}

/* The connection ended during an exchange. A request on a kept connection is sent again when the
 * server cannot have read any of it, or when its method is idempotent. */
static void handle_disconnect(struct loopback_connection *connection, int failure)
{
    struct loopback_exchange *exchange = connection->exchange;
    struct transfer *transfer = exchange->transfer;
    bool unread = connection->sent == 0 || transfer_is_idempotent(&transfer->call);
    if (connection->reused && !connection->has_input && unread) {
        struct loopback_host *host = exchange->host;
        release(connection);
        exchange->connection = NULL;
        DL_PREPEND2(host->waiting, exchange, prev_waiting, next_waiting);
        send_waiting(host);
        return;
    }
    if (!failure && !connection->has_input)
        failure = connection->write_error;
    if (failure)
        fail(transfer, "", failure);
    else
        response_reader_eof(&connection->reader, &transfer->failure);
    end(exchange);
}

/* Reads once. True when there may be more. */
static bool read_some(struct loopback_connection *connection)
{
    char piece[32 << 10];
    ssize_t len = recv(connection->fd, piece, sizeof(piece), 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (len <= 0) {
        handle_disconnect(connection, len < 0 ? errno : 0);
        return false;
    }
    connection->has_input = true;
    struct transfer *transfer = connection->exchange->transfer;
    struct bytes input = {piece, (size_t)len};
    bool ok =
        response_reader_read(&connection->reader, &input, &transfer->response, &transfer->failure);
    if (input.len)
        connection->reader.keep = false; /* data after the response */
    if (ok && connection->reader.state != RESPONSE_DONE)
        return (size_t)len == sizeof(piece);
    end(connection->exchange);
    return false;
}

static void on_ready(struct http_watch *watch, uint32_t events)
{
    struct loopback_connection *connection = (struct loopback_connection *)watch;
    if (connection->fd < 0)
        return;                  /* closed in this round of events */
    if (!connection->exchange) { /* closed by the peer, or unexpected data */
        DL_DELETE(connection->host->idle, connection);
        loopback_pool_close_connection(connection);
        return;
    }
    if (events & EPOLLOUT)
        send_request(connection);
    if (events & ~(uint32_t)EPOLLOUT)
        while (read_some(connection))
            ;
}

static int64_t deadline_ns(const struct http_backend *base)
{
    const struct loopback_backend *backend = (const struct loopback_backend *)base;
    return backend->running ? backend->running->deadline_ns : INT64_MAX;
}

static void run(struct http_backend *base)
{
    struct loopback_backend *backend = (struct loopback_backend *)base;
    int64_t now_ns = timestamp_monotonic_ns();
    while (backend->running && backend->running->deadline_ns <= now_ns) {
        struct transfer *transfer = backend->running->transfer;
        err_set(&transfer->failure, ERR_UNAVAILABLE, "timed out after %ld ms",
                transfer_timeout_ms(&transfer->call));
        end(backend->running);
    }
    loopback_pool_sweep(backend, now_ns);
    if (backend->closed)
        loopback_pool_free_closed(backend);
}

static void close_backend(struct http_backend *base)
{
    struct loopback_backend *backend = (struct loopback_backend *)base;
    while (backend->running)
        transfer_fail_closed(detach(backend->running));
    loopback_pool_done(backend);
    free(backend);
}

struct http_backend *loopback_backend_open(struct http_backend_settings *settings)
{
    struct loopback_backend *backend = alloc_zeroed(sizeof(*backend));
    *backend = (struct loopback_backend){.base = {start, run, deadline_ns, close_backend},
                                         .settings = settings};
    return &backend->base;
}

bool loopback_backend_accepts(const struct transfer *transfer)
{
    return !transfer->url.tls && !transfer->call.accept_encoding &&
           loopback_pool_is_local(&transfer->url);
}
