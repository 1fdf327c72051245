/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_client: real requests to real servers on free ports, well-behaved and not. */
#include "net/client/http_client.h"

#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "net/server/http_server.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/raw_server.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <zlib.h>

/* Most tests run twice: as calls to a loopback address go, and by libcurl. */
#define TEST_BOTH(sentence)                                                                        \
    static void sentence##_(void);                                                                 \
    TEST(sentence)                                                                                 \
    {                                                                                              \
        always_libcurl = false;                                                                    \
        sentence##_();                                                                             \
    }                                                                                              \
    TEST(sentence##_with_libcurl)                                                                  \
    {                                                                                              \
        always_libcurl = true;                                                                     \
        sentence##_();                                                                             \
    }                                                                                              \
    static void sentence##_(void)

static bool always_libcurl;

/* Answers with what was asked: method, path, query, fields, body. */
static void echo(struct http_exchange *exchange, void *app)
{
    (void)app;
    struct http_reply reply = {.content_type = "text/plain"};
    buf_add_format(&reply.body, "%s %s?%s\n", exchange->method, exchange->path,
                   exchange->query ? exchange->query : "");
    for (size_t i = 0; i < exchange->headers.count; i++)
        buf_add_format(&reply.body, "%s: %s\n", exchange->headers.list[i].name,
                       exchange->headers.list[i].value);
    buf_add_text(&reply.body, "\n");
    buf_add(&reply.body, exchange->body.data, exchange->body.len);
    http_exchange_reply(exchange, &reply);
}

static struct http_client *open_client(void)
{
    struct err err = {0};
    struct http_client_options options = {.always_libcurl = always_libcurl};
    struct http_client *client = http_client_open(&options, &err);
    EXPECT_STR(err.text, "");
    return client;
}

/* A client and a server that echoes. */
struct pair {
    struct http_server *server;
    struct http_client *client;
    char *url;
};

static struct pair pair_open(void)
{
    struct err err = {0};
    struct http_server_options options = {.handle = echo};
    struct pair pair = {.server = http_server_open(&options, &err), .client = open_client()};
    EXPECT_STR(err.text, "");
    pair.url = str_format("http://127.0.0.1:%d/a/../b%%2F?x=1", http_server_port(pair.server));
    return pair;
}

static void own_pair(struct pair *pair)
{
    http_client_close(pair->client);
    http_server_close(pair->server);
    free(pair->url);
}

/* Sends, expects an answer of 200, and gives its body. The caller frees. */
static char *send_ok(struct http_client *client, const struct http_call *call)
{
    struct err err = {0};
    OWN(http_response) struct http_response answer = {0};
    bool sent = http_client_send(client, call, &answer, &err);
    EXPECT_STR(err.text, "");
    EXPECT(sent);
    EXPECT_INT(answer.status, 200);
    return buf_take(&answer.body);
}

/* A client and a raw server that answers each connection's one request with a text. */
struct raw_pair {
    struct raw_server *server;
    struct http_client *client;
    char *url;
};

static struct raw_pair raw_pair_open(raw_server_handler *serve, const void *context)
{
    struct raw_pair pair = {.server = raw_server_open(serve, (void *)(uintptr_t)context),
                            .client = open_client()};
    pair.url = str_format("http://127.0.0.1:%d/", raw_server_port(pair.server));
    return pair;
}

static void own_raw_pair(struct raw_pair *pair)
{
    http_client_close(pair->client);
    raw_server_close(pair->server);
    free(pair->url);
}

/* What one GET from a server that answers with this text gives: the answer, or err. */
static struct err get_text(const char *text, struct http_call call, struct http_response *answer)
{
    OWN(raw_pair) struct raw_pair pair = raw_pair_open(raw_server_send_text, text);
    struct err err = {0};
    call.url = pair.url;
    http_client_send(pair.client, &call, answer, &err);
    EXPECT_INT(answer->status == 0, err.status != 0);
    return err;
}

TEST_BOTH(a_get_arrives_with_path_and_query_untouched)
{
    OWN(pair) struct pair pair = pair_open();
    OWN(free) char *seen = send_ok(pair.client, &(struct http_call){.url = pair.url});
    EXPECT(str_starts(seen, "GET /a/../b%2F?x=1\n"));
    EXPECT_HAS(seen, "User-Agent: knative-c/");
}

TEST_BOTH(a_post_has_its_fields_and_no_others)
{
    OWN(pair) struct pair pair = pair_open();
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "ce-Id", "7");
    headers_add(&headers, "X-Empty", "");
    headers_add(&headers, "Content-Length", "1");
    headers_add(&headers, "ce-id", "8");
    OWN(free) char *seen = send_ok(pair.client, &(struct http_call){.url = pair.url,
                                                                    .headers = &headers,
                                                                    .method = "POST",
                                                                    .body = bytes_of("hello")});
    EXPECT(str_starts(seen, "POST "));
    EXPECT_HAS(seen, "ce-Id: 7\nX-Empty: \nce-id: 8\nContent-Length: 5\n\nhello");
    EXPECT(!strstr(seen, "Content-Type") && !strstr(seen, "Expect"));
}

TEST_BOTH(every_method_is_sent_as_it_is_called_with_or_without_a_body)
{
    static const struct {
        const char *method, *body, *begins, *has;
    } rows[] = {
        {NULL, "", "GET /", "Accept: */*"},
        {NULL, "x", "POST /", "Content-Length: 1\n\nx"},
        {"POST", "", "POST /", "Content-Length: 0\n"},
        {"PUT", "x", "PUT /", "Content-Length: 1\n\nx"},
        {"PUT", "", "PUT /", "Content-Length: 0\n"},
        {"PATCH", "x", "PATCH /", "Content-Length: 1\n\nx"},
        {"DELETE", "", "DELETE /", "\n\n"},
        {"DELETE", "x", "DELETE /", "Content-Length: 1\n\nx"},
        {"GET", "x", "GET /", "Content-Length: 1\n\nx"},
    };
    OWN(pair) struct pair pair = pair_open();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct http_call call = {
            .url = pair.url, .method = rows[i].method, .body = bytes_of(rows[i].body)};
        OWN(free) char *seen = send_ok(pair.client, &call);
        if (!str_starts(seen, rows[i].begins))
            fail_msg("row %zu: %s", i, seen);
        EXPECT_HAS(seen, rows[i].has);
    }
    EXPECT_INT(http_client_connections(pair.client), 1);
}

TEST_BOTH(the_answer_to_head_has_fields_but_no_body)
{
    OWN(http_response) struct http_response answer = {0};
    struct err err = get_text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n\r\n",
                              (struct http_call){.method = "HEAD"}, &answer);
    EXPECT_STR(err.text, "");
    EXPECT_INT(answer.body.len, 0);
    EXPECT_STR(headers_get(&answer.headers, "etag"), "x");
}

TEST_BOTH(a_body_of_ten_megabytes_goes_there_and_back)
{
    OWN(pair) struct pair pair = pair_open();
    OWN(buf) struct buf body = {0};
    for (int i = 0; body.len < 10 << 20; i++)
        buf_add_format(&body, "%d,", i);
    struct http_call call = {.url = pair.url, .body = buf_bytes(&body)};
    OWN(free) char *seen = send_ok(pair.client, &call);
    EXPECT_STR(strstr(seen, "\n\n") + 2, body.data);
}

TEST_BOTH(a_string_that_is_not_an_http_url_is_refused)
{
    static const char *const urls[] = {
        "", "host", "file:///etc/passwd", "http://u:p@host/", "http://a b/", "gopher://127.0.0.1/"};
    OWN(http_client) struct http_client *client = open_client();
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
        struct err err = {0};
        OWN(http_response) struct http_response answer = {0};
        EXPECT(!http_client_send(client, &(struct http_call){.url = urls[i]}, &answer, &err));
        EXPECT_INT(err.status, ERR_INPUT);
    }
}

TEST_BOTH(status_and_fields_are_the_servers)
{
    OWN(http_response) struct http_response answer = {0};
    struct err err = get_text("HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nX-A:  1 \r\nx-a:2\r\n"
                              "X-None:\r\nContent-Type: what/ever; a=b\r\nContent-Length: 2\r\n"
                              "\r\nno",
                              (struct http_call){0}, &answer);
    EXPECT_STR(err.text, "");
    EXPECT_INT(answer.status, 429);
    EXPECT_STR(headers_get(&answer.headers, "retry-after"), "7");
    EXPECT_STR(headers_get(&answer.headers, "x-a"), "1");
    EXPECT_INT(headers_count(&answer.headers, "X-A"), 2);
    EXPECT_STR(headers_get(&answer.headers, "x-none"), "");
    EXPECT_STR(headers_get(&answer.headers, "Content-Type"), "what/ever; a=b");
    EXPECT_STR(answer.body.data, "no");
}

TEST_BOTH(an_interim_response_is_skipped_unless_the_call_stops_at_it)
{
    static const char text[] = "HTTP/1.1 102 Processing\r\n\r\n"
                               "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
    OWN(http_response) struct http_response passed = {0}, enough = {0};
    get_text(text, (struct http_call){0}, &passed);
    EXPECT_INT(passed.status, 500);
    get_text(text, (struct http_call){.stop_at_status = 102}, &enough);
    EXPECT_INT(enough.status, 102);
}

TEST_BOTH(a_redirect_is_returned_and_not_followed)
{
    OWN(http_response) struct http_response answer = {0};
    get_text("HTTP/1.1 308 Resume Incomplete\r\nLocation: http://127.0.0.1:1/\r\n"
             "Content-Length: 0\r\n\r\n",
             (struct http_call){0}, &answer);
    EXPECT_INT(answer.status, 308);
    EXPECT_STR(headers_get(&answer.headers, "location"), "http://127.0.0.1:1/");
}

TEST_BOTH(responses_with_1xx_are_skipped)
{
    OWN(http_response) struct http_response answer = {0};
    get_text("HTTP/1.1 100 Continue\r\nX-A: no\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-B: no\r\n\r\n"
             "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
             (struct http_call){0}, &answer);
    EXPECT_INT(answer.status, 201);
    EXPECT_INT(answer.headers.count, 1);
}

TEST_BOTH(a_body_comes_by_length_in_chunks_or_until_the_end)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello rest",
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\n"
         "X-Trailer: 1\r\n\r\n"),
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\n\r\nhello",
        "HTTP/1.1 200\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(http_response) struct http_response answer = {0};
        struct err err = get_text(texts[i], (struct http_call){0}, &answer);
        EXPECT_STR(err.text, "");
        EXPECT_INT(answer.status, 200);
        EXPECT_STR(answer.body.data, "hello");
    }
}

TEST_BOTH(a_response_without_content_has_no_body)
{
    OWN(http_response) struct http_response answer = {0};
    get_text("HTTP/1.1 204 No Content\r\n\r\n", (struct http_call){0}, &answer);
    EXPECT_INT(answer.status, 204);
    EXPECT(answer.body.data == NULL);
}

TEST_BOTH(a_response_that_is_cut_fails)
{
    static const char *const texts[] = {
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        "HTTP/1.1 100 Continue\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(http_response) struct http_response answer = {0};
        struct err err = get_text(texts[i], (struct http_call){0}, &answer);
        EXPECT_INT(err.status, ERR_UNAVAILABLE);
        EXPECT(str_starts(err.text, "http://127.0.0.1:"));
        EXPECT(answer.headers.count == 0 && answer.body.data == NULL);
    }
}

TEST_BOTH(what_is_not_http_is_the_upstreams_fault)
{
    static const char *const texts[] = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "<html>hello</html>",
        "HTTP/1.1 x99 Odd\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(http_response) struct http_response answer = {0};
        struct err err = get_text(texts[i], (struct http_call){0}, &answer);
        if (err.status != ERR_UPSTREAM)
            fail_msg("row %zu: %d %s", i, err.status, err.text);
    }
}

TEST_BOTH(a_body_over_the_limit_is_refused_with_any_framing)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello!",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(http_response) struct http_response answer = {0};
        struct err err = get_text(texts[i], (struct http_call){.max_reply = 5}, &answer);
        EXPECT_INT(err.status, ERR_TOO_LARGE);
        EXPECT_HAS(err.text, "the response is over 5 bytes");
    }
}

TEST_BOTH(a_call_can_succeed_with_the_head_when_the_body_is_lost)
{
    static const char *const texts[] = {
        "HTTP/1.1 202 Accepted\r\nX: y\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 202 Accepted\r\nX: y\r\nContent-Length: 20\r\n\r\n01234567890123456789",
        "HTTP/1.1 202 Accepted\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        "HTTP/1.1 202 Accepted\r\nX: y\r\n\r\n01234567890123456789",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(http_response) struct http_response answer = {0};
        struct http_call call = {.allow_lost_body = true, .max_reply = 15};
        struct err err = get_text(texts[i], call, &answer);
        EXPECT_STR(err.text, "");
        EXPECT_INT(answer.status, 202);
        EXPECT(answer.body_lost && answer.body.len == 0);
        EXPECT_STR(headers_get(&answer.headers, "X"), "y");
    }
}

TEST_BOTH(a_call_that_allows_a_lost_body_gets_one_that_is_not_lost)
{
    OWN(http_response) struct http_response answer = {0};
    get_text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
             (struct http_call){.allow_lost_body = true}, &answer);
    EXPECT(!answer.body_lost);
    EXPECT_STR(answer.body.data, "hello");
}

TEST_BOTH(without_a_whole_head_the_call_fails_in_any_case)
{
    static const char *const texts[] = {
        "", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 x99 Odd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(http_response) struct http_response answer = {0};
        struct err err = get_text(texts[i], (struct http_call){.allow_lost_body = true}, &answer);
        EXPECT(err.status != 0 && answer.status == 0);
    }
}

static void serve_half_and_wait(int fd, void *context)
{
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    socket_send(fd, bytes_of(context));
    OWN(free) char *rest = socket_read_all(fd);
    (void)rest;
}

TEST_BOTH(a_body_that_is_late_is_lost)
{
    OWN(raw_pair) struct raw_pair pair =
        raw_pair_open(serve_half_and_wait, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    OWN(http_response) struct http_response answer = {0};
    struct err err = {0};
    struct http_call call = {.url = pair.url, .timeout_ms = 100, .allow_lost_body = true};
    EXPECT(http_client_send(pair.client, &call, &answer, &err));
    EXPECT(answer.status == 200 && answer.body_lost);
}

/* An answer with a field of so many bytes. */
static struct err get_with_field(size_t len, struct http_response *answer)
{
    OWN(buf) struct buf text = {0};
    buf_add_text(&text, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
    for (int i = 0; text.len < len; i++)
        buf_add_format(&text, "X-Long-%d: %01000d\r\n", i, i);
    buf_add_text(&text, "\r\n");
    return get_text(text.data, (struct http_call){0}, answer);
}

TEST_BOTH(ten_thousand_bytes_of_fields_are_taken)
{
    OWN(http_response) struct http_response answer = {0};
    struct err err = get_with_field(10000, &answer);
    EXPECT_STR(err.text, "");
    EXPECT_INT(answer.headers.count, 11);
}

TEST_BOTH(fields_without_end_are_refused)
{
    OWN(http_response) struct http_response answer = {0};
    struct err err = get_with_field(400000, &answer);
    EXPECT_INT(err.status, ERR_UPSTREAM);
}

static void serve_gzip(int fd, void *context)
{
    const char *text = context;
    char packed[4096];
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
                       .avail_in = (uInt)strlen(text),
                       .next_out = (Bytef *)packed,
                       .avail_out = sizeof(packed)};
    deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&stream, Z_FINISH);
    size_t len = stream.total_out;
    deflateEnd(&stream);

    OWN(buf) struct buf request = {0};
    OWN(buf) struct buf answer = {0};
    if (!raw_server_read_request(fd, &request) ||
        !strstr(request.data, "Accept-Encoding: gzip\r\n"))
        return;
    buf_add_format(&answer,
                   "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", len);
    buf_add(&answer, packed, len);
    socket_send(fd, buf_bytes(&answer));
}

TEST(a_compressed_answer_is_unpacked_when_asked_for)
{
    OWN(raw_pair) struct raw_pair pair = raw_pair_open(serve_gzip, "hello hello hello hello");
    OWN(free) char *body =
        send_ok(pair.client, &(struct http_call){.url = pair.url, .accept_encoding = true});
    EXPECT_STR(body, "hello hello hello hello");
}

TEST(the_limit_counts_unpacked_bytes)
{
    char zeros[100001];
    memset(zeros, '0', sizeof(zeros) - 1);
    zeros[sizeof(zeros) - 1] = '\0';
    OWN(raw_pair) struct raw_pair pair = raw_pair_open(serve_gzip, zeros);
    OWN(http_response) struct http_response answer = {0};
    struct err err = {0};
    struct http_call call = {.url = pair.url, .accept_encoding = true, .max_reply = 99999};
    EXPECT(!http_client_send(pair.client, &call, &answer, &err));
    EXPECT_INT(err.status, ERR_TOO_LARGE);
}

static void serve_silence(int fd, void *context)
{
    const char *first = context;
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    socket_send(fd, bytes_of(first));
    OWN(free) char *rest = socket_read_all(fd); /* until the client has had enough */
    (void)rest;
}

TEST_BOTH(a_silent_server_times_out)
{
    static const char *const firsts[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"};
    for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
        OWN(raw_pair) struct raw_pair pair = raw_pair_open(serve_silence, firsts[i]);
        OWN(http_response) struct http_response answer = {0};
        struct err err = {0};
        struct http_call call = {.url = pair.url, .timeout_ms = 50};
        EXPECT(!http_client_send(pair.client, &call, &answer, &err));
        EXPECT_INT(err.status, ERR_UNAVAILABLE);
        EXPECT_HAS(err.text, "timed out");
    }
}

static void serve_refusal(int fd, void *context)
{
    OWN(buf) struct buf head = {0};
    if (socket_read_until(fd, "\r\n\r\n", &head)) /* and not the body */
        socket_send(fd, bytes_of(context));
}

TEST_BOTH(a_response_before_the_end_of_the_upload_is_read)
{
    OWN(raw_pair) struct raw_pair pair = raw_pair_open(
        serve_refusal, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    OWN(buf) struct buf body = {0};
    memset(buf_reserve(&body, 8 << 20), 'x', 8 << 20);
    body.len = 8 << 20;
    OWN(http_response) struct http_response answer = {0};
    struct err err = {0};
    struct http_call call = {.url = pair.url, .body = buf_bytes(&body)};
    http_client_send(pair.client, &call, &answer, &err);
    EXPECT_STR(err.text, "");
    EXPECT_INT(answer.status, 413);
}

TEST_BOTH(a_missing_server_is_unavailable)
{
    OWN(http_client) struct http_client *client = open_client();
    OWN(free) char *url = str_format("http://127.0.0.1:%d/secret?key=1", free_port());
    for (int i = 0; i < 200; i++) {
        OWN(http_response) struct http_response answer = {0};
        struct err err = {0};
        EXPECT(!http_client_send(client, &(struct http_call){.url = url}, &answer, &err));
        EXPECT_INT(err.status, ERR_UNAVAILABLE);
        EXPECT(str_starts(err.text, "http://127.0.0.1:") && !strstr(err.text, "secret"));
        EXPECT(err.reason == http_client_refused);
    }
}

/* Answers one request, closes, and then counts it. */
static void serve_one_and_close(int fd, void *context)
{
    raw_server_send_text(fd, (void *)"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    shutdown(fd, SHUT_RDWR);
    atomic_fetch_add((atomic_int *)context, 1);
}

TEST_BOTH(a_kept_connection_that_the_server_closed_is_replaced)
{
    atomic_int closed = 0;
    OWN(raw_pair) struct raw_pair pair = raw_pair_open(serve_one_and_close, &closed);
    for (int i = 0; i < 20; i++) {
        OWN(free) char *body =
            send_ok(pair.client, &(struct http_call){.url = pair.url, .body = bytes_of("event")});
        EXPECT_STR(body, "ok");
        while (atomic_load(&closed) <= i)
            sched_yield();
    }
    EXPECT_INT(http_client_connections(pair.client), 20);
}

/* Answers a connection's first request, reads the second, and closes without an answer. */
static void serve_one_of_two(int fd, void *context)
{
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    atomic_fetch_add((atomic_int *)context, 1);
    socket_send(fd, bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    request.len = 0;
    if (raw_server_read_request(fd, &request))
        atomic_fetch_add((atomic_int *)context, 1);
}

TEST_BOTH(a_post_that_may_have_been_read_is_not_sent_again)
{
    atomic_int requests = 0;
    OWN(raw_pair) struct raw_pair pair = raw_pair_open(serve_one_of_two, &requests);
    struct http_call call = {.url = pair.url, .body = bytes_of("event")};
    OWN(free) char *first = send_ok(pair.client, &call);
    OWN(http_response) struct http_response answer = {0};
    struct err err = {0};
    EXPECT(!http_client_send(pair.client, &call, &answer, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_INT(requests, 2);
}

TEST_BOTH(a_get_is_sent_again_when_its_kept_connection_ends)
{
    atomic_int requests = 0;
    OWN(raw_pair) struct raw_pair pair = raw_pair_open(serve_one_of_two, &requests);
    OWN(free) char *first = send_ok(pair.client, &(struct http_call){.url = pair.url});
    OWN(free) char *second = send_ok(pair.client, &(struct http_call){.url = pair.url});
    EXPECT_STR(second, "ok");
    EXPECT_INT(requests, 3);
}

static void serve_and_wait(int fd, void *closed)
{
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    socket_send(fd, bytes_of("HTTP/1.1 204 No Content\r\n\r\n"));
    OWN(free) char *rest = socket_read_all(fd);
    (void)rest;
    atomic_store((atomic_bool *)closed, true);
}

TEST(a_connection_that_is_idle_for_long_is_closed)
{
    struct err err = {0};
    struct http_client_options options = {.max_idle_sec = 1};
    OWN(http_client) struct http_client *client = http_client_open(&options, &err);
    atomic_bool closed = false;
    OWN(raw_server) struct raw_server *server = raw_server_open(serve_and_wait, &closed);
    OWN(free) char *url = str_format("http://127.0.0.1:%d/", raw_server_port(server));
    OWN(http_response) struct http_response answer = {0};
    EXPECT(http_client_send(client, &(struct http_call){.url = url}, &answer, &err));

    /* while there is other work */
    always_libcurl = false;
    OWN(pair) struct pair pair = pair_open();
    int64_t end_ns = timestamp_monotonic_ns() + (int64_t)10 * NS_PER_SEC;
    while (!atomic_load(&closed) && timestamp_monotonic_ns() < end_ns)
        free(send_ok(client, &(struct http_call){.url = pair.url}));
    EXPECT(atomic_load(&closed));
}

static void *send_fifty(void *context)
{
    struct pair *pair = context;
    for (int i = 0; i < 50; i++) {
        OWN(free) char *number = str_format("%d of %p", i, (void *)&number);
        struct http_call call = {.url = pair->url, .body = bytes_of(number)};
        OWN(free) char *seen = send_ok(pair->client, &call);
        EXPECT(str_ends(seen, number));
    }
    return NULL;
}

TEST_BOTH(eighty_threads_share_the_client_and_its_connections)
{
    OWN(pair) struct pair pair = pair_open();
    pthread_t threads[80];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, send_fifty, &pair);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    EXPECT(http_client_connections(pair.client) <= ARRAY_SIZE(threads));
}

TEST_BOTH(requests_one_after_the_other_use_one_connection)
{
    OWN(pair) struct pair pair = pair_open();
    send_fifty(&pair);
    EXPECT_INT(http_client_connections(pair.client), 1);
}

/* Counts what ended, and how. */
struct tally {
    struct http_client *client;
    struct http_call call;
    atomic_int answered, failed;
    int more; /* requests to start from on_ended; of the client's thread */
    sem_t ended;
};

static void on_ended(struct http_response *answer, const struct err *err, void *context)
{
    struct tally *tally = context;
    if (answer)
        EXPECT_INT(answer->status, 200);
    else
        EXPECT_INT(err->status, ERR_UNAVAILABLE);
    atomic_fetch_add(answer ? &tally->answered : &tally->failed, 1);
    if (answer && tally->more-- > 0)
        http_client_start(tally->client, &tally->call, on_ended, tally);
    sem_post(&tally->ended);
}

TEST_BOTH(a_request_may_be_started_when_another_has_ended)
{
    OWN(pair) struct pair pair = pair_open();
    struct tally tally = {.client = pair.client, .call = {.url = pair.url}, .more = 99};
    sem_init(&tally.ended, 0, 0);
    http_client_start(pair.client, &tally.call, on_ended, &tally);
    for (int i = 0; i < 100; i++)
        sem_wait(&tally.ended);
    EXPECT_INT(tally.answered, 100);
    EXPECT_INT(http_client_connections(pair.client), 1);
}

TEST(many_requests_to_one_server_wait_for_one_of_a_thousand_connections)
{
    always_libcurl = false;
    OWN(pair) struct pair pair = pair_open();
    struct tally tally = {.client = pair.client, .call = {.url = pair.url}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 5000; i++)
        http_client_start(pair.client, &tally.call, on_ended, &tally);
    for (int i = 0; i < 5000; i++)
        sem_wait(&tally.ended);
    EXPECT_INT(tally.answered, 5000);
    EXPECT(http_client_connections(pair.client) <= 1024);
}

TEST(a_request_may_take_too_long_while_it_waits_for_a_connection)
{
    always_libcurl = false;
    OWN(raw_server) struct raw_server *server = raw_server_open(serve_silence, (void *)"");
    OWN(free) char *url = str_format("http://127.0.0.1:%d/", raw_server_port(server));
    OWN(http_client) struct http_client *client = open_client();
    struct tally tally = {.client = client, .call = {.url = url, .timeout_ms = 50}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 1100; i++)
        http_client_start(tally.client, &tally.call, on_ended, &tally);
    for (int i = 0; i < 1100; i++)
        sem_wait(&tally.ended);
    EXPECT_INT(tally.failed, 1100);
}

TEST_BOTH(closing_ends_each_running_request_once)
{
    OWN(raw_server) struct raw_server *server = raw_server_open(serve_silence, (void *)"");
    OWN(free) char *url = str_format("http://127.0.0.1:%d/", raw_server_port(server));
    struct tally tally = {.client = open_client(), .call = {.url = url, .timeout_ms = -1}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 30; i++)
        http_client_start(tally.client, &tally.call, on_ended, &tally);
    http_client_close(tally.client);
    EXPECT_INT(tally.answered, 0);
    EXPECT_INT(tally.failed, 30);
}

/* Counts the requests, and answers only the last. */
static void serve_the_last(int fd, void *context)
{
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    if (str_starts(request.data, "GET /last "))
        socket_send(fd, bytes_of("last"));
    else
        atomic_fetch_add((atomic_int *)context, 1);
    OWN(free) char *rest = socket_read_all(fd);
    (void)rest;
}

TEST(closing_sends_no_request_that_waits_for_a_connection)
{
    always_libcurl = false;
    atomic_int came = 0;
    OWN(raw_server) struct raw_server *server = raw_server_open(serve_the_last, &came);
    OWN(free) char *url = str_format("http://127.0.0.1:%d/", raw_server_port(server));
    struct tally tally = {.client = open_client(), .call = {.url = url, .timeout_ms = -1}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 1100; i++)
        http_client_start(tally.client, &tally.call, on_ended, &tally);
    while (atomic_load(&came) < 1024)
        sched_yield();
    http_client_close(tally.client);
    EXPECT_INT(tally.failed, 1100);

    OWN(fd) int last = socket_connect(raw_server_port(server));
    OWN(buf) struct buf got = {0};
    socket_send(last, bytes_of("GET /last HTTP/1.1\r\n\r\n"));
    EXPECT(socket_read_until(last, "last", &got)); /* after all others */
    EXPECT_INT(came, 1024);
}

static struct http_server *open_tls_server(const struct test_certificate *certificate)
{
    struct err err = {0};
    struct http_server_options options = {
        .handle = echo, .cert_pem = certificate->cert_pem, .key_pem = certificate->key_pem};
    struct http_server *server = http_server_open(&options, &err);
    EXPECT_STR(err.text, "");
    return server;
}

TEST(only_servers_of_the_trusted_authority_are_accepted)
{
    OWN(test_certificate) struct test_certificate ours = test_certificate_make();
    OWN(test_certificate) struct test_certificate others = test_certificate_make();
    struct http_server *server = open_tls_server(&ours);
    OWN(free) char *url = str_format("https://127.0.0.1:%d/tls", http_server_port(server));
    OWN(http_client) struct http_client *client = open_client();

    /* the second knows an authority of the same name with another key */
    const char *refused[] = {NULL, others.ca_file};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct err err = {0};
        OWN(http_response) struct http_response answer = {0};
        struct http_call call = {.url = url, .ca_file = refused[i]};
        EXPECT(!http_client_send(client, &call, &answer, &err));
        EXPECT_INT(err.status, ERR_UPSTREAM);
    }
    for (int i = 0; i < 2; i++) {
        OWN(free) char *seen =
            send_ok(client, &(struct http_call){.url = url, .ca_file = ours.ca_file});
        EXPECT(str_starts(seen, "GET /tls?"));
    }
    EXPECT_INT(http_client_connections(client), 3);
    http_server_close(server);
}

TEST(the_file_named_by_ssl_cert_file_is_trusted)
{
    OWN(test_certificate) struct test_certificate certificate = test_certificate_make();
    struct http_server *server = open_tls_server(&certificate);
    OWN(free) char *url = str_format("https://localhost:%d/", http_server_port(server));
    setenv("SSL_CERT_FILE", certificate.ca_file, 1);
    OWN(http_client) struct http_client *client = open_client();
    unsetenv("SSL_CERT_FILE");
    OWN(free) char *seen = send_ok(client, &(struct http_call){.url = url});
    EXPECT(str_starts(seen, "GET /?"));
    http_server_close(server);
}

TEST(an_authority_given_as_pem_text_is_trusted)
{
    OWN(test_certificate) struct test_certificate certificate = test_certificate_make();
    struct http_server *server = open_tls_server(&certificate);
    OWN(free) char *url = str_format("https://localhost:%d/", http_server_port(server));
    OWN(http_client) struct http_client *client = open_client();
    OWN(free) char *seen =
        send_ok(client, &(struct http_call){.url = url, .ca_pem = certificate.ca_pem});
    EXPECT(str_starts(seen, "GET /?"));
    http_server_close(server);
}

TEST(a_missing_certificate_file_is_an_internal_error)
{
    OWN(http_client) struct http_client *client = open_client();
    OWN(http_response) struct http_response answer = {0};
    struct err err = {0};
    OWN(raw_server) struct raw_server *server = raw_server_open(raw_server_send_text, (void *)"");
    OWN(free) char *url = str_format("https://127.0.0.1:%d/", raw_server_port(server));
    struct http_call call = {.url = url, .ca_file = "/nowhere/ca.pem"};
    EXPECT(!http_client_send(client, &call, &answer, &err));
    EXPECT_INT(err.status, ERR_INTERNAL);
}

/* A server of HTTP/2 in Node, which our own is not: answers 200 with the protocol's version,
 * holding each answer until ten requests are there. Prints its port. */
static const char http2_server[] =
    "const held = [];"
    "const server = require('http2').createSecureServer({cert: process.env.CERT, key: "
    "process.env.KEY});"
    "server.on('stream', (stream) => {"
    "  held.push(stream);"
    "  if (held.length < 10) return;"
    "  for (const one of held.splice(0)) { one.respond({':status': 200}); one.end('HTTP/2'); }"
    "});"
    "server.listen(0, '127.0.0.1', () => console.log(server.address().port));";

/* Starts the server, and gives its port and process. */
static int start_http2(const struct test_certificate *certificate, pid_t *pid)
{
    int pipe_fds[2], port = 0;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        fail_msg("no pipe");
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, pipe_fds[1], 1);
    setenv("CERT", certificate->cert_pem, 1);
    setenv("KEY", certificate->key_pem, 1);
    char *argv[] = {(char *)(uintptr_t) "node", (char *)(uintptr_t) "-e",
                    (char *)(uintptr_t)http2_server, NULL};
    if (posix_spawnp(pid, "node", &files, NULL, argv, environ) != 0)
        fail_msg("cannot start node");
    posix_spawn_file_actions_destroy(&files);
    close(pipe_fds[1]);
    OWN(file) FILE *output = fdopen(pipe_fds[0], "r");
    if (fscanf(output, "%d", &port) != 1)
        fail_msg("node tells no port");
    return port;
}

TEST(requests_share_one_connection_where_http2_is_offered)
{
    OWN(test_certificate) struct test_certificate certificate = test_certificate_make();
    pid_t pid;
    int port = start_http2(&certificate, &pid);
    OWN(free) char *url = str_format("https://127.0.0.1:%d/", port);
    struct tally tally = {.client = open_client(),
                          .call = {.url = url, .ca_file = certificate.ca_file}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 10; i++)
        http_client_start(tally.client, &tally.call, on_ended, &tally);
    for (int i = 0; i < 10; i++)
        sem_wait(&tally.ended);
    EXPECT_INT(tally.answered, 10);
    EXPECT_INT(http_client_connections(tally.client), 1);
    http_client_close(tally.client);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void serve_proxy(int fd, void *context)
{
    struct buf *seen = context;
    if (raw_server_read_request(fd, seen))
        socket_send(fd, bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"));
}

TEST(the_proxy_of_the_environment_is_used_except_for_loopback)
{
    OWN(buf) struct buf asked = {0};
    OWN(raw_server) struct raw_server *proxy = raw_server_open(serve_proxy, &asked);
    OWN(free) char *proxy_url = str_format("http://127.0.0.1:%d", raw_server_port(proxy));
    OWN(pair) struct pair pair = pair_open();
    setenv("http_proxy", proxy_url, 1);

    OWN(free) char *far = send_ok(pair.client, &(struct http_call){.url = "http://192.0.2.1/x"});
    EXPECT_STR(far, "proxy");
    EXPECT(str_starts(asked.data, "GET http://192.0.2.1/x HTTP/1.1\r\n"));

    OWN(free) char *near = send_ok(pair.client, &(struct http_call){.url = pair.url});
    EXPECT(str_starts(near, "GET /a/"));
    unsetenv("http_proxy");
}
