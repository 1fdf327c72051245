/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local's Pub/Sub: push, to an endpoint of the test. */
#include "base/json/jread.h"
#include "base/str.h"
#include "tests/helpers/pubsub_server.h"
#include "tests/helpers/raw_server.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { MAX_CALLS = 64 };

/* An endpoint: replies with the statuses in turn, then always with the last, and records the calls.
 */
struct endpoint {
    struct http_server *server;
    const int *statuses;
    size_t status_count;
    pthread_mutex_t lock;
    pthread_cond_t came;
    size_t count;
    struct {
        char *body, *path;
        struct headers headers;
    } calls[MAX_CALLS];
};

static void on_call(struct http_exchange *exchange, void *context)
{
    struct endpoint *endpoint = context;
    pthread_mutex_lock(&endpoint->lock);
    size_t i = endpoint->count;
    size_t last = endpoint->status_count - 1;
    int status = endpoint->statuses[i < last ? i : last];
    if (i < MAX_CALLS) {
        endpoint->calls[i].body = str_copy_bytes(buf_bytes(&exchange->body));
        endpoint->calls[i].path = str_format("%s%s%s", exchange->path, exchange->query ? "?" : "",
                                             exchange->query ? exchange->query : "");
        headers_copy(&endpoint->calls[i].headers, &exchange->headers);
        endpoint->count++;
    }
    pthread_cond_broadcast(&endpoint->came);
    pthread_mutex_unlock(&endpoint->lock);
    http_exchange_reply_empty(exchange, status);
}

static void endpoint_open(struct endpoint *endpoint, const int *statuses, size_t count)
{
    struct err err = {0};
    endpoint->statuses = statuses;
    endpoint->status_count = count;
    pthread_mutex_init(&endpoint->lock, NULL);
    pthread_cond_init(&endpoint->came, NULL);
    endpoint->server =
        http_server_open(&(struct http_server_options){.handle = on_call, .app = endpoint}, &err);
    EXPECT_STR(err.text, "");
}

static inline void own_endpoint(struct endpoint *local)
{
    http_server_close(local->server);
    for (size_t i = 0; i < local->count; i++) {
        free(local->calls[i].body);
        free(local->calls[i].path);
        headers_done(&local->calls[i].headers);
    }
}

static void wait_for_calls(struct endpoint *endpoint, size_t count)
{
    pthread_mutex_lock(&endpoint->lock);
    while (endpoint->count < count)
        pthread_cond_wait(&endpoint->came, &endpoint->lock);
    pthread_mutex_unlock(&endpoint->lock);
}

/* A service whose subscription pushes to the endpoint; members are more of its push config, with a
 * comma first. */
static struct pubsub_server *open_server(const struct endpoint *endpoint, const char *members,
                                         const char *more,
                                         char *(*id_token)(const char *, const char *, void *))
{
    struct pubsub_server *server = pubsub_server_open(NULL, id_token);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "topics/dead", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/dead",
                         "{\"topic\":\"projects/demo/topics/dead\"}", 200, NULL);
    OWN(free) char *body =
        str_format("{\"topic\":\"projects/demo/topics/news\",\"pushConfig\":{"
                   "\"pushEndpoint\":\"http://127.0.0.1:%u/hook?token=abc\"%s}%s}",
                   http_server_port(endpoint->server), members, more);
    pubsub_server_expect(server, "PUT", "subscriptions/pushed", body, 200, NULL);
    return server;
}

static void publish(struct pubsub_server *server, const char *message)
{
    OWN(free) char *body = str_format("{\"messages\":[%s]}", message);
    pubsub_server_expect(server, "POST", "topics/news:publish", body, 200, NULL);
}

static const int ok[] = {200};

TEST(a_message_is_posted_wrapped)
{
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, ok, 1);
    OWN(pubsub_server) struct pubsub_server *server = open_server(&endpoint, "", "", NULL);
    publish(server, "{\"data\":\"SGVsbG8=\",\"attributes\":{\"a\":\"b\"},\"orderingKey\":\"k\"}");
    wait_for_calls(&endpoint, 1);
    EXPECT_STR(endpoint.calls[0].path, "/hook?token=abc");
    EXPECT_STR(headers_get(&endpoint.calls[0].headers, "Content-Type"), "application/json");

    struct err err = {0};
    json_auto_t *tree = json_from_bytes(bytes_of(endpoint.calls[0].body), "push", ERR_INPUT, &err);
    struct jread push = jread_open(tree, "push", ERR_INPUT, &err);
    EXPECT_STR(jread_str(&push, "subscription"), "projects/demo/subscriptions/pushed");
    struct jread message = jread_obj(&push, "message");
    EXPECT_STR(jread_str(&message, "data"), "SGVsbG8=");
    EXPECT_STR(jread_str(&message, "messageId"), jread_str(&message, "message_id"));
    EXPECT_STR(jread_str(&message, "publishTime"), jread_str(&message, "publish_time"));
    EXPECT_STR(jread_str(&message, "orderingKey"), "k");
    struct jread attributes = jread_obj(&message, "attributes");
    EXPECT_STR(jread_str(&attributes, "a"), "b");
    EXPECT(!jread_has(&push, "deliveryAttempt"));
    EXPECT_STR(err.text, "");
}

TEST(each_status_that_acknowledges_does)
{
    static const int statuses[] = {200, 201, 202, 204};
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        OWN(endpoint) struct endpoint endpoint = {0};
        endpoint_open(&endpoint, statuses + i, 1);
        OWN(pubsub_server) struct pubsub_server *server = open_server(&endpoint, "", "", NULL);
        publish(server, "{\"data\":\"YQ==\"}");
        wait_for_calls(&endpoint, 1);
        /* were it not acked, it would come before the next */
        publish(server, "{\"data\":\"Yg==\"}");
        wait_for_calls(&endpoint, 2);
        EXPECT_HAS(endpoint.calls[1].body, "Yg==");
    }
}

/* Counts calls, and those that push "a1". */
struct count {
    atomic_int calls, firsts;
};

static void serve_102(int fd, void *context)
{
    struct count *count = context;
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    atomic_fetch_add(&count->firsts, strstr(request.data, "YTE=") != NULL);
    atomic_fetch_add(&count->calls, 1);
    socket_send(fd, bytes_of("HTTP/1.1 102 Processing\r\n\r\n"));
}

TEST(an_interim_102_acknowledges)
{
    struct count count = {0};
    OWN(raw_server) struct raw_server *raw = raw_server_open(serve_102, &count);
    OWN(endpoint) struct endpoint unused = {0};
    endpoint_open(&unused, ok, 1);
    OWN(pubsub_server) struct pubsub_server *server =
        open_server(&unused, "", ",\"enableMessageOrdering\":true", NULL);
    OWN(free) char *body = str_format(
        "{\"pushConfig\":{\"pushEndpoint\":\"http://127.0.0.1:%u/\"}}", raw_server_port(raw));
    pubsub_server_expect(server, "POST", "subscriptions/pushed:modifyPushConfig", body, 200, NULL);
    /* the second of a key is pushed only after the first was acknowledged */
    publish(server, "{\"data\":\"YTE=\",\"orderingKey\":\"a\"}");
    publish(server, "{\"data\":\"YTI=\",\"orderingKey\":\"a\"}");
    while (atomic_load(&count.calls) < 2)
        sched_yield();
    EXPECT_INT(count.firsts, 1);
}

TEST(after_any_other_status_the_message_is_pushed_again)
{
    static const int statuses[] = {500, 302, 404, 429, 206, 200};
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, statuses, ARRAY_SIZE(statuses));
    OWN(pubsub_server) struct pubsub_server *server = open_server(&endpoint, "", "", NULL);
    publish(server, "{\"data\":\"YQ==\"}");
    wait_for_calls(&endpoint, ARRAY_SIZE(statuses));
    EXPECT_STR(endpoint.calls[0].body, endpoint.calls[ARRAY_SIZE(statuses) - 1].body);
    publish(server, "{\"data\":\"Yg==\"}");
    wait_for_calls(&endpoint, ARRAY_SIZE(statuses) + 1);
    EXPECT_HAS(endpoint.calls[ARRAY_SIZE(statuses)].body, "Yg==");
}

TEST(without_the_wrapper_the_data_is_the_body_and_attributes_are_headers)
{
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, ok, 1);
    OWN(pubsub_server) struct pubsub_server *server =
        open_server(&endpoint, ",\"noWrapper\":{\"writeMetadata\":true}", "", NULL);
    publish(server, "{\"data\":\"SGVsbG8=\",\"orderingKey\":\"k\",\"attributes\":{\"eventType\":"
                    "\"X\",\"Host\":\"evil\",\"Content-Type\":\"text/plain\",\"bad name\":\"v\"}}");
    wait_for_calls(&endpoint, 1);
    const struct headers *headers = &endpoint.calls[0].headers;
    EXPECT_STR(endpoint.calls[0].body, "Hello");
    EXPECT_STR(headers_get(headers, "x-goog-pubsub-subscription-name"),
               "projects/demo/subscriptions/pushed");
    EXPECT(headers_get(headers, "x-goog-pubsub-message-id"));
    EXPECT(headers_get(headers, "x-goog-pubsub-publish-time"));
    EXPECT_STR(headers_get(headers, "x-goog-pubsub-ordering-key"), "k");
    EXPECT_STR(headers_get(headers, "eventtype"), "X");
    EXPECT_STR(headers_get(headers, "Content-Type"), "text/plain");
    EXPECT_INT(headers_count(headers, "Host"), 1);
    EXPECT_HAS(headers_get(headers, "Host"), "127.0.0.1");
}

TEST(without_the_wrapper_and_metadata_only_the_data_is_sent)
{
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, ok, 1);
    OWN(pubsub_server) struct pubsub_server *server =
        open_server(&endpoint, ",\"noWrapper\":{}", "", NULL);
    publish(server, "{\"data\":\"AAH/\",\"attributes\":{\"a\":\"b\"}}");
    wait_for_calls(&endpoint, 1);
    EXPECT(!headers_get(&endpoint.calls[0].headers, "a"));
    EXPECT(!headers_get(&endpoint.calls[0].headers, "x-goog-pubsub-message-id"));
}

static char *fake_token(const char *email, const char *audience, void *context)
{
    (void)context;
    return str_format("token-of-%s-for-%s", email, audience);
}

TEST(a_push_is_signed_for_the_configured_account)
{
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, ok, 1);
    OWN(pubsub_server) struct pubsub_server *server = open_server(
        &endpoint, ",\"oidcToken\":{\"serviceAccountEmail\":\"a@b.c\",\"audience\":\"aud\"}", "",
        fake_token);
    publish(server, "{\"data\":\"YQ==\"}");
    wait_for_calls(&endpoint, 1);
    EXPECT_STR(headers_get(&endpoint.calls[0].headers, "Authorization"),
               "Bearer token-of-a@b.c-for-aud");
}

static char *token_after_failures(const char *email, const char *audience, void *context)
{
    (void)context;
    static atomic_int failures = 3;
    return atomic_fetch_sub(&failures, 1) > 0 ? NULL : str_format("%s-%s", email, audience);
}

TEST(nothing_is_pushed_before_its_token_can_be_made)
{
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, ok, 1);
    OWN(pubsub_server) struct pubsub_server *server =
        open_server(&endpoint, ",\"oidcToken\":{\"serviceAccountEmail\":\"a\",\"audience\":\"b\"}",
                    ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\"},"
                    "\"retryPolicy\":{\"minimumBackoff\":\"0.01s\",\"maximumBackoff\":\"0.02s\"}",
                    token_after_failures);
    publish(server, "{\"data\":\"YQ==\"}");
    wait_for_calls(&endpoint, 1);
    EXPECT_STR(headers_get(&endpoint.calls[0].headers, "Authorization"), "Bearer a-b");
    EXPECT_HAS(endpoint.calls[0].body, "\"deliveryAttempt\":1");
}

TEST(messages_of_a_key_are_pushed_one_after_the_other)
{
    static const int statuses[] = {500, 200};
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, statuses, ARRAY_SIZE(statuses));
    OWN(pubsub_server) struct pubsub_server *server =
        open_server(&endpoint, "", ",\"enableMessageOrdering\":true", NULL);
    publish(server, "{\"data\":\"YTE=\",\"orderingKey\":\"a\"},{\"data\":\"YTI=\",\"orderingKey\":"
                    "\"a\"},{\"data\":\"YTM=\",\"orderingKey\":\"a\"}");
    wait_for_calls(&endpoint, 4);
    static const char *const order[] = {"YTE=", "YTE=", "YTI=", "YTM="};
    for (size_t i = 0; i < ARRAY_SIZE(order); i++)
        EXPECT_HAS(endpoint.calls[i].body, order[i]);
}

TEST(what_is_never_acknowledged_moves_to_the_dead_letter_topic)
{
    static const int statuses[] = {503};
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, statuses, 1);
    OWN(pubsub_server) struct pubsub_server *server =
        open_server(&endpoint, "",
                    ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\"},"
                    "\"retryPolicy\":{\"minimumBackoff\":\"0.01s\",\"maximumBackoff\":\"0.02s\"}",
                    NULL);
    publish(server, "{\"data\":\"YQ==\"}");
    pubsub_server_expect(server, "POST", "subscriptions/dead:pull", "{\"maxMessages\":1}", 200,
                         "\"CloudPubSubDeadLetterSourceDeliveryCount\":\"5\"");
    EXPECT_INT(endpoint.count, 5);
    EXPECT_HAS(endpoint.calls[4].body, "\"deliveryAttempt\":5");
}

TEST(a_subscription_can_go_from_pull_to_push_and_back)
{
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, ok, 1);
    OWN(pubsub_server) struct pubsub_server *server = open_server(&endpoint, "", "", NULL);
    pubsub_server_expect(server, "POST", "subscriptions/pushed:pull",
                         "{\"maxMessages\":1,\"returnImmediately\":true}", 200, "{}");
    pubsub_server_expect(server, "POST", "subscriptions/pushed:modifyPushConfig", "{}", 200, NULL);
    publish(server, "{\"data\":\"YQ==\"}");
    json_auto_t *received = pubsub_server_pull(server, "pushed");
    EXPECT_INT(json_array_size(received), 1);
    OWN(free) char *body =
        str_format("{\"pushConfig\":{\"pushEndpoint\":\"http://127.0.0.1:%u/\"}}",
                   http_server_port(endpoint.server));
    pubsub_server_nack_all(server, "pushed", received);
    pubsub_server_expect(server, "POST", "subscriptions/pushed:modifyPushConfig", body, 200, NULL);
    wait_for_calls(&endpoint, 1);
    EXPECT_HAS(endpoint.calls[0].body, "YQ==");
}

TEST(an_unreachable_endpoint_does_not_hold_up_the_end)
{
    OWN(endpoint) struct endpoint endpoint = {0};
    endpoint_open(&endpoint, ok, 1);
    OWN(pubsub_server) struct pubsub_server *server = open_server(&endpoint, "", "", NULL);
    pubsub_server_expect(server, "POST", "subscriptions/pushed:modifyPushConfig",
                         "{\"pushConfig\":{\"pushEndpoint\":\"http://127.0.0.1:1/\"}}", 200, NULL);
    publish(server, "{\"data\":\"YQ==\"}");
    pubsub_server_expect(server, "DELETE", "subscriptions/pushed", NULL, 200, NULL);
    publish(server, "{\"data\":\"Yg==\"}");
    EXPECT_INT(endpoint.count, 0);
}

TEST(a_message_is_published_from_within_the_process)
{
    OWN(pubsub_server) struct pubsub_server *server = pubsub_server_open(NULL, NULL);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/reader",
                         "{\"topic\":\"projects/demo/topics/news\"}", 200, NULL);
    static const struct pubsub_attribute attributes[] = {{"eventType", "OBJECT_FINALIZE"}};
    struct err err = {0};
    OWN(free) char *id = NULL;
    EXPECT(pubsub_has_topic(server->pubsub, "projects/demo/topics/news"));
    EXPECT(pubsub_publish(server->pubsub, "projects/demo/topics/news", attributes, 1,
                          bytes_of("{}"), &id, &err));
    pubsub_server_expect(server, "POST", "subscriptions/reader:pull", "{\"maxMessages\":1}", 200,
                         id);
    EXPECT(!pubsub_publish(server->pubsub, "projects/demo/topics/none", attributes, 1,
                           bytes_of("{}"), NULL, &err));
    EXPECT_INT(err.status, ERR_NOT_FOUND);
}
