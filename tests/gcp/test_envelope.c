/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes: the message or notification in events and requests. */
#include "base/str.h"
#include "gcp/gcp.h"
#include "tests/helpers/envelopes.h"
#include "tests/helpers/test.h"

#include <string.h>

TEST(the_articles_message_is_read)
{
    struct gcp_envelope envelope =
        event(LEGACY, "//pubsub.googleapis.com/p/topics/t",
              "{\"ID\":\"198012587785403\",\"Data\":\"" DATA "\",\"Attributes\":null,"
              "\"PublishTime\":\"2019-01-21T15:25:58.25Z\"}");
    OWN(gcp_message) struct gcp_message message = {0};
    struct err err = {0};
    EXPECT(gcp_message_from_envelope(&envelope, &message, &err));
    EXPECT_STR(message.data, "Hello World");
    EXPECT_INT(message.len, 11);
    EXPECT_STR(message.id, "198012587785403");
    EXPECT_STR(message.publish_time, "2019-01-21T15:25:58.25Z");
    EXPECT_INT(message.attribute_count, 0);
    EXPECT(message.data_error == NULL);
}

TEST(a_message_is_read_from_every_envelope)
{
    struct gcp_field unwrapped[] = {
        {"Host", "x"},
        {"Content-Type", "text/plain"},
        {"X-Goog-Pubsub-Message-Id", "7"},
        {"x-goog-pubsub-publish-time", "2020-01-01T00:00:00Z"},
        {"x-goog-pubsub-subscription-name", "projects/p/subscriptions/s"},
        {"lang", "en"},
    };
    struct gcp_field extensions[] = {{"lang", "en"}};
    const struct {
        const char *name;
        struct gcp_envelope envelope;
    } rows[] = {
        {"legacy", event(LEGACY, TOPIC,
                         "{\"ID\":\"7\",\"Data\":\"" DATA "\",\"Attributes\":{\"lang\":\"en\"},"
                         "\"PublishTime\":\"2020-01-01T00:00:00Z\"}")},
        {"legacy whose type an attribute replaced",
         event("my.type", TOPIC,
               "{\"ID\":\"7\",\"Data\":\"" DATA "\",\"Attributes\":{\"lang\":\"en\"},"
               "\"PublishTime\":\"2020-01-01T00:00:00Z\"}")},
        {"legacy without CloudEvent",
         request(" {\"ID\":\"7\",\"Data\":\"" DATA "\",\"Attributes\":{\"lang\":\"en\"},"
                 "\"PublishTime\":\"2020-01-01T00:00:00Z\"}")},
        {"wrapped event", event(NEW_TYPE, TOPIC,
                                "{\"message\":{\"data\":\"" DATA "\",\"messageId\":\"7\","
                                "\"attributes\":{\"lang\":\"en\"}},\"subscription\":\"s\"}")},
        {"wrapped event of 2020",
         event("com.google.cloud.pubsub.topic.publish", TOPIC,
               "{\"message\":{\"data\":\"" DATA "\",\"messageId\":\"7\","
               "\"attributes\":{\"lang\":\"en\"}},\"subscription\":\"s\"}")},
        {"push", request("{\"message\":{\"data\":\"" DATA "\",\"messageId\":\"7\","
                         "\"message_id\":\"7\",\"publishTime\":\"2020-01-01T00:00:00Z\","
                         "\"publish_time\":\"2020-01-01T00:00:00Z\",\"attributes\":{\"lang\":"
                         "\"en\"},\"@type\":\"x\"},\"subscription\":\"s\"}")},
        {"push in snake case",
         request("{\"message\":{\"data\":\"" DATA "\",\"message_id\":\"7\","
                 "\"publish_time\":\"2020-01-01T00:00:00Z\",\"attributes\":{\"lang\":\"en\"}}}")},
        {"raw event",
         {.type = NEW_TYPE,
          .id = "7",
          .time = "2020-01-01T00:00:00Z",
          .body = bytes_of("Hello World"),
          .extensions = extensions,
          .extension_count = 1}},
        {"unwrapped push",
         {.headers = unwrapped,
          .header_count = ARRAY_SIZE(unwrapped),
          .body = bytes_of("Hello World")}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(gcp_message) struct gcp_message message = {0};
        struct err err = {0};
        EXPECT(gcp_message_from_envelope(&rows[i].envelope, &message, &err));
        EXPECT_STR(message.data, "Hello World");
        EXPECT_STR(message.id, "7");
        EXPECT_STR(message.publish_time, "2020-01-01T00:00:00Z");
        EXPECT_STR(gcp_message_attribute(&message, "lang"), "en");
    }
}

TEST(an_unwrapped_push_skips_headers_of_the_transport)
{
    struct gcp_field headers[] = {
        {"Host", "vision"},
        {"User-Agent", "CloudPubSub-Google"},
        {"Authorization", "Bearer x"},
        {"X-Forwarded-Proto", "https"},
        {"Content-Length", "2"},
        {"traceparent", "00-1-2-01"},
        {"x-goog-pubsub-message-id", "7"},
        {"x-goog-pubsub-ordering-key", "k"},
        {"Content-Type", "application/json"},
        {"eventtype", "OBJECT_FINALIZE"},
    };
    struct gcp_envelope envelope = request("{}");
    envelope.headers = headers;
    envelope.header_count = ARRAY_SIZE(headers);
    OWN(gcp_message) struct gcp_message message = {0};
    struct err err = {0};
    EXPECT(gcp_message_from_envelope(&envelope, &message, &err));
    EXPECT_INT(message.attribute_count, 2);
    EXPECT_STR(message.attributes[0].name, "Content-Type");
    EXPECT_STR(gcp_message_attribute(&message, "eventType"), "OBJECT_FINALIZE");
    EXPECT_STR(message.ordering_key, "k");
}

/* The message in a push or, with LEGACY, in the JSON of 2019, as one line. For free(). */
static char *message_line(const char *type, const char *body)
{
    struct gcp_envelope envelope = {.type = type, .body = bytes_of(body)};
    OWN(gcp_message) struct gcp_message message = {0};
    struct err err = {0};
    if (!gcp_message_from_envelope(&envelope, &message, &err))
        return str_copy(err.text);
    struct buf line = {0};
    const char *const texts[] = {message.data,         message.data_error,   message.id,
                                 message.publish_time, message.ordering_key, message.subscription};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        buf_add_format(&line, "%s, ", texts[i] ? texts[i] : "-");
    for (size_t i = 0; i < message.attribute_count; i++)
        buf_add_format(&line, "%s=%s ", message.attributes[i].name, message.attributes[i].value);
    return buf_take(&line);
}

TEST(unusual_json_gives_the_same_message)
{
    static const struct {
        const char *type, *members;
    } rows[] = {
        {NEW_TYPE, "\"message\":{\"data\":\"" DATA "\",\"messageId\":\"7\",\"message_id\":\"8\","
                   "\"publish_time\":\"9\",\"orderingKey\":\"k\"},\"subscription\":\"s\"}"},
        {NEW_TYPE, "\"message\":{\"messageId\":null,\"message_id\":\"8\",\"orderingKey\":\"\"}}"},
        {NEW_TYPE, "\"message\":{\"data\":\"***\",\"attributes\":{\"b\":\"1\",\"a\":\"\"}}}"},
        {NEW_TYPE, "\"message\":{},\"subscription\":null} "},
        {NEW_TYPE, "\"message\":{},\"subscription\":7}"},
        {LEGACY, "\"ID\":\"7\",\"Data\":\"" DATA "\",\"Attributes\":null,\"PublishTime\":\"9\"}"},
        {LEGACY, "\"ID\":\"7\",\"Attributes\":{\"a\":\"b\"}}"},
        {LEGACY, "\"ID\":null}"},
        {LEGACY, "\"ID\":\"7\",\"Attributes\":[]}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *usual = str_format("{%s", rows[i].members);
        OWN(free) char *unusual = str_format("{ \"\\u0078\" : 0.5 , %s", rows[i].members);
        OWN(free) char *line = message_line(rows[i].type, usual);
        OWN(free) char *other = message_line(rows[i].type, unusual);
        EXPECT_STR(line, other);
    }
}

TEST(a_body_that_is_not_json_is_not_a_push)
{
    static const char *const bodies[] = {
        "{\"message\":{\"data\":null,\"data\":\"" DATA "\"}}",
        "{\"message\":{\"attributes\":{\"a\":\"1\",\"a\":\"2\"}}}",
        "{\"message\":{},\"message\":{}}",
        "{\"message\":{}}}",
        "{\"message\":{}",
        "{\"ID\":\"7\",\"ID\":\"7\"}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct gcp_envelope envelope = request(bodies[i]);
        OWN(gcp_message) struct gcp_message message = {0};
        struct err err = {0};
        EXPECT(gcp_message_from_envelope(&envelope, &message, &err));
        EXPECT_STR(message.data, bodies[i]);
    }
}

TEST(a_push_has_ordering_key_and_delivery_attempt)
{
    struct gcp_envelope envelope =
        request("{\"deliveryAttempt\":3,\"message\":{\"data\":\"" DATA "\",\"messageId\":\"7\","
                "\"orderingKey\":\"user-42\"},\"subscription\":\"projects/p/subscriptions/s\"}");
    OWN(gcp_message) struct gcp_message message = {0};
    struct err err = {0};
    EXPECT(gcp_message_from_envelope(&envelope, &message, &err));
    EXPECT_INT(message.delivery_attempt, 3);
    EXPECT_STR(message.ordering_key, "user-42");
    EXPECT_STR(message.subscription, "projects/p/subscriptions/s");
}

TEST(a_body_without_an_envelope_is_the_data)
{
    static const char *const bodies[] = {
        "{text:'Hello World', from: 'en', to:'es'}", "{\"text\":\"x\"}", "[1]", "null", "\xFF\xFE",
        "{\"message\":\"a text, no object\"}",       "{\"Data\":\"x\"}", "{",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct gcp_envelope envelope = request(bodies[i]);
        OWN(gcp_message) struct gcp_message message = {0};
        struct err err = {0};
        EXPECT(gcp_message_from_envelope(&envelope, &message, &err));
        EXPECT_STR(message.data, bodies[i]);
    }
}

TEST(other_events_give_their_data)
{
    struct gcp_envelope envelope =
        event("com.example.someevent", "/mycontext", "{\"message\":{\"data\":7}}");
    OWN(gcp_message) struct gcp_message message = {0};
    struct err err = {0};
    EXPECT(gcp_message_from_envelope(&envelope, &message, &err));
    EXPECT_STR(message.data, "{\"message\":{\"data\":7}}");
    EXPECT_STR(message.id, "7");
}

TEST(a_message_may_have_no_data)
{
    const struct gcp_envelope rows[] = {
        event(LEGACY, TOPIC, "{\"ID\":\"7\",\"Data\":null,\"Attributes\":{\"a\":\"b\"}}"),
        event(LEGACY, TOPIC, "{\"ID\":\"7\",\"Data\":\"\",\"Attributes\":null}"),
        event(NEW_TYPE, TOPIC, "{\"message\":{\"data\":null,\"messageId\":\"7\"}}"),
        request("{\"message\":{\"messageId\":\"7\"}}"),
        event("com.example.someevent", "/s", ""),
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(gcp_message) struct gcp_message message = {0};
        struct err err = {0};
        EXPECT(gcp_message_from_envelope(&rows[i], &message, &err));
        EXPECT(message.data == NULL);
        EXPECT(message.data_error == NULL);
    }
}

TEST(data_that_is_not_base64_sets_data_error)
{
    struct gcp_envelope envelope =
        event(LEGACY, TOPIC, "{\"ID\":\"1\",\"Data\":\"***not base64***\",\"Attributes\":null}");
    OWN(gcp_message) struct gcp_message message = {0};
    struct err err = {0};
    EXPECT(gcp_message_from_envelope(&envelope, &message, &err));
    EXPECT(message.data == NULL);
    EXPECT_STR(message.data_error, "Data is not base64");

    OWN(gcp_object_event) struct gcp_object_event object = {0};
    EXPECT(!gcp_object_event_from_envelope(&envelope, &object, &err));
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.text, "Data is not base64");
}

TEST(a_malformed_envelope_is_refused_with_the_reason)
{
    const struct {
        struct gcp_envelope envelope;
        const char *text;
    } rows[] = {
        {event(LEGACY, TOPIC, "{\"ID\":\"198012587785403\",\"Data\":"),
         "legacy message: is not valid JSON"},
        {event(LEGACY, TOPIC, ""), "legacy message: is empty"},
        {event(LEGACY, TOPIC, "[1]"), "legacy message: is a list, want an object"},
        {event(LEGACY, TOPIC, "{\"text\":\"x\"}"), "has neither ID nor Data nor PublishTime"},
        {event(LEGACY, TOPIC, "{\"ID\":\"1\",\"Data\":7}"), "Data is a number, want a string"},
        {event(LEGACY, TOPIC, "{\"ID\":\"1\",\"Attributes\":{\"a\":1}}"),
         "Attributes.a is a number, want a string"},
        {event(NEW_TYPE, TOPIC, "{\"message\":{\"data\":{\"text\":\"x\"}}}"),
         "push message: message.data is an object, want a string"},
        {request("{\"subscription\":\"projects/p/subscriptions/s\"}"),
         "push message: message is missing, want an object"},
        {request("{\"message\":null,\"subscription\":\"s\"}"),
         "message is missing, want an object"},
        {request("{\"message\":{\"data\":{\"text\":\"x\"},\"messageId\":\"1\"}}"),
         "push message: message.data is an object, want a string"},
        {request("{\"message\":{\"attributes\":[]}}"), "message.attributes is a list"},
        {request(""), "the request has neither an event nor a body"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(gcp_message) struct gcp_message message = {0};
        struct err err = {0};
        EXPECT(!gcp_message_from_envelope(&rows[i].envelope, &message, &err));
        EXPECT_INT(err.status, ERR_INPUT);
        EXPECT_HAS(err.text, rows[i].text);
    }
}
