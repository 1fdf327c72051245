/* SPDX-License-Identifier: Apache-2.0 */
/* net/client/http_client: requests and responses, from well-behaved servers and others. */
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/http_client_fixture.h"
#include "tests/helpers/sockets.h"

#include <fcntl.h>
#include <string.h>
#include <zlib.h>

TEST_BOTH(a_get_arrives_with_path_and_query_untouched)
{
    OWN(pair) struct pair pair = client_pair_open();
    OWN(free) char *seen = client_send_ok(pair.client, &(struct http_call){.url = pair.url});
    EXPECT(str_starts(seen, "GET /a/../b%2F?x=1\n"));
    EXPECT_HAS(seen, "User-Agent: knative-c/");
}

TEST_BOTH(a_post_has_its_fields_and_no_others)
{
    OWN(pair) struct pair pair = client_pair_open();
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "ce-Id", "7");
    headers_add(&headers, "X-Empty", "");
    headers_add(&headers, "Content-Length", "1");
    headers_add(&headers, "ce-id", "8");
    OWN(free) char *seen = client_send_ok(
        pair.client,
        &(struct http_call){
            .url = pair.url, .headers = &headers, .method = "POST", .body = bytes_of("hello")});
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
    OWN(pair) struct pair pair = client_pair_open();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct http_call call = {
            .url = pair.url, .method = rows[i].method, .body = bytes_of(rows[i].body)};
        OWN(free) char *seen = client_send_ok(pair.client, &call);
        if (!str_starts(seen, rows[i].begins))
            fail_msg("row %zu: %s", i, seen);
        EXPECT_HAS(seen, rows[i].has);
    }
    EXPECT_INT(http_client_connections(pair.client), 1);
}

TEST_BOTH(the_answer_to_head_has_fields_but_no_body)
{
    OWN(http_response) struct http_response answer = {0};
    struct err err = client_get_text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n\r\n",
                                     (struct http_call){.method = "HEAD"}, &answer);
    EXPECT_STR(err.text, "");
    EXPECT_INT(answer.body.len, 0);
    EXPECT_STR(headers_get(&answer.headers, "etag"), "x");
}

TEST_BOTH(a_body_of_ten_megabytes_goes_there_and_back)
{
    OWN(pair) struct pair pair = client_pair_open();
    OWN(buf) struct buf body = {0};
    for (int i = 0; body.len < 10 << 20; i++)
        buf_add_format(&body, "%d,", i);
    struct http_call call = {.url = pair.url, .body = buf_bytes(&body)};
    OWN(free) char *seen = client_send_ok(pair.client, &call);
    EXPECT_STR(strstr(seen, "\n\n") + 2, body.data);
}

TEST_BOTH(a_string_that_is_not_an_http_url_is_refused)
{
    static const char *const urls[] = {
        "", "host", "file:///etc/passwd", "http://u:p@host/", "http://a b/", "gopher://127.0.0.1/"};
    OWN(http_client) struct http_client *client = client_open();
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
    struct err err =
        client_get_text("HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nX-A:  1 \r\nx-a:2\r\n"
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
    client_get_text(text, (struct http_call){0}, &passed);
    EXPECT_INT(passed.status, 500);
    client_get_text(text, (struct http_call){.stop_at_status = 102}, &enough);
    EXPECT_INT(enough.status, 102);
}

TEST_BOTH(a_redirect_is_returned_and_not_followed)
{
    OWN(http_response) struct http_response answer = {0};
    client_get_text("HTTP/1.1 308 Resume Incomplete\r\nLocation: http://127.0.0.1:1/\r\n"
                    "Content-Length: 0\r\n\r\n",
                    (struct http_call){0}, &answer);
    EXPECT_INT(answer.status, 308);
    EXPECT_STR(headers_get(&answer.headers, "location"), "http://127.0.0.1:1/");
}

TEST_BOTH(responses_with_1xx_are_skipped)
{
    OWN(http_response) struct http_response answer = {0};
    client_get_text(
        "HTTP/1.1 100 Continue\r\nX-A: no\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-B: no\r\n\r\n"
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
        struct err err = client_get_text(texts[i], (struct http_call){0}, &answer);
        EXPECT_STR(err.text, "");
        EXPECT_INT(answer.status, 200);
        EXPECT_STR(answer.body.data, "hello");
    }
}

TEST_BOTH(a_response_without_content_has_no_body)
{
    OWN(http_response) struct http_response answer = {0};
    client_get_text("HTTP/1.1 204 No Content\r\n\r\n", (struct http_call){0}, &answer);
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
        struct err err = client_get_text(texts[i], (struct http_call){0}, &answer);
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
        struct err err = client_get_text(texts[i], (struct http_call){0}, &answer);
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
        struct err err = client_get_text(texts[i], (struct http_call){.max_reply = 5}, &answer);
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
        struct err err = client_get_text(texts[i], call, &answer);
        EXPECT_STR(err.text, "");
        EXPECT_INT(answer.status, 202);
        EXPECT(answer.body_lost && answer.body.len == 0);
        EXPECT_STR(headers_get(&answer.headers, "X"), "y");
    }
}

TEST_BOTH(a_call_that_allows_a_lost_body_gets_one_that_is_not_lost)
{
    OWN(http_response) struct http_response answer = {0};
    client_get_text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
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
        struct err err =
            client_get_text(texts[i], (struct http_call){.allow_lost_body = true}, &answer);
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
    OWN(raw_pair) struct raw_pair pair = client_raw_pair_open(
        serve_half_and_wait, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
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
    return client_get_text(text.data, (struct http_call){0}, answer);
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
    OWN(raw_pair) struct raw_pair pair =
        client_raw_pair_open(serve_gzip, "hello hello hello hello");
    OWN(free) char *body =
        client_send_ok(pair.client, &(struct http_call){.url = pair.url, .accept_encoding = true});
    EXPECT_STR(body, "hello hello hello hello");
}

TEST(the_limit_counts_unpacked_bytes)
{
    char zeros[100001];
    memset(zeros, '0', sizeof(zeros) - 1);
    zeros[sizeof(zeros) - 1] = '\0';
    OWN(raw_pair) struct raw_pair pair = client_raw_pair_open(serve_gzip, zeros);
    OWN(http_response) struct http_response answer = {0};
    struct err err = {0};
    struct http_call call = {.url = pair.url, .accept_encoding = true, .max_reply = 99999};
    EXPECT(!http_client_send(pair.client, &call, &answer, &err));
    EXPECT_INT(err.status, ERR_TOO_LARGE);
}

TEST_BOTH(a_silent_server_times_out)
{
    static const char *const firsts[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"};
    for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
        OWN(raw_pair) struct raw_pair pair = client_raw_pair_open(client_serve_silence, firsts[i]);
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
    OWN(raw_pair) struct raw_pair pair = client_raw_pair_open(
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
    OWN(http_client) struct http_client *client = client_open();
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
