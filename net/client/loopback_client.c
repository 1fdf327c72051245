/* SPDX-License-Identifier: Apache-2.0 */
/* Plain HTTP/1.1 to this machine, without libcurl: requests and answers on its connections. */
#include "net/client/loopback_pool.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <utlist.h>

static void add_field(struct buf *head, const char *name, const char *value)
{
    buf_add_text(head, name);
    buf_add(head, ": ", 2);
    buf_add_text(head, value);
    buf_add(head, "\r\n", 2);
}

/* Fields that somebody gave are not given again by us. */
static void add_unless(struct buf *head, const struct headers *headers, const char *name,
                       const char *value)
{
    if (!headers || !headers_get(headers, name))
        add_field(head, name, value);
}

static void write_head(struct loopback_connection *connection)
{
    const struct transfer *transfer = connection->transfer;
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
    add_unless(head, headers, "User-Agent", transfer->settings->user_agent);
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

/* What of the request has not been sent: the rest of the head, the rest of the body. */
static int rest_of(const struct loopback_connection *connection, struct iovec rest[2])
{
    struct bytes body = connection->transfer->call.body;
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

/* Sends what can be sent now. A connection that does not take it may still hold an answer: reading
 * will tell. */
static void send_rest(struct loopback_client *loopback, struct loopback_connection *connection)
{
    struct iovec rest[2];
    struct msghdr message = {.msg_iov = rest};
    bool blocked = false;
    while (!blocked && (message.msg_iovlen = (size_t)rest_of(connection, rest))) {
        ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
        if (sent >= 0)
            connection->sent += (size_t)sent;
        else if (errno == EAGAIN || errno == ENOTCONN)
            blocked = true;
        else if (errno != EINTR) {
            connection->broken = errno;
            break;
        }
    }
    if (blocked != connection->writing)
        loopback_pool_watch(loopback, connection, EPOLL_CTL_MOD, blocked);
}

/* Takes the transfer off its connection, which is kept when it is fit for another. */
static void release(struct loopback_client *loopback, struct loopback_connection *connection)
{
    size_t whole = connection->head.len + connection->transfer->call.body.len;
    bool keep = connection->reader.state == RESPONSE_DONE && connection->reader.keep &&
                connection->sent == whole;
    connection->transfer = NULL;
    response_reader_reset(&connection->reader);
    if (!keep) {
        loopback_pool_defer_free(loopback, connection);
        return;
    }
    connection->used = true;
    connection->idle_ns = timestamp_monotonic_ns();
    DL_PREPEND(connection->host->idle, connection);
}

static void finish(struct loopback_client *loopback, struct transfer *transfer)
{
    transfer_accept_incomplete(transfer, transfer->answer.status);
    if (transfer->failure.status) {
        http_client_response_done(&transfer->answer);
        transfer_name_server(transfer);
    }
    transfer->answer.body.max = 0;
    transfer->connection = NULL;
    DL_DELETE(loopback->running, transfer);
    DL_APPEND(loopback->ended, transfer);
}

/* Transfers wait in the order of their deadlines; most have the same patience and go to the end. */
static void enqueue(struct loopback_client *loopback, struct transfer *transfer)
{
    long patience_ms = transfer_timeout_ms(&transfer->call);
    transfer->deadline_ns =
        patience_ms ? timestamp_monotonic_ns() + patience_ms * NS_PER_MS : INT64_MAX;
    struct transfer *before = loopback->running ? loopback->running->prev : NULL; /* the last */
    while (before && before->deadline_ns > transfer->deadline_ns)
        before = before == loopback->running ? NULL : before->prev;
    if (before)
        DL_APPEND_ELEM(loopback->running, before, transfer);
    else
        DL_PREPEND(loopback->running, transfer);
}

static void send_on(struct loopback_client *loopback, struct transfer *transfer,
                    struct loopback_connection *connection)
{
    transfer->connection = connection;
    connection->transfer = transfer;
    connection->reader.is_head = str_equal(transfer->call.method, "HEAD");
    connection->reader.stop_at_status = transfer->call.stop_at_status;
    connection->heard = false;
    connection->broken = 0;
    connection->sent = 0;
    write_head(connection);
    send_rest(loopback, connection);
}

static void fail(struct transfer *transfer, const char *context, int reason)
{
    err_set(&transfer->failure, ERR_UNAVAILABLE, "%s%s", context, strerror(reason));
    if (reason == ECONNREFUSED)
        transfer->failure.reason = http_client_refused;
}

static void send_fresh(struct loopback_client *loopback, struct transfer *transfer)
{
    struct loopback_host *host = transfer->host;
    struct loopback_connection *connection = loopback_pool_connect(loopback, host);
    if (connection) {
        send_on(loopback, transfer, connection);
        return;
    }
    fail(transfer, "cannot connect: ", errno);
    finish(loopback, transfer);
}

static void dispatch(struct loopback_client *loopback, struct transfer *transfer)
{
    struct loopback_connection *idle = loopback_pool_take_idle(loopback, transfer->host);
    if (idle)
        send_on(loopback, transfer, idle);
    else
        send_fresh(loopback, transfer);
}

static bool is_full(const struct loopback_host *host)
{
    return !host->idle && host->connections >= LOOPBACK_MAX_CONNECTIONS;
}

/* After a connection has got free or was closed. */
static void send_waiting(struct loopback_client *loopback, struct loopback_host *host)
{
    while (host->waiting && !is_full(host)) {
        struct transfer *transfer = host->waiting;
        DL_DELETE2(host->waiting, transfer, prev_waiting, next_waiting);
        dispatch(loopback, transfer);
    }
}

void loopback_client_start(struct loopback_client *loopback, struct transfer *transfer)
{
    struct loopback_host *host = transfer->host = loopback_pool_host(loopback, &transfer->url);
    transfer->connection = NULL;
    enqueue(loopback, transfer);
    if (is_full(host))
        DL_APPEND2(host->waiting, transfer, prev_waiting, next_waiting);
    else
        dispatch(loopback, transfer);
}

/* Ends a transfer, which may still wait for its connection; those behind it wait on. */
void loopback_client_cancel(struct loopback_client *loopback, struct transfer *transfer)
{
    if (transfer->connection)
        release(loopback, transfer->connection);
    else
        DL_DELETE2(transfer->host->waiting, transfer, prev_waiting, next_waiting);
    finish(loopback, transfer);
}

/* Ends a transfer, and lets another one have its connection. */
static void end(struct loopback_client *loopback, struct transfer *transfer)
{
    loopback_client_cancel(loopback, transfer);
    send_waiting(loopback, transfer->host);
}

/* Whether a request may be sent again without being asked: none of its bytes can have been read, or
 * reading it twice does no harm (RFC 9110 section 9.2.2). */
static bool can_repeat(const struct loopback_connection *connection)
{
    const char *method = connection->transfer->call.method;
    bool idempotent = method ? !str_equal(method, "POST") && !str_equal(method, "PATCH")
                             : !transfer_has_body(&connection->transfer->call);
    return connection->used && !connection->heard && (idempotent || !connection->sent);
}

/* A connection ended under a request. One that had been kept may have been closed before the
 * request got there, which is no answer to it. */
static void break_off(struct loopback_client *loopback, struct loopback_connection *connection,
                      int reason)
{
    struct transfer *transfer = connection->transfer;
    if (can_repeat(connection)) {
        release(loopback, connection);
        send_fresh(loopback, transfer);
        send_waiting(loopback, connection->host);
        return;
    }
    if (!reason && !connection->heard)
        reason = connection->broken;
    if (reason)
        fail(transfer, "", reason);
    else
        response_reader_eof(&connection->reader, &transfer->failure);
    end(loopback, transfer);
}

/* Reads once. True when there may be more. */
static bool read_some(struct loopback_client *loopback, struct loopback_connection *connection)
{
    char piece[32 << 10];
    ssize_t len = recv(connection->fd, piece, sizeof(piece), 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (len <= 0) {
        break_off(loopback, connection, len < 0 ? errno : 0);
        return false;
    }
    connection->heard = true;
    struct transfer *transfer = connection->transfer;
    struct bytes input = {piece, (size_t)len};
    bool ok =
        response_reader_read(&connection->reader, &input, &transfer->answer, &transfer->failure);
    if (input.len)
        connection->reader.keep = false; /* more than was asked for */
    if (ok && connection->reader.state != RESPONSE_DONE)
        return (size_t)len == sizeof(piece);
    end(loopback, transfer);
    return false;
}

void loopback_client_ready(struct loopback_client *loopback, struct loopback_connection *connection,
                           uint32_t events)
{
    if (connection->fd < 0)
        return;                  /* buried in this round */
    if (!connection->transfer) { /* closed while idle, or spoken to unasked */
        DL_DELETE(connection->host->idle, connection);
        loopback_pool_defer_free(loopback, connection);
        return;
    }
    if (events & EPOLLOUT)
        send_rest(loopback, connection);
    if (events & ~(uint32_t)EPOLLOUT)
        while (read_some(loopback, connection))
            ;
}

int64_t loopback_client_deadline_ns(const struct loopback_client *loopback)
{
    return loopback->running ? loopback->running->deadline_ns : INT64_MAX;
}

void loopback_client_sweep(struct loopback_client *loopback)
{
    int64_t now_ns = timestamp_monotonic_ns();
    while (loopback->running && loopback->running->deadline_ns <= now_ns) {
        struct transfer *transfer = loopback->running;
        err_set(&transfer->failure, ERR_UNAVAILABLE, "timed out after %ld ms",
                transfer_timeout_ms(&transfer->call));
        end(loopback, transfer);
    }
    loopback_pool_sweep(loopback, now_ns);
    if (loopback->closed)
        loopback_pool_free_closed(loopback);
}

void loopback_client_init(struct loopback_client *loopback, int epoll, long max_idle_sec)
{
    *loopback = (struct loopback_client){.epoll = epoll, .max_idle_sec = max_idle_sec};
}
