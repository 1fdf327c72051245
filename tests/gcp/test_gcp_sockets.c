/* SPDX-License-Identifier: Apache-2.0 */
/* libgcp over real sockets, with a fake Google. */
#include "base/file.h"
#include "base/str.h"
#include "gcp/auth/jwt.h"
#include "gcp/client/client.h"
#include "net/server/http_server.h"
#include "net/url.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/keys.h"
#include "tests/helpers/raw_server.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static const char LABELS[] =
    "{\"responses\":[{\"labelAnnotations\":[{\"description\":\"Sea\",\"score\":0.9}]}]}";

/* A server that records its requests. */
struct google {
    struct http_server *server;
    char host[32];
    char *body; /* of the response of /certs */

    pthread_mutex_t lock; /* guards the members below */
    struct http_exchange *held[128];
    size_t held_count, hold_until; /* holds requests until there are so many */
    int requests, fail_first;
    char agent[64], authorization[64];
};

static void respond(struct http_exchange *exchange)
{
    struct http_reply reply = {.content_type = "application/json"};
    buf_add_text(&reply.body, LABELS);
    http_exchange_reply(exchange, &reply);
}

/* Holds the request, and answers all that are held once there are enough. */
static void hold(struct google *google, struct http_exchange *exchange)
{
    http_exchange_hold(exchange);
    google->held[google->held_count++] = exchange;
    if (google->held_count < google->hold_until)
        return;
    for (size_t i = 0; i < google->held_count; i++)
        respond(google->held[i]);
    google->held_count = 0;
}

static void copy_header(char *to, size_t size, const struct http_exchange *exchange,
                        const char *name)
{
    const char *value = headers_get(&exchange->headers, name);
    snprintf(to, size, "%s", value ? value : "");
}

static void respond_503(struct http_exchange *exchange)
{
    struct http_reply reply = {.status = 503, .content_type = "text/html"};
    headers_add(&reply.headers, "Retry-After", "0");
    buf_add_text(&reply.body, "<html>busy</html>");
    http_exchange_reply(exchange, &reply);
}

/* A token server that checks the assertion's signature. */
static void issue_token(struct http_exchange *exchange)
{
    OWN(free) char *form = str_copy_bytes(buf_bytes(&exchange->body));
    OWN(free) char *assertion = url_query_get(form, "assertion");
    OWN(free) char *set = test_jwks("0");
    OWN(jwt_keys) struct jwt_keys keys = {0};
    struct err err = {0};
    OWN(free) char *kid = assertion ? jwt_rs256_kid(assertion, &err) : NULL;
    json_auto_t *claims =
        kid && jwt_keys_from_json(bytes_of(set), &keys, &err) && jwt_keys_find(&keys, kid)
            ? jwt_rs256_verify(assertion, jwt_keys_find(&keys, kid), &err)
            : NULL;
    if (claims)
        http_exchange_reply_json(
            exchange, 200, json_pack("{s:s, s:i}", "access_token", "real", "expires_in", 3599));
    else
        http_exchange_reply_json(exchange, 400, json_pack("{s:s}", "error", "invalid_grant"));
}

static void handle(struct http_exchange *exchange, void *app)
{
    struct google *google = app;
    if (str_equal(exchange->path, "/certs")) {
        http_exchange_reply_text(exchange, 200, google->body);
        return;
    }
    if (str_equal(exchange->path, "/token")) {
        issue_token(exchange);
        return;
    }
    pthread_mutex_lock(&google->lock);
    google->requests++;
    copy_header(google->agent, sizeof(google->agent), exchange, "user-agent");
    copy_header(google->authorization, sizeof(google->authorization), exchange, "authorization");
    if (google->requests <= google->fail_first)
        respond_503(exchange);
    else if (google->hold_until)
        hold(google, exchange);
    else
        respond(exchange);
    pthread_mutex_unlock(&google->lock);
}

static void start(struct google *google)
{
    pthread_mutex_init(&google->lock, NULL);
    struct http_server_options options = {.handle = handle, .app = google, .drain_sec = 1};
    struct err err = {0};
    google->server = http_server_open(&options, &err);
    EXPECT_STR(err.text, "");
    snprintf(google->host, sizeof(google->host), "127.0.0.1:%u", http_server_port(google->server));
}

static void own_google(struct google *local)
{
    pthread_mutex_lock(&local->lock);
    for (size_t i = 0; i < local->held_count; i++)
        respond(local->held[i]); /* too late for the client */
    local->held_count = local->hold_until = 0;
    pthread_mutex_unlock(&local->lock);
    http_server_close(local->server);
    pthread_mutex_destroy(&local->lock);
    free(local->body);
}

/* A gcp whose Vision is at host. */
static struct gcp *open_at(const char *host, const struct gcp_options *options)
{
    fake_google_env("VISION_EMULATOR_HOST", host, "STORAGE_EMULATOR_HOST", host,
                    "GOOGLE_CLOUD_PROJECT", "demo-p", NULL);
    struct gcp_options all = *options;
    all.apis = GCP_VISION | GCP_STORAGE;
    struct err err = {0};
    struct gcp *gcp = gcp_open(&all, &err);
    EXPECT_STR(err.text, "");
    return gcp;
}

static const struct gcp_options usual = {0};

TEST(consecutive_calls_share_a_connection)
{
    OWN(google) struct google google = {0};
    start(&google);
    OWN(gcp) struct gcp *gcp = open_at(google.host, &usual);
    for (int i = 0; i < 20; i++) {
        OWN(gcp_labels) struct gcp_labels labels = {0};
        struct err err = {0};
        EXPECT(gcp_vision_labels(gcp, "gs://b/beach.jpg", 10, &labels, &err));
        EXPECT_STR(labels.list[0].description, "Sea");
    }
    EXPECT_INT(google.requests, 20);
    EXPECT_INT(http_client_connections(gcp->http), 1);
    EXPECT_STR(google.agent, "libgcp/" VERSION);
    EXPECT_STR(google.authorization, "");
}

enum { AT_ONCE = 80 };

struct thread_group {
    struct gcp *gcp;
    atomic_int labelled;
};

static void *label_one(void *context)
{
    struct thread_group *thread_group = context;
    OWN(gcp_labels) struct gcp_labels labels = {0};
    struct err err = {0};
    if (gcp_vision_labels(thread_group->gcp, "gs://b/beach.jpg", 10, &labels, &err))
        atomic_fetch_add(&thread_group->labelled, 1);
    return NULL;
}

TEST(eighty_parallel_calls_reuse_their_connections)
{
    /* Google answers none of them before all have come: one that waits for another waits for ever
     */
    OWN(google) struct google google = {.hold_until = AT_ONCE};
    start(&google);
    OWN(gcp) struct gcp *gcp = open_at(google.host, &usual);
    struct thread_group thread_group = {.gcp = gcp};
    for (int round = 1; round <= 3; round++) {
        pthread_t threads[AT_ONCE];
        for (size_t i = 0; i < AT_ONCE; i++)
            pthread_create(&threads[i], NULL, label_one, &thread_group);
        for (size_t i = 0; i < AT_ONCE; i++)
            pthread_join(threads[i], NULL);
        EXPECT_INT(thread_group.labelled, round * AT_ONCE);
    }
    EXPECT_INT(http_client_connections(gcp->http), AT_ONCE);
}

TEST(a_503_is_retried)
{
    OWN(google) struct google google = {.fail_first = 2};
    start(&google);
    OWN(gcp) struct gcp *gcp = open_at(google.host, &usual);
    OWN(gcp_labels) struct gcp_labels labels = {0};
    struct err err = {0};
    EXPECT(gcp_vision_labels(gcp, "gs://b/beach.jpg", 10, &labels, &err));
    EXPECT_INT(google.requests, 3);
}

/* Closes the first connection after the request, answers on the next. */
static void cut_first(int fd, void *context)
{
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request) || atomic_fetch_add((atomic_int *)context, 1) == 0)
        return;
    OWN(free) char *reply =
        str_format("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(LABELS), LABELS);
    if (write(fd, reply, strlen(reply)) < 0)
        return;
}

TEST(a_lost_connection_is_retried)
{
    atomic_int connections = 0;
    OWN(raw_server) struct raw_server *server = raw_server_open(cut_first, &connections);
    OWN(free) char *host = str_format("127.0.0.1:%u", raw_server_port(server));
    OWN(gcp) struct gcp *gcp = open_at(host, &usual);
    OWN(gcp_labels) struct gcp_labels labels = {0};
    struct err err = {0};
    EXPECT(gcp_vision_labels(gcp, "gs://b/beach.jpg", 10, &labels, &err));
    EXPECT(connections >= 2);
}

TEST(a_server_that_never_answers_times_out)
{
    OWN(google) struct google google = {.hold_until = 128};
    start(&google);
    OWN(gcp) struct gcp *gcp =
        open_at(google.host, &(struct gcp_options){.timeout_ms = 50, .deadline_ms = 200});
    OWN(gcp_labels) struct gcp_labels labels = {0};
    struct err err = {0};
    EXPECT(!gcp_vision_labels(gcp, "gs://b/beach.jpg", 10, &labels, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
}

TEST(an_unreachable_server_is_unavailable)
{
    OWN(google) struct google google = {0};
    start(&google);
    OWN(free) char *host = str_copy(google.host);
    http_server_close(move_ptr(&google.server));
    start(&google);
    OWN(gcp) struct gcp *gcp = open_at(host, &(struct gcp_options){.deadline_ms = 200});
    OWN(gcp_labels) struct gcp_labels labels = {0};
    struct err err = {0};
    EXPECT(!gcp_vision_labels(gcp, "gs://b/beach.jpg", 10, &labels, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
}

TEST(a_download_larger_than_allowed_is_refused)
{
    OWN(google) struct google google = {0};
    start(&google);
    OWN(gcp) struct gcp *gcp = open_at(google.host, &usual);
    OWN(free) char *data = NULL;
    size_t len = 0;
    struct err err = {0};
    EXPECT(gcp_storage_download(gcp, "pictures", "o", GCP_ANY_GENERATION, sizeof(LABELS) - 1, &data,
                                &len, &err));
    EXPECT_STR(data, LABELS);
    EXPECT(!gcp_storage_download(gcp, "pictures", "o", GCP_ANY_GENERATION, 10, &data, &len, &err));
    EXPECT_INT(err.status, ERR_TOO_LARGE);
    EXPECT_INT(google.requests, 2); /* not retried */
}

TEST(a_key_file_is_exchanged_for_a_token_over_the_network)
{
    OWN(google) struct google google = {0};
    start(&google);
    OWN(free) char *tokens = str_format("http://%s/token", google.host);
    json_auto_t *key =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "client_email", "robot@p",
                  "private_key", test_key(0), "private_key_id", "key-0", "token_uri", tokens);
    OWN(free) char *text = json_to_text(key);
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(free) char *path = temp_dir_add_file(&dir, "key.json", text);
    fake_google_env("GOOGLE_APPLICATION_CREDENTIALS", path,
                    "CLOUDSDK_API_ENDPOINT_OVERRIDES_VISION", google.host, NULL);
    struct err err = {0};
    OWN(gcp) struct gcp *gcp = gcp_from_env(GCP_VISION, &err);
    EXPECT_STR(err.text, "");
    OWN(gcp_labels) struct gcp_labels labels = {0};
    EXPECT(gcp_vision_labels(gcp, "gs://b/beach.jpg", 10, &labels, &err));
    EXPECT_STR(google.authorization, "Bearer real");
}

TEST(push_tokens_are_checked_with_keys_from_the_network)
{
    OWN(google) struct google google = {.body = test_jwks("0")};
    start(&google);
    OWN(free) char *url = str_format("http://%s/certs", google.host);
    fake_google_env("PUSH_AUDIENCE", "https://vision.example.com/push", "PUSH_JWKS_URL", url, NULL);
    struct err err = {0};
    OWN(gcp_push) struct gcp_push *guard = NULL;
    gcp_push_open(&guard, &err);
    EXPECT_STR(err.text, "");

    long long now = (long long)time(NULL);
    OWN(free) char *claims =
        str_format("{\"iss\":\"accounts.google.com\",\"aud\":"
                   "\"https://vision.example.com/push\",\"iat\":%lld,\"exp\":%lld,"
                   "\"email\":\"a@b\",\"email_verified\":true}",
                   now, now + 3600);
    OWN(free) char *token = test_token("{\"alg\":\"RS256\",\"kid\":\"key-0\"}", claims, 0);
    OWN(free) char *good = str_format("Bearer %s", token);
    gcp_push_check(guard, good, &err);
    EXPECT_STR(err.text, "");
    EXPECT(!gcp_push_check(guard, "Bearer x.y.z", &err));
    EXPECT_INT(err.status, ERR_UNAUTHORIZED);
}
