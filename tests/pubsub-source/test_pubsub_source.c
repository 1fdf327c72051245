/* SPDX-License-Identifier: Apache-2.0 */
/* pubsub-source, the whole program: between a Pub/Sub that this test plays and a sink that it plays
 * too. Pub/Sub's time is not real: a message that is returned for N seconds comes again at once. */
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

enum { ACK_DEADLINE_SEC = 10, MOST_MESSAGES = 4000, PATIENCE_SEC = 30 };

struct published {
    char *data, *key;
    json_t *attributes;
    bool out, acked;
    int extended; /* how often its deadline was extended */
    int returned; /* how often it was returned */
    int again[8]; /* for how many seconds, each time */
    int posted;   /* how often the sink got it */
};

/* Pub/Sub, the sink and the program between them. */
struct stage {
    struct http_server *pubsub, *sink;
    pid_t source;
    char *log_path;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct published list[MOST_MESSAGES];
    size_t count, out, most_out, acked;
    struct http_exchange *pull; /* that waits for messages */
    int most_pulled;
    bool has_subscription;
    int creations;    /* of the subscription, tried */
    int pubsub_fails; /* so many requests more get 503 */

    struct buf order;                            /* data of what the sink took, each with a blank */
    struct http_exchange *kept;                  /* by a sink that does not answer yet */
    bool keep;                                   /* it keeps the next */
    int (*answer)(struct stage *, size_t index); /* status of the sink; NULL = 204 */
    struct headers fields;                       /* of the last event */
    char *body;
};

static bool wait_for(struct stage *stage)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_SEC;
    return pthread_cond_timedwait(&stage->changed, &stage->lock, &until) == 0;
}

/* Waits until a condition about the stage holds. */
#define AWAIT(stage, condition)                                                                    \
    do {                                                                                           \
        pthread_mutex_lock(&(stage)->lock);                                                        \
        while (!(condition))                                                                       \
            if (!wait_for(stage))                                                                  \
                fail_msg("never came true: %s", #condition);                                       \
        pthread_mutex_unlock(&(stage)->lock);                                                      \
    } while (0)

static json_t *received(struct stage *stage, size_t index)
{
    struct published *message = &stage->list[index];
    OWN(free) char *id = str_format("%zu", index);
    OWN(free) char *data = base64_encode(bytes_of(message->data));
    json_t *inner = json_pack("{s:s, s:s, s:s, s:O}", "messageId", id, "data", data, "publishTime",
                              "2019-01-21T15:25:58.25Z", "attributes", message->attributes);
    if (message->key)
        json_object_set_new(inner, "orderingKey", json_string(message->key));
    return json_pack("{s:s, s:o}", "ackId", id, "message", inner);
}

/* Answers the waiting pull when there is something for it. With the lock held. */
static void serve_pull(struct stage *stage)
{
    if (!stage->pull)
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < stage->count && (int)json_array_size(list) < stage->most_pulled; i++) {
        struct published *message = &stage->list[i];
        if (message->out || message->acked)
            continue;
        message->out = true;
        stage->out++;
        json_array_append_new(list, received(stage, i));
    }
    if (stage->out > stage->most_out)
        stage->most_out = stage->out;
    if (json_array_size(list) == 0) {
        json_decref(list);
        return;
    }
    http_exchange_reply_json(stage->pull, 200, json_pack("{s:o}", "receivedMessages", list));
    stage->pull = NULL;
}

static void acknowledge(struct stage *stage, struct published *message)
{
    if (!message->acked)
        stage->acked++;
    if (message->out)
        stage->out--;
    message->acked = true;
    message->out = false;
}

static void modify(struct stage *stage, struct published *message, int seconds)
{
    if (seconds == ACK_DEADLINE_SEC) {
        message->extended++;
        return;
    }
    if (message->returned < (int)ARRAY_SIZE(message->again))
        message->again[message->returned] = seconds;
    message->returned++;
    if (message->out)
        stage->out--;
    message->out = false;
}

static void answer_ids(struct stage *stage, struct http_exchange *exchange)
{
    struct err err = {0};
    json_auto_t *body = json_from_bytes(buf_bytes(&exchange->body), "request", ERR_INPUT, &err);
    struct jread at = jread_open(body, "request", ERR_INPUT, &err);
    bool ack = str_ends(exchange->path, ":acknowledge");
    int seconds = ack ? 0 : (int)jread_int64(&at, "ackDeadlineSeconds", 0, 600);
    struct jread ids = jread_list(&at, "ackIds");
    for (size_t i = 0; i < jread_count(&ids); i++) {
        struct published *message = &stage->list[atoi(jread_item_str(&ids, i))];
        if (ack)
            acknowledge(stage, message);
        else
            modify(stage, message, seconds);
    }
    EXPECT_STR(err.text, "");
    http_exchange_reply_json(exchange, 200, json_object());
}

static void answer_subscription(struct stage *stage, struct http_exchange *exchange)
{
    if (str_equal(exchange->method, "PUT")) {
        stage->has_subscription = true;
        stage->creations++;
    }
    if (stage->has_subscription)
        http_exchange_reply_json(
            exchange, 200,
            json_pack("{s:s, s:s, s:i}", "name", "projects/p/subscriptions/events", "topic",
                      "projects/p/topics/testing", "ackDeadlineSeconds", ACK_DEADLINE_SEC));
    else
        http_exchange_reply_json(exchange, 404,
                                 json_pack("{s:{s:i, s:s, s:s}}", "error", "code", 404, "message",
                                           "Resource not found", "status", "NOT_FOUND"));
}

static void keep_pull(struct stage *stage, struct http_exchange *exchange)
{
    json_auto_t *body = json_loadb(exchange->body.data, exchange->body.len, 0, NULL);
    stage->most_pulled = (int)json_integer_value(json_object_get(body, "maxMessages"));
    if (stage->pull)
        http_exchange_reply_json(stage->pull, 200, json_object());
    stage->pull = exchange;
    http_exchange_hold(exchange);
    serve_pull(stage);
}

static void on_pubsub(struct http_exchange *exchange, void *app)
{
    struct stage *stage = app;
    pthread_mutex_lock(&stage->lock);
    if (stage->pubsub_fails > 0 && stage->pubsub_fails--)
        http_exchange_reply_text(exchange, 503, "not now");
    else if (str_ends(exchange->path, ":pull"))
        keep_pull(stage, exchange);
    else if (str_ends(exchange->path, ":acknowledge") ||
             str_ends(exchange->path, ":modifyAckDeadline"))
        answer_ids(stage, exchange);
    else
        answer_subscription(stage, exchange);
    serve_pull(stage);
    pthread_cond_broadcast(&stage->changed);
    pthread_mutex_unlock(&stage->lock);
}

static void publish(struct stage *stage, const char *data, const char *key, json_t *attributes)
{
    pthread_mutex_lock(&stage->lock);
    stage->list[stage->count++] = (struct published){
        str_copy(data), str_copy(key), attributes ? attributes : json_object(), .out = false};
    serve_pull(stage);
    pthread_mutex_unlock(&stage->lock);
}

/* What Pub/Sub does when nobody extends deadlines: everything that is out comes again. */
static void expire(struct stage *stage)
{
    pthread_mutex_lock(&stage->lock);
    for (size_t i = 0; i < stage->count; i++)
        stage->list[i].out = false;
    stage->out = 0;
    if (stage->pull)
        http_exchange_reply_json(stage->pull, 200, json_object());
    stage->pull = NULL;
    pthread_mutex_unlock(&stage->lock);
}

static void reply(struct stage *stage, struct http_exchange *exchange, size_t index)
{
    int status = stage->answer ? stage->answer(stage, index) : 204;
    stage->list[index].posted++;
    if (status / 100 == 2)
        buf_add_format(&stage->order, "%s ", stage->list[index].data);
    http_exchange_reply_empty(exchange, status);
}

static void on_event(struct http_exchange *exchange, void *app)
{
    struct stage *stage = app;
    pthread_mutex_lock(&stage->lock);
    const char *id = headers_get(&exchange->headers, "ce-id");
    size_t index = id ? (size_t)atoi(id) : 0;
    headers_done(&stage->fields);
    headers_copy(&stage->fields, &exchange->headers);
    str_replace(&stage->body, str_copy_bytes(buf_bytes(&exchange->body)));
    if (stage->keep) {
        stage->keep = false;
        stage->kept = exchange;
        http_exchange_hold(exchange);
    } else {
        reply(stage, exchange, index);
    }
    pthread_cond_broadcast(&stage->changed);
    pthread_mutex_unlock(&stage->lock);
}

/* Lets the sink answer the event that it kept. */
static void release(struct stage *stage)
{
    pthread_mutex_lock(&stage->lock);
    struct http_exchange *kept = move_ptr(&stage->kept);
    reply(stage, kept, (size_t)atoi(headers_get(&kept->headers, "ce-id")));
    pthread_mutex_unlock(&stage->lock);
}

static struct http_server *serve(http_handler *handle, struct stage *stage,
                                 const struct test_certificate *certificate)
{
    struct err err = {0};
    struct http_server_options options = {.handle = handle, .app = stage, .drain_sec = 1};
    if (certificate) {
        options.cert_pem = certificate->cert_pem;
        options.key_pem = certificate->key_pem;
    }
    struct http_server *server = http_server_open(&options, &err);
    EXPECT_STR(err.text, "");
    return server;
}

static struct stage *stage_open(void)
{
    struct stage *stage = alloc_zeroed(sizeof(*stage));
    pthread_mutex_init(&stage->lock, NULL);
    pthread_cond_init(&stage->changed, NULL);
    stage->has_subscription = true;
    stage->log_path = str_copy("/tmp/test-pubsub-source-XXXXXX");
    close(mkstemp(stage->log_path));
    stage->pubsub = serve(on_pubsub, stage, NULL);
    return stage;
}

/* Starts a program with these variables besides a few of ours; its output goes to the log. */
static pid_t start(const struct stage *stage, char *const argv[], char *const variables[])
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, stage->log_path, O_WRONLY | O_APPEND, 0);
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
static void start_source(struct stage *stage, const char *more, const struct test_certificate *tls)
{
    if (!stage->sink)
        stage->sink = serve(on_event, stage, tls);
    OWN(free) char *pubsub =
        str_format("PUBSUB_EMULATOR_HOST=127.0.0.1:%d", http_server_port(stage->pubsub));
    OWN(free) char *sink = str_format("K_SINK=http%s://127.0.0.1:%d/channel", tls ? "s" : "",
                                      http_server_port(stage->sink));
    char *variables[] = {pubsub,
                         sink,
                         (char *)(uintptr_t) "PUBSUB_SUBSCRIPTION=events",
                         (char *)(uintptr_t) "GOOGLE_CLOUD_PROJECT=p",
                         (char *)(uintptr_t)(more ? more : "NOTHING=1"),
                         NULL};
    char *argv[] = {(char *)(uintptr_t) "pubsub-source", NULL};
    stage->source = start(stage, argv, variables);
}

/* Ends the source by a signal and gives what waitpid says. */
static int end_source(struct stage *stage, int signal)
{
    int status = 0;
    if (stage->source) {
        kill(stage->source, signal);
        waitpid(stage->source, &status, 0);
        stage->source = 0;
    }
    return status;
}

static char *read_log(const struct stage *stage)
{
    OWN(file) FILE *file = fopen(stage->log_path, "r");
    struct buf text = {0};
    char piece[4096];
    for (size_t len; file && (len = fread(piece, 1, sizeof(piece), file));)
        buf_add(&text, piece, len);
    return buf_take(&text);
}

static void own_stage(struct stage **local)
{
    struct stage *stage = *local;
    end_source(stage, SIGKILL);
    expire(stage);
    if (stage->kept)
        release(stage);
    if (stage->sink)
        http_server_close(stage->sink);
    http_server_close(stage->pubsub);
    for (size_t i = 0; i < stage->count; i++) {
        free(stage->list[i].data);
        free(stage->list[i].key);
        json_decref(stage->list[i].attributes);
    }
    unlink(stage->log_path);
    free(stage->log_path);
    buf_done(&stage->order);
    headers_done(&stage->fields);
    free(stage->body);
    free(stage);
}

TEST(a_message_becomes_an_event_and_is_acknowledged)
{
    OWN(stage) struct stage *stage = stage_open();
    start_source(stage, "EVENT_FORM=legacy", NULL);
    publish(stage, "Hello World", NULL, NULL);
    AWAIT(stage, stage->acked == 1);
    EXPECT_STR(headers_get(&stage->fields, "ce-specversion"), "1.0");
    EXPECT_STR(headers_get(&stage->fields, "ce-id"), "0");
    EXPECT_STR(headers_get(&stage->fields, "ce-type"), "google.pubsub.topic.publish");
    EXPECT_STR(headers_get(&stage->fields, "ce-source"),
               "//pubsub.googleapis.com/p/topics/testing");
    EXPECT_STR(headers_get(&stage->fields, "content-type"), "application/json");
    EXPECT_STR(stage->body, "{\"ID\":\"0\",\"Data\":\"SGVsbG8gV29ybGQ=\",\"Attributes\":null,"
                            "\"PublishTime\":\"2019-01-21T15:25:58.25Z\"}");
}

TEST(nothing_is_acknowledged_before_the_sink_took_it)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->keep = true;
    start_source(stage, NULL, NULL);
    publish(stage, "slow", NULL, NULL);
    AWAIT(stage, stage->kept);
    publish(stage, "fast", NULL, NULL);
    AWAIT(stage, stage->acked == 1);
    EXPECT(stage->list[1].acked && !stage->list[0].acked);
    release(stage);
    AWAIT(stage, stage->acked == 2);
}

TEST(what_a_killed_source_had_in_hand_comes_again)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->keep = true;
    start_source(stage, NULL, NULL);
    publish(stage, "precious", NULL, NULL);
    AWAIT(stage, stage->kept);
    end_source(stage, SIGKILL);
    EXPECT_INT(stage->acked, 0);

    release(stage);
    expire(stage);
    start_source(stage, NULL, NULL);
    AWAIT(stage, stage->acked == 1);
    EXPECT_INT(stage->list[0].posted, 2);
}

static int fail_three_times(struct stage *stage, size_t index)
{
    return stage->list[index].posted < 3 ? 500 : 202;
}

TEST(what_the_sink_refuses_is_returned_for_longer_each_time)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->answer = fail_three_times;
    start_source(stage, NULL, NULL);
    publish(stage, "unlucky", NULL, NULL);
    AWAIT(stage, stage->acked == 1);
    EXPECT_INT(stage->list[0].returned, 3);
    EXPECT_INT(stage->list[0].again[0], 1);
    EXPECT_INT(stage->list[0].again[1], 2);
    EXPECT_INT(stage->list[0].again[2], 4);
    OWN(free) char *log = read_log(stage);
    EXPECT_HAS(log, "warning: message 0: the sink answered 500; again in 4 s\n");
}

/* Every fifth message fails when it comes for the first time. */
static int fail_now_and_then(struct stage *stage, size_t index)
{
    return index % 5 == 0 && stage->list[index].posted == 0 ? 503 : 200;
}

/* Whether the sink took each key's messages in the order in which they were published. */
static bool in_order(const struct stage *stage, const char *key, int count)
{
    const char *at = stage->order.data;
    for (int i = 0; i < count; i++) {
        OWN(free) char *want = str_format("%s%d ", key, i);
        at = strstr(at, want);
        if (!at)
            return false;
    }
    return true;
}

TEST(messages_of_one_key_stay_in_order_whatever_fails)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->answer = fail_now_and_then;
    start_source(stage, NULL, NULL);
    for (int i = 0; i < 40; i++)
        for (const char *key = "abc"; *key; key++) {
            OWN(free) char *data = str_format("%c%d", *key, i);
            publish(stage, data, (char[2]){*key, '\0'}, NULL);
        }
    AWAIT(stage, stage->acked == 120);
    EXPECT(in_order(stage, "a", 40) && in_order(stage, "b", 40) && in_order(stage, "c", 40));
    /* and each was taken once only, so none overtook */
    size_t taken = 0;
    for (size_t i = 0; i < stage->order.len; i++)
        taken += stage->order.data[i] == ' ';
    EXPECT_INT(taken, 120);
}

TEST(a_slow_sink_is_not_flooded_and_neither_is_memory)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->keep = true;
    for (int i = 0; i < 3000; i++)
        publish(stage, "x", NULL, NULL);
    start_source(stage, "MAX_MESSAGES=100", NULL);
    AWAIT(stage, stage->acked == 2999);
    release(stage);
    AWAIT(stage, stage->acked == 3000);
    EXPECT(stage->most_out <= 100);
}

TEST(a_delivery_that_takes_long_keeps_its_message)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->keep = true;
    start_source(stage, NULL, NULL);
    publish(stage, "long", NULL, NULL);
    AWAIT(stage, stage->list[0].extended >= 1);
    release(stage);
    AWAIT(stage, stage->acked == 1);
    EXPECT_INT(stage->list[0].posted, 1);
}

TEST(sigterm_lets_deliveries_end_and_returns_the_rest)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->keep = true;
    start_source(stage, "MAX_DELIVERIES=1", NULL);
    publish(stage, "under way", NULL, NULL);
    publish(stage, "waiting", NULL, NULL);
    AWAIT(stage, stage->kept && stage->list[0].out && stage->list[1].out);
    kill(stage->source, SIGTERM);
    AWAIT(stage, stage->list[1].returned >= 1);
    EXPECT_INT(stage->list[1].again[0], 0);
    release(stage);
    AWAIT(stage, stage->list[0].acked);
    EXPECT_INT(end_source(stage, 0), 0);
    EXPECT_INT(stage->list[1].posted, 0);
}

TEST(an_idle_source_ends_at_once)
{
    OWN(stage) struct stage *stage = stage_open();
    start_source(stage, NULL, NULL);
    AWAIT(stage, stage->pull);
    EXPECT_INT(end_source(stage, SIGTERM), 0);
}

TEST(pubsub_may_be_down_for_a_while)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->pubsub_fails = 4;
    publish(stage, "patient", NULL, NULL);
    start_source(stage, NULL, NULL);
    AWAIT(stage, stage->acked == 1);
}

TEST(the_subscription_is_created_on_a_topic_that_is_named)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->has_subscription = false;
    start_source(stage, "PUBSUB_TOPIC=testing", NULL);
    AWAIT(stage, stage->has_subscription);
    publish(stage, "x", NULL, NULL);
    AWAIT(stage, stage->acked == 1);
}

TEST(a_subscription_that_is_there_is_not_created_for_that_needs_more_rights)
{
    OWN(stage) struct stage *stage = stage_open();
    start_source(stage, "PUBSUB_TOPIC=testing", NULL);
    publish(stage, "x", NULL, NULL);
    AWAIT(stage, stage->acked == 1);
    EXPECT_INT(stage->creations, 0);
}

TEST(what_can_never_be_an_event_is_acknowledged_and_logged)
{
    OWN(stage) struct stage *stage = stage_open();
    start_source(stage, "EVENT_FORM=storage", NULL);
    publish(stage, "no notification", NULL, NULL);
    AWAIT(stage, stage->acked == 1);
    EXPECT_INT(stage->list[0].posted, 0);
    OWN(free) char *log = read_log(stage);
    EXPECT_HAS(log, "error: message 0 is dropped: is no notification of Storage");
}

TEST(traces_overrides_and_the_namespace_reach_the_sink)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    OWN(stage) struct stage *stage = stage_open();
    start_source(stage, "K_CE_OVERRIDES={\"extensions\":{\"origin\":\"test\"}}", NULL);
    publish(stage, "x", NULL, json_pack("{s:s}", "googclient_traceparent", trace));
    AWAIT(stage, stage->acked == 1);
    EXPECT_STR(headers_get(&stage->fields, "ce-traceparent"), trace);
    EXPECT_STR(headers_get(&stage->fields, "ce-origin"), "test");
}

TEST(a_sink_with_tls_is_trusted_by_k_ca_certs)
{
    OWN(test_certificate) struct test_certificate certificate = test_certificate_make();
    OWN(stage) struct stage *stage = stage_open();
    OWN(free) char *authority = str_format("K_CA_CERTS=%s", certificate.ca_pem);
    start_source(stage, authority, &certificate);
    publish(stage, "x", NULL, NULL);
    AWAIT(stage, stage->acked == 1);
}

TEST(a_name_that_pubsub_can_never_take_ends_it_with_2)
{
    OWN(stage) struct stage *stage = stage_open();
    stage->has_subscription = false;
    start_source(stage, "PUBSUB_TOPIC=x", NULL);
    int status = end_source(stage, 0);
    EXPECT_INT(WEXITSTATUS(status), 2);
    OWN(free) char *log = read_log(stage);
    EXPECT_HAS(log, "error: pubsub-source: \"x\" is no name in topics");
}

TEST(a_wrong_configuration_ends_it_with_2_and_one_line)
{
    OWN(stage) struct stage *stage = stage_open();
    char *argv[] = {(char *)(uintptr_t) "pubsub-source", NULL};
    char *variables[] = {(char *)(uintptr_t) "K_SINK=http://sink", NULL};
    pid_t pid = start(stage, argv, variables);
    int status;
    waitpid(pid, &status, 0);
    EXPECT_INT(WEXITSTATUS(status), 2);
    OWN(free) char *log = read_log(stage);
    EXPECT_STR(log, "error: pubsub-source: PUBSUB_SUBSCRIPTION is missing, want a subscription to "
                    "pull\n");
}

TEST(help_and_version_are_answered)
{
    OWN(stage) struct stage *stage = stage_open();
    static const char *const flags[] = {"--help", "--version"};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        char *argv[] = {(char *)(uintptr_t) "pubsub-source", (char *)(uintptr_t)flags[i], NULL};
        char *variables[] = {NULL};
        int status;
        waitpid(start(stage, argv, variables), &status, 0);
        EXPECT_INT(status, 0);
    }
    OWN(free) char *log = read_log(stage);
    EXPECT_HAS(log, "usage: pubsub-source");
    EXPECT_HAS(log, "pubsub-source " VERSION "\n");
}
