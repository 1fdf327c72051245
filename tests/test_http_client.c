/* net/http_client: real requests to real servers on free ports, well-behaved and not. */
#include "net/http_client.h"

#include "base/own.h"
#include "base/str.h"
#include "net/http_server.h"
#include "tests/raw_server.h"
#include "tests/sockets.h"
#include "tests/test.h"

#include <string.h>

/* Answers with what was asked: method, path, query, fields of interest, body. */
static void echo(struct http_exchange *exchange, void *app)
{
    (void)app;
    struct http_reply reply = {.content_type = "text/plain"};
    buf_add_format(&reply.body, "%s %s?%s\n", exchange->method, exchange->path,
                   exchange->query ? exchange->query : "");
    for (size_t i = 0; i < exchange->headers.count; i++)
        buf_add_format(&reply.body, "%s: %s\n", exchange->headers.list[i].name,
                       exchange->headers.list[i].value);
    buf_add_format(&reply.body, "\n");
    buf_add(&reply.body, exchange->body.data, exchange->body.len);
    http_answer_with(exchange, &reply);
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
    struct pair pair = {.server = http_server_open(&options, &err),
                        .client = http_client_open(NULL, &err)};
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
    OWN(http_answer)
    struct http_answer answer = {0};
    bool sent = http_send(client, call, &answer, &err);
    EXPECT_STR(err.text, "");
    EXPECT(sent);
    EXPECT_INT(answer.status, 200);
    return buf_take(&answer.body);
}

TEST(a_get_arrives_with_path_and_query_untouched)
{
    OWN(pair)
    struct pair pair = pair_open();
    OWN(free)
    char *seen = send_ok(pair.client, &(struct http_call){.url = pair.url});
    EXPECT(str_starts(seen, "GET /a/../b%2F?x=1\n"));
    EXPECT_HAS(seen, "User-Agent: knative-c/");
}

TEST(a_post_carries_its_fields_and_nothing_that_nobody_asked_for)
{
    OWN(pair)
    struct pair pair = pair_open();
    OWN(headers)
    struct headers headers = {0};
    headers_add(&headers, "ce-Id", "7");
    headers_add(&headers, "X-Empty", "");
    headers_add(&headers, "Content-Length", "1");
    OWN(free)
    char *seen = send_ok(pair.client, &(struct http_call){.url = pair.url,
                                                          .headers = &headers,
                                                          .method = "POST",
                                                          .body = bytes_of("hello")});
    EXPECT(str_starts(seen, "POST "));
    EXPECT_HAS(seen, "ce-Id: 7\nX-Empty: \nContent-Length: 5\n\nhello");
    EXPECT(!strstr(seen, "Content-Type") && !strstr(seen, "Expect"));
}
