/* SPDX-License-Identifier: Apache-2.0 */
/* pubsub-source as a real program, between a Pub/Sub and a sink that the test plays. Pub/Sub's time
 * is simulated: deadlines pass when the test says so. */
#ifndef TESTS_HELPERS_SOURCE_FIXTURE_H
#define TESTS_HELPERS_SOURCE_FIXTURE_H

#include "base/base64.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "net/server/http_server.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { ACK_DEADLINE_SEC = 10, MAX_MESSAGES = 4000, WAIT_LIMIT_SEC = 30 };

struct published {
    char *data, *key;
    json_t *attributes;
    bool outstanding, acked;
    int extended;             /* how often its deadline was extended */
    int returned;             /* how often it was returned */
    int return_delays_sec[8]; /* for how many seconds, each time */
    int posted;               /* how often the sink received it */
};

/* Pub/Sub, the sink and the program. */
struct fixture {
    struct http_server *pubsub, *sink;
    pid_t source;
    char *log_path;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct published messages[MAX_MESSAGES];
    size_t count, outstanding, max_out, acked;
    struct http_exchange *pull; /* that waits for messages */
    int max_pulled;
    bool has_subscription;
    int creations;    /* of the subscription, tried */
    int pubsub_fails; /* so many requests more get 503 */

    struct buf order;                   /* data that the sink accepted, each followed by a space */
    struct http_exchange *held_request; /* the sink answers it later */
    bool hold_next;                     /* the sink holds the next request */
    int (*sink_status)(struct fixture *, size_t index); /* status of the sink; NULL = 204 */
    struct headers last_headers;                        /* of the last event */
    char *last_body;
};

static inline bool wait_for(struct fixture *fixture)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_LIMIT_SEC;
    return pthread_cond_timedwait(&fixture->changed, &fixture->lock, &until) == 0;
}

/* Waits until a condition on the fixture is true. */
#define AWAIT(fixture, condition)                                                                  \
    do {                                                                                           \
        pthread_mutex_lock(&(fixture)->lock);                                                      \
        while (!(condition))                                                                       \
            if (!wait_for(fixture))                                                                \
                fail_msg("never came true: %s", #condition);                                       \
        pthread_mutex_unlock(&(fixture)->lock);                                                    \
    } while (0)

static inline json_t *received_message(struct fixture *fixture, size_t index)
{
    struct published *message = &fixture->messages[index];
    OWN(free) char *id = str_format("%zu", index);
    OWN(free) char *data = base64_encode(bytes_of(message->data));
    json_t *inner = json_pack("{s:s, s:s, s:s, s:O}", "messageId", id, "data", data, "publishTime",
                              "2019-01-21T15:25:58.25Z", "attributes", message->attributes);
    if (message->key)
        json_object_set_new(inner, "orderingKey", json_string(message->key));
    return json_pack("{s:s, s:o}", "ackId", id, "message", inner);
}

/* Answers the waiting pull when there are messages for it. Called with the lock held. */
static inline void serve_pull(struct fixture *fixture)
{
    if (!fixture->pull)
        return;
    json_t *messages = json_array();
    for (size_t i = 0; i < fixture->count && (int)json_array_size(messages) < fixture->max_pulled;
         i++) {
        struct published *message = &fixture->messages[i];
        if (message->outstanding || message->acked)
            continue;
        message->outstanding = true;
        fixture->outstanding++;
        json_array_append_new(messages, received_message(fixture, i));
    }
    if (fixture->outstanding > fixture->max_out)
        fixture->max_out = fixture->outstanding;
    if (json_array_size(messages) == 0) {
        json_decref(messages);
        return;
    }
    http_exchange_reply_json(fixture->pull, 200, json_pack("{s:o}", "receivedMessages", messages));
    fixture->pull = NULL;
}

static inline void acknowledge(struct fixture *fixture, struct published *message)
{
    if (!message->acked)
        fixture->acked++;
    if (message->outstanding)
        fixture->outstanding--;
    message->acked = true;
    message->outstanding = false;
}

static inline void modify(struct fixture *fixture, struct published *message, int seconds)
{
    if (seconds == ACK_DEADLINE_SEC) {
        message->extended++;
        return;
    }
    if (message->returned < (int)ARRAY_SIZE(message->return_delays_sec))
        message->return_delays_sec[message->returned] = seconds;
    message->returned++;
    if (message->outstanding)
        fixture->outstanding--;
    message->outstanding = false;
}

static inline void respond_to_ids(struct fixture *fixture, struct http_exchange *exchange)
{
    struct err err = {0};
    json_auto_t *last_body =
        json_from_bytes(buf_bytes(&exchange->body), "request", ERR_INPUT, &err);
    struct jread at = jread_open(last_body, "request", ERR_INPUT, &err);
    bool ack = str_ends(exchange->path, ":acknowledge");
    int seconds = ack ? 0 : (int)jread_int64(&at, "ackDeadlineSeconds", 0, 600);
    struct jread ids = jread_list(&at, "ackIds");
    for (size_t i = 0; i < jread_count(&ids); i++) {
        struct published *message = &fixture->messages[atoi(jread_item_str(&ids, i))];
        if (ack)
            acknowledge(fixture, message);
        else
            modify(fixture, message, seconds);
    }
    EXPECT_STR(err.text, "");
    http_exchange_reply_json(exchange, 200, json_object());
}

static inline void respond_to_subscription(struct fixture *fixture, struct http_exchange *exchange)
{
    if (str_equal(exchange->method, "PUT")) {
        fixture->has_subscription = true;
        fixture->creations++;
    }
    if (fixture->has_subscription)
        http_exchange_reply_json(
            exchange, 200,
            json_pack("{s:s, s:s, s:i}", "name", "projects/p/subscriptions/events", "topic",
                      "projects/p/topics/testing", "ackDeadlineSeconds", ACK_DEADLINE_SEC));
    else
        http_exchange_reply_json(exchange, 404,
                                 json_pack("{s:{s:i, s:s, s:s}}", "error", "code", 404, "message",
                                           "Resource not found", "status", "NOT_FOUND"));
}

static inline void hold_pull(struct fixture *fixture, struct http_exchange *exchange)
{
    json_auto_t *last_body = json_loadb(exchange->body.data, exchange->body.len, 0, NULL);
    fixture->max_pulled = (int)json_integer_value(json_object_get(last_body, "maxMessages"));
    if (fixture->pull)
        http_exchange_reply_json(fixture->pull, 200, json_object());
    fixture->pull = exchange;
    http_exchange_hold(exchange);
    serve_pull(fixture);
}

static inline void on_pubsub(struct http_exchange *exchange, void *app)
{
    struct fixture *fixture = app;
    pthread_mutex_lock(&fixture->lock);
    if (fixture->pubsub_fails > 0 && fixture->pubsub_fails--)
        http_exchange_reply_text(exchange, 503, "not now");
    else if (str_ends(exchange->path, ":pull"))
        hold_pull(fixture, exchange);
    else if (str_ends(exchange->path, ":acknowledge") ||
             str_ends(exchange->path, ":modifyAckDeadline"))
        respond_to_ids(fixture, exchange);
    else
        respond_to_subscription(fixture, exchange);
    serve_pull(fixture);
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static inline void publish(struct fixture *fixture, const char *data, const char *key,
                           json_t *attributes)
{
    pthread_mutex_lock(&fixture->lock);
    fixture->messages[fixture->count++] =
        (struct published){str_copy(data), str_copy(key), attributes ? attributes : json_object(),
                           .outstanding = false};
    serve_pull(fixture);
    pthread_mutex_unlock(&fixture->lock);
}

/* Expires the ack deadlines: all outstanding messages are delivered again. */
static inline void expire(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    for (size_t i = 0; i < fixture->count; i++)
        fixture->messages[i].outstanding = false;
    fixture->outstanding = 0;
    if (fixture->pull)
        http_exchange_reply_json(fixture->pull, 200, json_object());
    fixture->pull = NULL;
    pthread_mutex_unlock(&fixture->lock);
}

static inline void reply(struct fixture *fixture, struct http_exchange *exchange, size_t index)
{
    int status = fixture->sink_status ? fixture->sink_status(fixture, index) : 204;
    fixture->messages[index].posted++;
    if (status / 100 == 2)
        buf_add_format(&fixture->order, "%s ", fixture->messages[index].data);
    http_exchange_reply_empty(exchange, status);
}

static inline void on_event(struct http_exchange *exchange, void *app)
{
    struct fixture *fixture = app;
    pthread_mutex_lock(&fixture->lock);
    const char *id = headers_get(&exchange->headers, "ce-id");
    size_t index = id ? (size_t)atoi(id) : 0;
    headers_done(&fixture->last_headers);
    headers_copy(&fixture->last_headers, &exchange->headers);
    str_replace(&fixture->last_body, str_copy_bytes(buf_bytes(&exchange->body)));
    if (fixture->hold_next) {
        fixture->hold_next = false;
        fixture->held_request = exchange;
        http_exchange_hold(exchange);
    } else {
        reply(fixture, exchange, index);
    }
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

/* Makes the sink answer the request that it holds. */
static inline void respond_held(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    struct http_exchange *held_request = move_ptr(&fixture->held_request);
    reply(fixture, held_request, (size_t)atoi(headers_get(&held_request->headers, "ce-id")));
    pthread_mutex_unlock(&fixture->lock);
}

static inline struct http_server *serve(http_handler *handle, struct fixture *fixture,
                                        const struct test_certificate *certificate)
{
    struct err err = {0};
    struct http_server_options options = {.handle = handle, .app = fixture, .drain_sec = 1};
    if (certificate) {
        options.cert_pem = certificate->cert_pem;
        options.key_pem = certificate->key_pem;
    }
    struct http_server *server = http_server_open(&options, &err);
    EXPECT_STR(err.text, "");
    return server;
}

static inline struct fixture *fixture_open(void)
{
    struct fixture *fixture = alloc_zeroed(sizeof(*fixture));
    pthread_mutex_init(&fixture->lock, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    fixture->has_subscription = true;
    fixture->log_path = str_copy("/tmp/test-pubsub-source-XXXXXX");
    close(mkstemp(fixture->log_path));
    fixture->pubsub = serve(on_pubsub, fixture, NULL);
    return fixture;
}

/* Starts pubsub-source with these variables; its output goes to the log. */
static inline pid_t start(const struct fixture *fixture, char *const argv[],
                          char *const variables[])
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, fixture->log_path, O_WRONLY | O_APPEND, 0);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    const char *build = getenv("BUILD");
    OWN(free) char *program = str_format("%s/pubsub-source", build ? build : "build");
    pid_t pid;
    if (posix_spawn(&pid, program, &files, NULL, argv, variables) != 0)
        fail_msg("cannot start %s", program);
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

/* Starts the source; `more` is one variable, or NULL. */
static inline void start_source(struct fixture *fixture, const char *more,
                                const struct test_certificate *tls)
{
    if (!fixture->sink)
        fixture->sink = serve(on_event, fixture, tls);
    OWN(free) char *pubsub =
        str_format("PUBSUB_EMULATOR_HOST=127.0.0.1:%d", http_server_port(fixture->pubsub));
    OWN(free) char *sink = str_format("K_SINK=http%s://127.0.0.1:%d/channel", tls ? "s" : "",
                                      http_server_port(fixture->sink));
    char *variables[] = {pubsub,
                         sink,
                         (char *)(uintptr_t) "PUBSUB_SUBSCRIPTION=events",
                         (char *)(uintptr_t) "GOOGLE_CLOUD_PROJECT=p",
                         (char *)(uintptr_t)(more ? more : "NOTHING=1"),
                         NULL};
    char *argv[] = {(char *)(uintptr_t) "pubsub-source", NULL};
    fixture->source = start(fixture, argv, variables);
}

/* Ends the source by a signal. Returns its wait status. */
static inline int end_source(struct fixture *fixture, int signal)
{
    int status = 0;
    if (fixture->source) {
        kill(fixture->source, signal);
        waitpid(fixture->source, &status, 0);
        fixture->source = 0;
    }
    return status;
}

static inline char *read_log(const struct fixture *fixture)
{
    OWN(file) FILE *file = fopen(fixture->log_path, "r");
    struct buf text = {0};
    char piece[4096];
    for (size_t len; file && (len = fread(piece, 1, sizeof(piece), file));)
        buf_add(&text, piece, len);
    return buf_take(&text);
}

static inline void own_fixture(struct fixture **local)
{
    struct fixture *fixture = *local;
    end_source(fixture, SIGKILL);
    expire(fixture);
    if (fixture->held_request)
        respond_held(fixture);
    if (fixture->sink)
        http_server_close(fixture->sink);
    http_server_close(fixture->pubsub);
    for (size_t i = 0; i < fixture->count; i++) {
        free(fixture->messages[i].data);
        free(fixture->messages[i].key);
        json_decref(fixture->messages[i].attributes);
    }
    unlink(fixture->log_path);
    free(fixture->log_path);
    buf_done(&fixture->order);
    headers_done(&fixture->last_headers);
    free(fixture->last_body);
    free(fixture);
}

#endif
