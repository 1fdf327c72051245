/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_server: real sockets against a real server on a free port. */
#include "net/server/http_server.h"

#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The server under test answers by path. */
struct bench {
    struct http_server *server;
    uint16_t port;
    atomic_int ended;
    _Atomic(struct http_exchange *) kept;
    _Atomic(struct http_stream *) stream;
    atomic_size_t sunk;
};

static void work(struct http_exchange *exchange, void *app)
{
    (void)app;
    http_exchange_reply_text(exchange, 200, "worked\n");
}

static void on_ended(struct http_exchange *exchange)
{
    struct bench *bench = exchange->context;
    atomic_fetch_add(&bench->ended, 1);
}

static bool sink(struct http_exchange *exchange, struct bytes piece, struct err *err)
{
    struct bench *bench = exchange->context;
    if (atomic_fetch_add(&bench->sunk, piece.len) + piece.len > 1000000)
        return err_set(err, ERR_TOO_LARGE, "the disk is full");
    return true;
}

static void begin(struct http_exchange *exchange, void *app)
{
    exchange->context = app;
    exchange->ended = on_ended;
    if (str_equal(exchange->path, "/sink"))
        exchange->sink = sink, exchange->max_body = 0;
    if (str_equal(exchange->path, "/early"))
        http_exchange_reply_text(exchange, 403, "go away\n");
}

static void handle(struct http_exchange *exchange, void *app)
{
    struct bench *bench = app;
    if (str_equal(exchange->path, "/hold")) {
        http_exchange_hold(exchange);
        atomic_store(&bench->kept, exchange);
    } else if (str_equal(exchange->path, "/work")) {
        http_exchange_run_blocking(exchange, work, app);
    } else if (str_equal(exchange->path, "/stream")) {
        struct http_reply head = {.content_type = "text/plain"};
        atomic_store(&bench->stream, http_stream_open(exchange, &head));
    } else {
        struct http_reply reply = {.status = 200};
        buf_add_format(&reply.body, "%s %s %s %zu %s", exchange->method, exchange->path,
                       exchange->query ? exchange->query : "-", exchange->body.len,
                       exchange->body.data ? exchange->body.data : "");
        http_exchange_reply(exchange, &reply);
    }
}

static void bench_open(struct bench *bench)
{
    struct err err = {0};
    struct http_server_options options = {
        .max_body = 1000, .begin = begin, .handle = handle, .drain_sec = 5, .app = bench};
    bench->server = http_server_open(&options, &err);
    assert_non_null(bench->server);
    bench->port = http_server_port(bench->server);
}

static void own_bench(struct bench *bench)
{
    http_server_close(bench->server);
}

static char *ask(struct bench *bench, const char *request)
{
    return socket_request(bench->port, bytes_of(request));
}

#define CLOSE "Host: x\r\nConnection: close\r\n"

TEST(a_request_reaches_the_handler_with_its_raw_path_query_and_body)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(free) char *answer =
        ask(&bench, "POST /a%2Fb?x=%31 HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello");
    EXPECT_INT(socket_status(answer), 200);
    EXPECT_HAS(answer, "POST /a%2Fb x=%31 5 hello");
}

TEST(a_chunked_body_is_joined)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(free) char *answer =
        ask(&bench, "POST / HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n"
                    "\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    EXPECT_HAS(answer, "POST / - 5 hello");
}

TEST(a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_413)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    static const struct {
        size_t len;
        int status;
    } rows[] = {{1000, 200}, {1001, 413}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char body[1002] = "";
        memset(body, 'x', rows[i].len);
        OWN(free) char *sized = str_format(
            "POST / HTTP/1.1\r\n" CLOSE "Content-Length: %zu\r\n\r\n%s", rows[i].len, body);
        OWN(free) char *chunked =
            str_format("POST / HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n"
                       "%zx\r\n%s\r\n0\r\n\r\n",
                       rows[i].len, body);
        OWN(free) char *answer = ask(&bench, sized);
        OWN(free) char *answer_chunked = ask(&bench, chunked);
        EXPECT_INT(socket_status(answer), rows[i].status);
        EXPECT_INT(socket_status(answer_chunked), rows[i].status);
    }
}

TEST(an_announced_gigabyte_is_refused_without_being_read)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(free) char *answer =
        ask(&bench, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n");
    EXPECT_INT(socket_status(answer), 413);
    EXPECT_HAS(answer, "body has 1073741824 bytes, the limit is 1000");
}

TEST(contradicting_lengths_are_400_and_the_connection_ends)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    static const char *const requests[] = {
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n"),
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nhello",
    };
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        OWN(free) char *answer = ask(&bench, requests[i]);
        EXPECT_INT(socket_status(answer), 400);
    }
}

/* Whether the server closes a connection that has nothing more to say. */
static bool ends(int fd)
{
    struct pollfd end = {.fd = fd, .events = POLLIN};
    char more;
    return poll(&end, 1, 10000) == 1 && recv(fd, &more, 1, 0) == 0;
}

TEST(a_client_that_shuts_down_its_side_is_answered_and_disconnected)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(fd) int fd = socket_connect(bench.port);
    static const char request[] = "GET /last HTTP/1.1\r\nHost: x\r\n\r\n";
    send(fd, request, strlen(request), MSG_MORE); /* in one packet with the end */
    shutdown(fd, SHUT_WR);
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "GET /last", &got));
    EXPECT(ends(fd));
}

TEST(a_client_that_shuts_down_after_a_large_body_is_disconnected_too)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    for (int i = 0; i < 20; i++) { /* the end is there before all is read, nearly always */
        OWN(fd) int fd = socket_connect(bench.port);
        OWN(free) char *request = str_format(
            "POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n%040000d", 0);
        socket_send(fd, bytes_of(request));
        shutdown(fd, SHUT_WR);
        OWN(buf) struct buf got = {0};
        EXPECT(socket_read_until(fd, "POST /sink", &got));
        EXPECT(ends(fd));
    }
}

TEST(twelve_kilobytes_of_header_fields_are_taken)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(free) char *large = alloc_zeroed(12 * 1024);
    memset(large, 'x', 12 * 1024 - 1);
    OWN(free) char *request =
        str_format("GET /large HTTP/1.1\r\n" CLOSE "X-Large: %s\r\n\r\n", large);
    OWN(free) char *answer = ask(&bench, request);
    EXPECT_HAS(answer, "GET /large");
}

TEST(a_megabyte_of_header_fields_is_refused)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(fd) int fd = socket_connect(bench.port);
    socket_send(fd, bytes_of("GET / HTTP/1.1\r\nHost: x\r\nX-Big: "));
    char block[4096];
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 256; i++)
        if (!socket_send(fd, (struct bytes){block, sizeof(block)}))
            break;
    OWN(free) char *answer = socket_read_all(fd);
    OWN(free) char *next = ask(&bench, "GET /still HTTP/1.1\r\n" CLOSE "\r\n");
    EXPECT(*answer == '\0' || socket_status(answer) == 431);
    EXPECT_HAS(next, "GET /still");
}

TEST(the_begin_handler_can_refuse_before_the_body_is_read)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(free) char *answer =
        ask(&bench, "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
    EXPECT_INT(socket_status(answer), 403);
}

TEST(a_sink_receives_pieces_beyond_the_limit_of_the_server)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(free) char *body = alloc_zeroed(500001);
    memset(body, 'x', 500000);
    OWN(free) char *request =
        str_format("POST /sink HTTP/1.1\r\n" CLOSE "Content-Length: 500000\r\n\r\n%s", body);
    OWN(free) char *answer = ask(&bench, request);
    EXPECT_INT(socket_status(answer), 200);
    EXPECT_INT(atomic_load(&bench.sunk), 500000);
}

TEST(an_error_of_the_sink_is_answered)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(free) char *body = alloc_zeroed(2000001);
    memset(body, 'x', 2000000);
    OWN(free) char *request =
        str_format("POST /sink HTTP/1.1\r\n" CLOSE "Content-Length: 2000000\r\n\r\n%s", body);
    OWN(free) char *answer = ask(&bench, request);
    EXPECT_INT(socket_status(answer), 413);
    EXPECT_HAS(answer, "the disk is full");
}

static struct http_exchange *wait_kept(struct bench *bench)
{
    struct http_exchange *exchange;
    while (!(exchange = atomic_exchange(&bench->kept, NULL)))
        sched_yield();
    return exchange;
}

TEST(a_held_exchange_is_answered_from_another_thread)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(fd) int fd = socket_connect(bench.port);
    socket_send(fd, bytes_of("GET /hold HTTP/1.1\r\n" CLOSE "\r\n"));
    struct http_exchange *exchange = wait_kept(&bench);
    EXPECT(http_exchange_is_connected(exchange));
    http_exchange_reply_text(exchange, 200, "late\n");
    OWN(free) char *answer = socket_read_all(fd);
    EXPECT_HAS(answer, "late");
}

TEST(a_held_exchange_knows_that_its_client_has_disconnected)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    int fd = socket_connect(bench.port);
    socket_send(fd, bytes_of("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    struct http_exchange *exchange = wait_kept(&bench);
    close(fd);
    while (http_exchange_is_connected(exchange))
        sched_yield();
    http_exchange_reply_text(exchange, 200, "not received\n");
    while (atomic_load(&bench.ended) == 0)
        sched_yield();
}

TEST(a_hundred_requests_run_on_workers_at_once)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    int fds[100];
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = socket_connect(bench.port);
        socket_send(fds[i], bytes_of("GET /work HTTP/1.1\r\n" CLOSE "\r\n"));
    }
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        OWN(free) char *answer = socket_read_all(fds[i]);
        EXPECT_HAS(answer, "worked");
        close(fds[i]);
    }
}

TEST(a_stream_is_read_while_it_is_written)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    OWN(fd) int fd = socket_connect(bench.port);
    socket_send(fd, bytes_of("GET /stream HTTP/1.1\r\n" CLOSE "\r\n"));
    struct http_stream *stream;
    while (!(stream = atomic_exchange(&bench.stream, NULL)))
        sched_yield();
    OWN(buf) struct buf got = {0};
    EXPECT(http_stream_write(stream, bytes_of("first line\n")));
    EXPECT(socket_read_until(fd, "first line\n", &got));
    EXPECT(http_stream_write(stream, bytes_of("second line\n")));
    EXPECT(socket_read_until(fd, "second line\n", &got));
    http_stream_end(stream);
    OWN(free) char *rest = socket_read_all(fd);
    EXPECT_HAS(rest, "0\r\n\r\n");
}

TEST(a_stream_whose_client_has_disconnected_refuses_writes)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    int fd = socket_connect(bench.port);
    socket_send(fd, bytes_of("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"));
    struct http_stream *stream;
    while (!(stream = atomic_exchange(&bench.stream, NULL)))
        sched_yield();
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    while (http_stream_write(stream, bytes_of("anybody?\n")))
        sched_yield();
    http_stream_end(stream);
}

TEST(closing_answers_what_is_held_and_survives_a_late_answer)
{
    struct bench bench = {0};
    bench_open(&bench);
    OWN(fd) int fd = socket_connect(bench.port);
    socket_send(fd, bytes_of("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    struct http_exchange *exchange = wait_kept(&bench);
    http_server_close(bench.server); /* waits drain_sec in vain */
    OWN(free) char *answer = socket_read_all(fd);
    EXPECT_INT(socket_status(answer), 503);
    http_exchange_reply_text(exchange, 200, "too late\n");
}

/* Asks over and over on new connections until one is refused; counts answers that were cut. */
static void *hammer(void *context)
{
    struct bench *bench = context;
    uintptr_t unanswered = 0;
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(bench->port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
            close(fd);
            return (void *)unanswered; /* not accepted: the end */
        }
        bool sent = socket_send(fd, bytes_of("GET /work HTTP/1.1\r\n" CLOSE "\r\n"));
        OWN(free) char *answer = socket_read_all(fd);
        unanswered += sent && socket_status(answer) != 200;
        close(fd);
    }
}

TEST(closing_under_load_answers_every_request_that_was_accepted)
{
    struct bench bench = {0};
    bench_open(&bench);
    pthread_t threads[8];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, hammer, &bench);
    while (atomic_load(&bench.ended) < 500)
        sched_yield();
    http_server_close(bench.server);
    uintptr_t unanswered = 0;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *result;
        pthread_join(threads[i], &result);
        unanswered += (uintptr_t)result;
    }
    EXPECT_INT(unanswered, 0);
}

TEST(a_port_in_use_is_named)
{
    OWN(bench) struct bench bench = {0};
    bench_open(&bench);
    struct err err = {0};
    struct http_server_options options = {.port = bench.port, .handle = handle};
    EXPECT(http_server_open(&options, &err) == NULL);
    OWN(free) char *want = str_format("port %u on 127.0.0.1 is in use", bench.port);
    EXPECT_STR(err.text, want);
}
