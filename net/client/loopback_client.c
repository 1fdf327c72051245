/* Plain HTTP/1.1 to this machine, without libcurl: requests and answers on its connections. */
#include "net/client/loopback_pool.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <utlist.h>

/* ---- the request --------------------------------------------------------------------------- */

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

static void write_head(struct direct_connection *connection)
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
static int rest_of(const struct direct_connection *connection, struct iovec rest[2])
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
static void send_rest(struct direct *direct, struct direct_connection *connection)
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
        direct_watch(direct, connection, EPOLL_CTL_MOD, blocked);
}

/* ---- the end of a transfer ----------------------------------------------------------------- */

/* Takes the transfer off its connection, which is kept when it is fit for another. */
static void release(struct direct *direct, struct direct_connection *connection)
{
    size_t whole = connection->head.len + connection->transfer->call.body.len;
    bool keep = connection->reader.state == ANSWER_DONE && connection->reader.keep &&
                connection->sent == whole;
    connection->transfer = NULL;
    answer_reader_reset(&connection->reader);
    if (!keep) {
        direct_bury(direct, connection);
        return;
    }
    connection->used = true;
    connection->idle_ns = time_monotonic_ns();
    DL_PREPEND(connection->host->idle, connection);
}

static void finish(struct direct *direct, struct transfer *transfer)
{
    if (transfer->failure.status) {
        http_answer_done(&transfer->answer);
        transfer_name_server(transfer);
    }
    transfer->answer.body.max = 0;
    transfer->connection = NULL;
    DL_DELETE(direct->running, transfer);
    DL_APPEND(direct->ended, transfer);
}

/* ---- starting ------------------------------------------------------------------------------ */

/* Transfers wait in the order of their deadlines; most have the same patience and go to the end. */
static void enqueue(struct direct *direct, struct transfer *transfer)
{
    long patience_ms = transfer_timeout_ms(&transfer->call);
    transfer->deadline_ns = patience_ms ? time_monotonic_ns() + patience_ms * NS_PER_MS : INT64_MAX;
    struct transfer *before = direct->running ? direct->running->prev : NULL; /* the last */
    while (before && before->deadline_ns > transfer->deadline_ns)
        before = before == direct->running ? NULL : before->prev;
    if (before)
        DL_APPEND_ELEM(direct->running, before, transfer);
    else
        DL_PREPEND(direct->running, transfer);
}

static void send_on(struct direct *direct, struct transfer *transfer,
                    struct direct_connection *connection)
{
    transfer->connection = connection;
    connection->transfer = transfer;
    connection->reader.is_head = str_equal(transfer->call.method, "HEAD");
    connection->reader.enough = transfer->call.enough;
    connection->heard = false;
    connection->broken = 0;
    connection->sent = 0;
    write_head(connection);
    send_rest(direct, connection);
}

static void fail(struct transfer *transfer, const char *context, int reason)
{
    err_set(&transfer->failure, ERR_UNAVAILABLE, "%s%s", context, strerror(reason));
    if (reason == ECONNREFUSED)
        transfer->failure.reason = http_refused;
}

static void send_fresh(struct direct *direct, struct transfer *transfer)
{
    struct direct_host *host = transfer->host;
    struct direct_connection *connection = direct_connect(direct, host);
    if (connection) {
        send_on(direct, transfer, connection);
        return;
    }
    fail(transfer, "cannot connect: ", errno);
    finish(direct, transfer);
}

static void dispatch(struct direct *direct, struct transfer *transfer)
{
    struct direct_connection *idle = direct_take_idle(direct, transfer->host);
    if (idle)
        send_on(direct, transfer, idle);
    else
        send_fresh(direct, transfer);
}

static bool is_full(const struct direct_host *host)
{
    return !host->idle && host->connections >= DIRECT_MOST_CONNECTIONS;
}

/* After a connection has got free or was closed. */
static void send_waiting(struct direct *direct, struct direct_host *host)
{
    while (host->waiting && !is_full(host)) {
        struct transfer *transfer = host->waiting;
        DL_DELETE2(host->waiting, transfer, prev_waiting, next_waiting);
        dispatch(direct, transfer);
    }
}

void direct_start(struct direct *direct, struct transfer *transfer)
{
    struct direct_host *host = transfer->host = direct_host_of(direct, &transfer->url);
    transfer->connection = NULL;
    enqueue(direct, transfer);
    if (is_full(host))
        DL_APPEND2(host->waiting, transfer, prev_waiting, next_waiting);
    else
        dispatch(direct, transfer);
}

/* Ends a transfer, which may still wait for its connection; those behind it wait on. */
void direct_cancel(struct direct *direct, struct transfer *transfer)
{
    if (transfer->connection)
        release(direct, transfer->connection);
    else
        DL_DELETE2(transfer->host->waiting, transfer, prev_waiting, next_waiting);
    finish(direct, transfer);
}

/* Ends a transfer, and lets another one have its connection. */
static void end(struct direct *direct, struct transfer *transfer)
{
    direct_cancel(direct, transfer);
    send_waiting(direct, transfer->host);
}

/* ---- what happens on a connection ---------------------------------------------------------- */

/* A connection ended under a request. One that had been kept may have been closed before the
 * request got there, which is no answer to it: it is sent once more. */
static void break_off(struct direct *direct, struct direct_connection *connection, int reason)
{
    struct transfer *transfer = connection->transfer;
    if (connection->used && !connection->heard) {
        release(direct, connection);
        send_fresh(direct, transfer);
        send_waiting(direct, connection->host);
        return;
    }
    if (!reason && !connection->heard)
        reason = connection->broken;
    if (reason)
        fail(transfer, "", reason);
    else
        answer_close(&connection->reader, &transfer->failure);
    end(direct, transfer);
}

/* Reads once. True when there may be more. */
static bool read_some(struct direct *direct, struct direct_connection *connection)
{
    char piece[32 << 10];
    ssize_t len = recv(connection->fd, piece, sizeof(piece), 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (len <= 0) {
        break_off(direct, connection, len < 0 ? errno : 0);
        return false;
    }
    connection->heard = true;
    struct transfer *transfer = connection->transfer;
    struct bytes input = {piece, (size_t)len};
    bool ok = answer_read(&connection->reader, &input, &transfer->answer, &transfer->failure);
    if (input.len)
        connection->reader.keep = false; /* more than was asked for */
    if (ok && connection->reader.state != ANSWER_DONE)
        return (size_t)len == sizeof(piece);
    end(direct, transfer);
    return false;
}

void direct_ready(struct direct *direct, struct direct_connection *connection, uint32_t events)
{
    if (connection->fd < 0)
        return;                  /* buried in this round */
    if (!connection->transfer) { /* closed while idle, or spoken to unasked */
        DL_DELETE(connection->host->idle, connection);
        direct_bury(direct, connection);
        return;
    }
    if (events & EPOLLOUT)
        send_rest(direct, connection);
    if (events & ~(uint32_t)EPOLLOUT)
        while (read_some(direct, connection))
            ;
}

/* ---- time and the end ---------------------------------------------------------------------- */

int64_t direct_deadline_ns(const struct direct *direct)
{
    return direct->running ? direct->running->deadline_ns : INT64_MAX;
}

void direct_tidy(struct direct *direct)
{
    int64_t now_ns = time_monotonic_ns();
    while (direct->running && direct->running->deadline_ns <= now_ns) {
        struct transfer *transfer = direct->running;
        err_set(&transfer->failure, ERR_UNAVAILABLE, "timed out after %ld ms",
                transfer_timeout_ms(&transfer->call));
        end(direct, transfer);
    }
    direct_sweep(direct, now_ns);
    if (direct->dead)
        direct_free_dead(direct);
}

void direct_init(struct direct *direct, int epoll, long max_idle_sec)
{
    *direct = (struct direct){.epoll = epoll, .max_idle_sec = max_idle_sec};
}
