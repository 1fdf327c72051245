/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the HTTP client share. */
#include "tests/helpers/http_client_fixture.h"

#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/sockets.h"

bool client_always_libcurl;

void client_echo(struct http_exchange *exchange, void *app)
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

struct http_client *client_open(void)
{
    struct err err = {0};
    struct http_client_options options = {.always_libcurl = client_always_libcurl};
    struct http_client *client = http_client_open(&options, &err);
    EXPECT_STR(err.text, "");
    return client;
}

struct pair client_pair_open(void)
{
    struct err err = {0};
    struct http_server_options options = {.handle = client_echo};
    struct pair pair = {.server = http_server_open(&options, &err), .client = client_open()};
    EXPECT_STR(err.text, "");
    pair.url = str_format("http://127.0.0.1:%d/a/../b%%2F?x=1", http_server_port(pair.server));
    return pair;
}

void own_pair(struct pair *pair)
{
    http_client_close(pair->client);
    http_server_close(pair->server);
    free(pair->url);
}

char *client_send_ok(struct http_client *client, const struct http_call *call)
{
    struct err err = {0};
    OWN(http_response) struct http_response answer = {0};
    bool sent = http_client_send(client, call, &answer, &err);
    EXPECT_STR(err.text, "");
    EXPECT(sent);
    EXPECT_INT(answer.status, 200);
    return buf_take(&answer.body);
}

struct raw_pair client_raw_pair_open(raw_server_handler *serve, const void *context)
{
    struct raw_pair pair = {.server = raw_server_open(serve, (void *)(uintptr_t)context),
                            .client = client_open()};
    pair.url = str_format("http://127.0.0.1:%d/", raw_server_port(pair.server));
    return pair;
}

void own_raw_pair(struct raw_pair *pair)
{
    http_client_close(pair->client);
    raw_server_close(pair->server);
    free(pair->url);
}

struct err client_get_text(const char *text, struct http_call call, struct http_response *answer)
{
    OWN(raw_pair) struct raw_pair pair = client_raw_pair_open(raw_server_send_text, text);
    struct err err = {0};
    call.url = pair.url;
    http_client_send(pair.client, &call, answer, &err);
    EXPECT_INT(answer->status == 0, err.status != 0);
    return err;
}

void client_serve_silence(int fd, void *context)
{
    const char *first = context;
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    socket_send(fd, bytes_of(first));
    OWN(free) char *rest = socket_read_all(fd); /* until the client has had enough */
    (void)rest;
}

void client_count_ended(struct http_response *answer, const struct err *err, void *context)
{
    struct tally *tally = context;
    if (answer)
        EXPECT_INT(answer->status, 200);
    else
        EXPECT_INT(err->status, ERR_UNAVAILABLE);
    atomic_fetch_add(answer ? &tally->answered : &tally->failed, 1);
    if (answer && tally->more-- > 0)
        http_client_start(tally->client, &tally->call, client_count_ended, tally);
    sem_post(&tally->ended);
}
