/* SPDX-License-Identifier: Apache-2.0 */
/* A fake Vision and Translation API on a free port, which records its requests. */
#include "tests/helpers/google_server.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "tests/helpers/test.h"

#include <string.h>

static const char five_labels[] =
    "{\"responses\":[{\"labelAnnotations\":["
    "{\"mid\":\"/m/06npx\",\"description\":\"Sea\",\"score\":0.97,\"topicality\":0.97},"
    "{\"mid\":\"/m/0bqvl\",\"description\":\"Coast\",\"score\":0.91},"
    "{\"mid\":\"/m/0838f\",\"description\":\"Water\",\"score\":0.88},"
    "{\"mid\":\"/m/0b3yr\",\"description\":\"Sunset\",\"score\":0.71},"
    "{\"mid\":\"/m/0d1n2\",\"description\":\"Horizon\",\"score\":0.68}]}]}";

static void record(struct google_server *google, char *last_request)
{
    pthread_mutex_lock(&google->lock);
    str_replace(&google->last_request, last_request);
    google->requests++;
    google->in_progress++;
    pthread_cond_broadcast(&google->changed);
    while (google->in_progress < google->min_parallel)
        pthread_cond_wait(&google->changed, &google->lock);
    google->in_progress -= google->min_parallel ? 0 : 1;
    pthread_mutex_unlock(&google->lock);
}

static char *picture_of(const json_t *body)
{
    const json_t *request = json_array_get(json_object_get(body, "requests"), 0);
    const json_t *source = json_object_get(json_object_get(request, "image"), "source");
    return str_copy(json_string_value(json_object_get(source, "imageUri")));
}

static const char *text_of(const json_t *body, const char *key)
{
    const json_t *value = json_object_get(body, key);
    if (json_is_array(value))
        value = json_array_get(value, 0);
    return json_is_string(value) ? json_string_value(value) : "";
}

static void respond(struct http_exchange *exchange, void *app)
{
    struct google_server *google = app;
    struct err err = {0};
    json_auto_t *body = json_from_bytes(buf_bytes(&exchange->body), "request", ERR_INPUT, &err);
    const char *reply = five_labels;
    OWN(free) char *translated = NULL;
    if (str_equal(exchange->path, "/v1/images:annotate")) {
        record(google, picture_of(body));
    } else if (str_equal(exchange->path, "/keys")) {
        http_exchange_reply_text(exchange, 200, google->keys);
        return;
    } else {
        bool detect = !*text_of(body, "source");
        record(google, str_format("%s|%s|%s", text_of(body, "q"), text_of(body, "source"),
                                  text_of(body, "target")));
        translated =
            str_format("{\"data\":{\"translations\":[{\"translatedText\":\"Hola Mundo\"%s}]}}",
                       detect ? ",\"detectedSourceLanguage\":\"en\"" : "");
        reply = translated;
    }
    struct http_reply out = {.status = google->status, .content_type = "application/json"};
    buf_add_text(&out.body, google->response ? google->response : reply);
    http_exchange_reply(exchange, &out);
}

static void handle(struct http_exchange *exchange, void *app)
{
    http_exchange_run_blocking(exchange, respond, app);
}

void google_server_open(struct google_server *google)
{
    *google = (struct google_server){0};
    pthread_mutex_init(&google->lock, NULL);
    pthread_cond_init(&google->changed, NULL);
    struct err err = {0};
    struct http_server_options options = {.handle = handle, .app = google};
    google->server = http_server_open(&options, &err);
    assert_non_null(google->server);
}

void google_server_close(struct google_server *google)
{
    http_server_close(google->server);
    free(google->last_request);
    free(google->keys);
    pthread_cond_destroy(&google->changed);
    pthread_mutex_destroy(&google->lock);
}

char *google_server_host(const struct google_server *google)
{
    return str_format("127.0.0.1:%u", http_server_port(google->server));
}

char *google_server_last_request(struct google_server *google)
{
    pthread_mutex_lock(&google->lock);
    char *last_request = google->last_request;
    google->last_request = NULL;
    pthread_mutex_unlock(&google->lock);
    return last_request;
}
