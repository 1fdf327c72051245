/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local's Pub/Sub over REST: publish, pull, acknowledge. */
#include "base/base64.h"
#include "base/str.h"
#include "tests/helpers/pubsub_server.h"
#include "tests/helpers/test.h"

#include <string.h>

#define TOPIC               "projects/demo/topics/news"
#define WITH_TOPIC(members) "{\"topic\":\"" TOPIC "\"," members "}"

#define RUN(rows) pubsub_server_run_rows(rows, ARRAY_SIZE(rows))

TEST(publish_refuses_invalid_messages)
{
    static const struct pubsub_server_row rows[] = {
        {"POST", "topics/none:publish", "{\"messages\":[{\"data\":\"YQ==\"}]}", 404, "NOT_FOUND"},
        {"POST", "topics/news:publish", NULL, 400, "No messages"},
        {"POST", "topics/news:publish", "{\"messages\":[]}", 400, "No messages"},
        {"POST", "topics/news:publish", "{\"messages\":[{}]}", 400, "Some messages are empty"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"data\":\"\"}]}", 400, "empty"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"orderingKey\":\"k\"}]}", 400, "empty"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"data\":\"YQ==\"},{}]}", 400, "empty"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"data\":\"!!!!\"}]}", 400, "TYPE_BYTES"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"data\":\"a\"}]}", 400, "TYPE_BYTES"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"data\":5}]}", 400, "messages[0].data"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"data\":\"YQ==\",\"foo\":1}]}", 400,
         "Unknown name \\\"foo\\\" at 'messages[0]'"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"attributes\":{\"a\":null}}]}", 400,
         "attributes"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"attributes\":{\"a\":{}}}]}", 400,
         "attr"},
        {"POST", "topics/news:publish", "{\"messages\":[{\"attributes\":{\"googx\":\"v\"}}]}", 400,
         "goog"},
        {"POST", "topics/news:publish", "{\"messages\":{\"data\":\"YQ==\"}}", 400, NULL},
        {"POST", "topics/news:publish", "{\"messages\":[{\"data\":\"YQ==\"}]", 400, NULL},
        {"POST", "topics/news:publish", "{\"messages\":[{\"data\":\"YQ==\"}]} x", 400, NULL},
        {"POST", "topics/news:publish",
         "{\"messages\":[{\"data\":\"YQ==\",\"publishTime\":\"bogus\"}]}", 400, "TYPE_TIMESTAMP"},
        {"POST", "subscriptions/reader:pull", "{\"maxMessages\":9,\"returnImmediately\":true}", 200,
         "{}"},
        {"POST", "topics/news:publish?alt=json",
         "{\"messages\":[{\"data\":\"-_-_\",\"messageId\":\"7\",\"ordering_key\":\"k\","
         "\"attributes\":{\"n\":1,\"b\":true,\"n\":2.5}}]}",
         200, "messageIds"},
        {"POST", "subscriptions/reader:pull", "{\"maxMessages\":9,\"returnImmediately\":true}", 200,
         "\"message\":{\"data\":\"+/+/"
         "\",\"attributes\":{\"b\":\"true\",\"n\":\"2.5\"},\"messageId\""},
    };
    RUN(rows);
}

TEST(pull_and_ack_refuse_invalid_requests)
{
    static const struct pubsub_server_row rows[] = {
        {"POST", "subscriptions/none:pull", "{\"maxMessages\":1}", 404, "NOT_FOUND"},
        {"POST", "subscriptions/reader:pull", "{\"returnImmediately\":true}", 400, "max_messages"},
        {"POST", "subscriptions/reader:pull", "{\"maxMessages\":-1}", 400, "max_messages"},
        {"POST", "subscriptions/reader:acknowledge", "{}", 400, "No ack ids specified"},
        {"POST", "subscriptions/reader:acknowledge", "{\"ackIds\":[\"bogus\"]}", 400,
         "Invalid ack id (ack_id=bogus)"},
        {"POST", "subscriptions/reader:acknowledge",
         "{\"ackIds\":[\"projects/demo/subscriptions/other:1\"]}", 400, "meant for subscription"},
        {"POST", "subscriptions/reader:acknowledge",
         "{\"ackIds\":[\"projects/demo/subscriptions/reader:1\"]}", 200, "{}"},
        {"POST", "subscriptions/none:acknowledge",
         "{\"ackIds\":[\"projects/demo/subscriptions/none:1\"]}", 404, "NOT_FOUND"},
        {"POST", "subscriptions/reader:modifyAckDeadline",
         "{\"ackIds\":[\"projects/demo/subscriptions/reader:1-1\"],\"ackDeadlineSeconds\":-1}", 400,
         "negative"},
        {"POST", "subscriptions/reader:modifyAckDeadline",
         "{\"ackIds\":[\"projects/demo/subscriptions/reader:1-1\"],\"ackDeadlineSeconds\":601}",
         400, "600"},
        {"POST", "subscriptions/reader:modifyAckDeadline",
         "{\"ackIds\":[\"projects/demo/subscriptions/reader:1-1\"],\"ackDeadlineSeconds\":600}",
         200, "{}"},
        {"POST", "subscriptions/reader:seek", "{}", 400, "No target was specified"},
        {"POST", "subscriptions/reader:seek", "{\"snapshot\":\"bad\"}", 400, "[snapshots]"},
        {"POST", "subscriptions/reader:seek", "{\"snapshot\":\"projects/demo/snapshots/none\"}",
         404, "NOT_FOUND"},
        {"POST", "subscriptions/none:seek", "{\"time\":\"2020-01-01T00:00:00Z\"}", 404,
         "NOT_FOUND"},
        {"PATCH", "subscriptions/reader",
         "{\"subscription\":{\"enableExactlyOnceDelivery\":true},"
         "\"updateMask\":\"enableExactlyOnceDelivery\"}",
         200, NULL},
        {"POST", "subscriptions/reader:acknowledge",
         "{\"ackIds\":[\"projects/demo/subscriptions/reader:1-1\"]}", 400, "INVALID_ARGUMENT"},
        {"POST", "subscriptions/reader:detach", "{}", 200, "{}"},
        {"GET", "subscriptions/reader", NULL, 200, "\"detached\":true"},
        {"POST", "subscriptions/reader:pull", "{\"maxMessages\":1}", 400, "FAILED_PRECONDITION"},
        {"GET", "topics/news/subscriptions", NULL, 200, "{}"},
    };
    RUN(rows);
}

/* A publish body of `count` messages with these members each. */
static char *publish_body(size_t count, const char *members)
{
    struct buf body = {0};
    buf_add_text(&body, "{\"messages\":[");
    for (size_t i = 0; i < count; i++)
        buf_add_format(&body, "%s{%s}", i ? "," : "", members);
    buf_add_text(&body, "]}");
    return buf_take(&body);
}

/* A message that has `count` bytes of data. */
static char *large_message(size_t count)
{
    OWN(free) char *data = alloc_zeroed(count);
    OWN(free) char *encoded = base64_encode((struct bytes){data, count});
    return str_format("{\"messages\":[{\"data\":\"%s\"}]}", encoded);
}

TEST(publish_accepts_what_is_at_the_limits_and_nothing_beyond)
{
    OWN(pubsub_server) struct pubsub_server *server = pubsub_server_open(NULL, NULL);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    OWN(free) char *max = publish_body(1000, "\"data\":\"YQ==\"");
    OWN(free) char *more = publish_body(1001, "\"data\":\"YQ==\"");
    pubsub_server_expect(server, "POST", "topics/news:publish", max, 200, NULL);
    pubsub_server_expect(server, "POST", "topics/news:publish", more, 400, "Too many messages");

    OWN(free) char *large = large_message(10000000);
    OWN(free) char *larger = large_message(10000001);
    pubsub_server_expect(server, "POST", "topics/news:publish", large, 200, NULL);
    pubsub_server_expect(server, "POST", "topics/news:publish", larger, 400, "INVALID_ARGUMENT");

    static const struct {
        size_t name, value, key;
        int status;
    } rows[] = {{256, 1024, 1024, 200}, {257, 1, 1, 400}, {1, 1025, 1, 400}, {1, 1, 1025, 400}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *body =
            str_format("{\"messages\":[{\"attributes\":{\"%0*d\":\"%0*d\"},"
                       "\"orderingKey\":\"%0*d\"}]}",
                       (int)rows[i].name, 0, (int)rows[i].value, 0, (int)rows[i].key, 0);
        pubsub_server_expect(server, "POST", "topics/news:publish", body, rows[i].status, NULL);
    }
    for (int count = 100; count <= 101; count++) {
        OWN(buf) struct buf attributes = {0};
        buf_add_text(&attributes, "\"attributes\":{");
        for (int i = 0; i < count; i++)
            buf_add_format(&attributes, "%s\"k%d\":\"v\"", i ? "," : "", i);
        buf_add_text(&attributes, "}");
        OWN(free) char *body = publish_body(1, attributes.data);
        pubsub_server_expect(server, "POST", "topics/news:publish", body, count == 100 ? 200 : 400,
                             NULL);
    }
}

TEST(a_message_is_delivered_as_it_was_published)
{
    OWN(pubsub_server) struct pubsub_server *server = pubsub_server_open(NULL, NULL);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/reader", "{\"topic\":\"" TOPIC "\"}", 200,
                         NULL);
    pubsub_server_expect(
        server, "POST", "topics/news:publish",
        "{\"messages\":[{\"data\":\"AAEC/w==\",\"attributes\":{\"cl\\u00e9\":\"\\ud83d\\ude00\","
        "\"quote\\\"back\\\\\":\"tab\\tline\\n\\u0001\",\"empty\":\"\"}}]}",
        200, NULL);
    pubsub_server_expect(
        server, "POST", "subscriptions/reader:pull",
        "{\"maxMessages\":1,\"returnImmediately\":true}", 200,
        "\"data\":\"AAEC/w==\",\"attributes\":{\"clé\":\"😀\",\"quote\\\"back\\\\\":"
        "\"tab\\tline\\n\\u0001\",\"empty\":\"\"}");
}
