/* SPDX-License-Identifier: Apache-2.0 */
/* A storage with its own server and client. */
#include "tests/helpers/storage_fixture.h"

#include "base/str.h"
#include "tests/helpers/test.h"

#include <string.h>

static bool publish(const char *topic, const json_t *attributes, struct bytes data, void *context,
                    struct err *err)
{
    struct storage_fixture *fixture = context;
    if (str_equal(topic, "projects/p/topics/broken"))
        return err_set(err, ERR_NOT_FOUND, "no such topic");
    pthread_mutex_lock(&fixture->lock);
    json_array_append_new(fixture->published,
                          json_pack("{s:s, s:O, s:s%}", "topic", topic, "attributes", attributes,
                                    "data", data.data ? data.data : "", data.len));
    pthread_mutex_unlock(&fixture->lock);
    return true;
}

static bool topic_exists(const char *topic, void *context)
{
    (void)context;
    return !str_ends(topic, "/missing");
}

void storage_fixture_open(struct storage_fixture *fixture, const char *data_dir)
{
    *fixture = (struct storage_fixture){0};
    pthread_mutex_init(&fixture->lock, NULL);
    fixture->published = json_array();
    struct err err = {0};
    fixture->storage = storage_open(&(struct storage_options){.data_dir = data_dir,
                                                              .publish = publish,
                                                              .topic_exists = topic_exists,
                                                              .context = fixture},
                                    &err);
    EXPECT_STR(err.text, "");
    fixture->server = http_server_open(&(struct http_server_options){.begin = storage_rest_begin,
                                                                     .handle = storage_rest_handle,
                                                                     .refuse = storage_rest_refuse,
                                                                     .drain_sec = 5,
                                                                     .app = fixture->storage},
                                       &err);
    EXPECT_STR(err.text, "");
    fixture->client = http_client_open(NULL, &err);
    EXPECT_STR(err.text, "");
    snprintf(fixture->base, sizeof(fixture->base), "http://127.0.0.1:%u",
             http_server_port(fixture->server));
}

void storage_fixture_done(struct storage_fixture *fixture)
{
    http_client_close(fixture->client);
    http_server_close(fixture->server);
    storage_close(fixture->storage);
    json_decref(fixture->published);
    pthread_mutex_destroy(&fixture->lock);
    *fixture = (struct storage_fixture){0};
}

void fixture_response_done(struct fixture_response *response)
{
    http_response_done(&response->http);
    json_decref(response->json);
    *response = (struct fixture_response){0};
}

static struct fixture_response send(struct storage_fixture *fixture, const char *method,
                                    const char *path, struct bytes body,
                                    const struct headers *headers)
{
    struct fixture_response response = {0};
    struct err err = {0};
    OWN(free) char *url =
        str_format("%s%s", str_starts(path, "http://") ? "" : fixture->base, path);
    struct http_call call = {
        .method = method, .url = url, .body = body, .headers = headers, .max_reply = 1 << 30};
    http_client_send(fixture->client, &call, &response.http, &err);
    EXPECT_STR(err.text, "");
    response.json = json_loadb(response.http.body.data ? response.http.body.data : "",
                               response.http.body.len, 0, NULL);
    return response;
}

struct fixture_response fixture_request(struct storage_fixture *fixture, const char *method,
                                        const char *path, struct bytes body, ...)
{
    OWN(headers) struct headers headers = {0};
    va_list fields;
    va_start(fields, body);
    for (const char *field; (field = va_arg(fields, const char *));) {
        const char *colon = strchr(field, ':');
        OWN(free) char *name = str_copy_bytes((struct bytes){field, (size_t)(colon - field)});
        headers_add(&headers, name, colon + 2);
    }
    va_end(fields);
    return send(fixture, method, path, body, &headers);
}

struct fixture_response fixture_request_text(struct storage_fixture *fixture, const char *method,
                                             const char *path, const char *body)
{
    return fixture_request(fixture, method, path, bytes_of(body), NULL);
}

void fixture_create_bucket(struct storage_fixture *fixture, const char *name)
{
    OWN(free) char *body = str_format("{\"name\": \"%s\"}", name);
    OWN(fixture_response) struct fixture_response response =
        fixture_request_text(fixture, "POST", "/storage/v1/b?project=demo", body);
    EXPECT_INT(response.http.status, 200);
}

void fixture_upload_text(struct storage_fixture *fixture, const char *bucket, const char *name,
                         const char *text)
{
    OWN(free) char *path =
        str_format("/upload/storage/v1/b/%s/o?uploadType=media&name=%s", bucket, name);
    OWN(fixture_response) struct fixture_response response =
        fixture_request(fixture, "POST", path, bytes_of(text), "Content-Type: text/plain", NULL);
    EXPECT_INT(response.http.status, 200);
}

const char *fixture_response_text(const struct fixture_response *response)
{
    return response->http.body.data ? response->http.body.data : "";
}

const char *fixture_response_header(const struct fixture_response *response, const char *name)
{
    const char *value = headers_get(&response->http.headers, name);
    return value ? value : "";
}

const char *fixture_response_member(const struct fixture_response *response, const char *name)
{
    const char *value = json_string_value(json_object_get(response->json, name));
    return value ? value : "";
}

const char *fixture_response_error(const struct fixture_response *response)
{
    const char *value =
        json_string_value(json_object_get(json_object_get(response->json, "error"), "message"));
    return value ? value : "";
}
