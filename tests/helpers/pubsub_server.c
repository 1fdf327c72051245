/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/helpers/pubsub_server.h"

#include "base/base64.h"
#include "base/str.h"
#include "gcp-local/pubsub/rest/pubsub_rest.h"
#include "net/headers.h"
#include "tests/helpers/test.h"

#include <string.h>

static struct http_client *pusher_of(void *context)
{
    const struct pubsub_server *server = context;
    return server->pusher;
}

struct pubsub_server *pubsub_server_open(const char *data_dir,
                                         char *(*id_token)(const char *, const char *, void *))
{
    struct err err = {0};
    struct pubsub_server *server = alloc_zeroed(sizeof(*server));
    server->client = http_client_open(NULL, &err);
    server->pusher = http_client_open(NULL, &err);
    server->pubsub = pubsub_open(
        &(struct pubsub_options){
            .data_dir = data_dir, .client = pusher_of, .id_token = id_token, .context = server},
        &err);
    EXPECT_STR(err.text, "");
    server->server = http_server_open(
        &(struct http_server_options){.handle = pubsub_rest_handle, .app = server->pubsub}, &err);
    EXPECT_STR(err.text, "");
    server->base =
        str_format("http://127.0.0.1:%u/v1/projects/demo/", http_server_port(server->server));
    return server;
}

void pubsub_server_close(struct pubsub_server *server)
{
    pubsub_stop(server->pubsub);
    http_server_close(server->server);
    http_client_close(server->pusher);
    http_client_close(server->client);
    pubsub_close(server->pubsub);
    free(server->base);
    free(server);
}

static char *url_of(const struct pubsub_server *server, const char *path)
{
    if (path[0] != '/')
        return str_format("%s%s", server->base, path);
    size_t origin = (size_t)(strstr(server->base, "/v1/") - server->base);
    return str_format("%.*s%s", (int)origin, server->base, path);
}

char *pubsub_server_request(struct pubsub_server *server, const char *method, const char *path,
                            const char *body, int *status)
{
    struct err err = {0};
    OWN(free) char *url = url_of(server, path);
    OWN(headers) struct headers headers = {0};
    if (body)
        headers_add(&headers, "Content-Type", "application/json");
    OWN(http_response) struct http_response answer = {0};
    http_client_send(server->client,
                     &(struct http_call){.method = method,
                                         .url = url,
                                         .headers = &headers,
                                         .body = bytes_of(body),
                                         .max_reply = 64 << 20},
                     &answer, &err);
    EXPECT_STR(err.text, "");
    if (status)
        *status = answer.status;
    return buf_take(&answer.body);
}

void pubsub_server_expect(struct pubsub_server *server, const char *method, const char *path,
                          const char *body, int status, const char *has)
{
    int got = 0;
    OWN(free) char *text = pubsub_server_request(server, method, path, body, &got);
    if (got != status)
        print_error("%s %s %.200s: %.300s\n", method, path, body ? body : "", text);
    EXPECT_INT(got, status);
    if (has)
        EXPECT_HAS(text, has);
}

void pubsub_server_run_rows(const struct pubsub_server_row *rows, size_t count)
{
    OWN(pubsub_server) struct pubsub_server *server = pubsub_server_open(NULL, NULL);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "topics/dead", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/reader",
                         "{\"topic\":\"projects/demo/topics/news\"}", 200, NULL);
    for (size_t i = 0; i < count; i++)
        pubsub_server_expect(server, rows[i].method, rows[i].path, rows[i].body, rows[i].status,
                             rows[i].has);
}

json_t *pubsub_server_post(struct pubsub_server *server, const char *path, const char *body)
{
    int status = 0;
    OWN(free) char *text = pubsub_server_request(server, "POST", path, body, &status);
    if (status != 200)
        print_error("%s: %.300s\n", path, text);
    EXPECT_INT(status, 200);
    json_t *tree = json_loads(text, 0, NULL);
    EXPECT(tree);
    return tree;
}

json_t *pubsub_server_pull(struct pubsub_server *server, const char *subscription)
{
    OWN(free) char *path = str_format("subscriptions/%s:pull", subscription);
    json_auto_t *answer =
        pubsub_server_post(server, path, "{\"maxMessages\":10,\"returnImmediately\":true}");
    json_t *received = json_object_get(answer, "receivedMessages");
    return received ? json_incref(received) : json_array();
}

char *pubsub_server_data(const json_t *received)
{
    struct buf all = {0};
    for (size_t i = 0; i < json_array_size(received); i++) {
        const json_t *message = json_object_get(json_array_get(received, i), "message");
        const char *data = json_string_value(json_object_get(message, "data"));
        buf_add_text(&all, i ? "," : "");
        EXPECT(base64_decode(bytes_of(data), &all));
    }
    return buf_take(&all);
}

static void change_all(struct pubsub_server *server, const char *subscription,
                       const json_t *received, const char *verb, json_t *request)
{
    json_auto_t *ids = json_array();
    for (size_t i = 0; i < json_array_size(received); i++)
        json_array_append(ids, json_object_get(json_array_get(received, i), "ackId"));
    json_object_set(request, "ackIds", ids);
    OWN(free) char *path = str_format("subscriptions/%s:%s", subscription, verb);
    OWN(free) char *body = json_dumps(request, 0);
    json_decref(request);
    json_decref(pubsub_server_post(server, path, body));
}

void pubsub_server_ack_all(struct pubsub_server *server, const char *subscription,
                           const json_t *received)
{
    change_all(server, subscription, received, "acknowledge", json_object());
}

void pubsub_server_nack_all(struct pubsub_server *server, const char *subscription,
                            const json_t *received)
{
    change_all(server, subscription, received, "modifyAckDeadline",
               json_pack("{s:i}", "ackDeadlineSeconds", 0));
}

void pubsub_server_publish_text(struct pubsub_server *server, const char *topic, const char *data,
                                const char *ordering_key)
{
    OWN(free) char *path = str_format("topics/%s:publish", topic);
    OWN(free) char *encoded = base64_encode(bytes_of(data));
    OWN(free) char *body = str_format("{\"messages\":[{\"data\":\"%s\",\"orderingKey\":\"%s\"}]}",
                                      encoded, ordering_key ? ordering_key : "");
    json_decref(pubsub_server_post(server, path, body));
}
