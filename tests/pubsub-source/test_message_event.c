/* SPDX-License-Identifier: Apache-2.0 */
/* pubsub-source: converts Pub/Sub messages to CloudEvents in each form. */
#include "base/str.h"
#include "pubsub-source/message_event.h"
#include "tests/helpers/test.h"

#include <string.h>

static const char topic[] = "projects/knative-atamel/topics/testing";

/* The article's message; attributes are borrowed. */
static struct gcp_message message(const char *data, struct gcp_attribute *attributes, size_t count)
{
    return (struct gcp_message){
        .data = (char *)(uintptr_t)data,
        .len = data ? strlen(data) : 0,
        .attributes = attributes,
        .attribute_count = count,
        .id = (char *)(uintptr_t) "198012587785403",
        .publish_time = (char *)(uintptr_t) "2019-01-21T15:25:58.250Z",
        .subscription = (char *)(uintptr_t) "projects/knative-atamel/subscriptions/s",
    };
}

static struct gcp_attribute attribute(const char *name, const char *value)
{
    return (struct gcp_attribute){(char *)(uintptr_t)name, (char *)(uintptr_t)value};
}

static struct ce_event convert(enum event_form form, const struct gcp_message *from)
{
    struct pubsub_source_config config = {.form = form};
    struct ce_event event = {0};
    struct err err = {0};
    message_event_from_message(from, topic, &config, &event, &err);
    EXPECT_STR(err.text, "");
    EXPECT_STR(event.spec_version, "1.0");
    return event;
}

/* The error of a message that cannot be converted. */
static struct err refuse(enum event_form form, const struct gcp_message *from)
{
    struct pubsub_source_config config = {.form = form};
    OWN(ce_event) struct ce_event event = {0};
    struct err err = {0};
    EXPECT(!message_event_from_message(from, topic, &config, &event, &err));
    return err;
}

TEST(the_published_form_is_that_of_eventarc)
{
    struct gcp_attribute attributes[] = {attribute("k", "v")};
    struct gcp_message from = message("Hello World", attributes, 1);
    from.ordering_key = (char *)(uintptr_t) "user-42";
    from.delivery_attempt = 3;
    OWN(ce_event) struct ce_event event = convert(EVENT_FORM_MESSAGE_PUBLISHED, &from);
    EXPECT_STR(event.type, "google.cloud.pubsub.topic.v1.messagePublished");
    EXPECT_STR(event.source, "//pubsub.googleapis.com/projects/knative-atamel/topics/testing");
    EXPECT_STR(event.id, "198012587785403");
    EXPECT_STR(event.time, "2019-01-21T15:25:58.25Z");
    EXPECT_STR(event.content_type, "application/json");
    EXPECT_STR(event.data,
               "{\"message\":{\"attributes\":{\"k\":\"v\"},\"data\":\"SGVsbG8gV29ybGQ=\","
               "\"messageId\":\"198012587785403\",\"message_id\":\"198012587785403\","
               "\"orderingKey\":\"user-42\",\"publishTime\":\"2019-01-21T15:25:58.25Z\","
               "\"publish_time\":\"2019-01-21T15:25:58.25Z\"},"
               "\"subscription\":\"projects/knative-atamel/subscriptions/s\","
               "\"deliveryAttempt\":3}");
}

TEST(the_published_form_has_no_empty_members)
{
    struct gcp_message from = message(NULL, NULL, 0);
    OWN(ce_event) struct ce_event event = convert(EVENT_FORM_MESSAGE_PUBLISHED, &from);
    EXPECT(str_starts(event.data, "{\"message\":{\"messageId\":"));
    EXPECT(!strstr(event.data, "orderingKey") && !strstr(event.data, "deliveryAttempt"));
}

TEST(the_legacy_form_is_the_articles_body_to_the_byte)
{
    struct gcp_message from = message("Hello World", NULL, 0);
    OWN(ce_event) struct ce_event event = convert(EVENT_FORM_LEGACY, &from);
    EXPECT_STR(event.type, "google.pubsub.topic.publish");
    EXPECT_STR(event.source, "//pubsub.googleapis.com/knative-atamel/topics/testing");
    EXPECT_STR(event.data, "{\"ID\":\"198012587785403\",\"Data\":\"SGVsbG8gV29ybGQ=\","
                           "\"Attributes\":null,\"PublishTime\":\"2019-01-21T15:25:58.25Z\"}");
    EXPECT_INT(event.len, 108);
}

TEST(the_legacy_form_has_null_for_missing_data)
{
    struct gcp_attribute attributes[] = {attribute("b", "1"), attribute("a", "2")};
    struct gcp_message from = message(NULL, attributes, 2);
    OWN(ce_event) struct ce_event event = convert(EVENT_FORM_LEGACY, &from);
    EXPECT_HAS(event.data, "\"Data\":null,\"Attributes\":{\"b\":\"1\",\"a\":\"2\"}");
}

TEST(the_storage_form_converts_each_type_of_notification)
{
    static const char *const rows[][2] = {
        {"OBJECT_FINALIZE", "google.cloud.storage.object.v1.finalized"},
        {"OBJECT_DELETE", "google.cloud.storage.object.v1.deleted"},
        {"OBJECT_ARCHIVE", "google.cloud.storage.object.v1.archived"},
        {"OBJECT_METADATA_UPDATE", "google.cloud.storage.object.v1.metadataUpdated"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct gcp_attribute attributes[] = {attribute("eventType", rows[i][0]),
                                             attribute("bucketId", "pictures"),
                                             attribute("objectId", "\xc3\xa9t\xc3\xa9 1/100%.jpg")};
        struct gcp_message from = message("{\"kind\":\"storage#object\"}", attributes, 3);
        OWN(ce_event) struct ce_event event = convert(EVENT_FORM_STORAGE, &from);
        EXPECT_STR(event.type, rows[i][1]);
        EXPECT_STR(event.source, "//storage.googleapis.com/projects/_/buckets/pictures");
        EXPECT_STR(event.subject, "objects/\xc3\xa9t\xc3\xa9 1/100%.jpg");
        EXPECT_STR(ce_extension(&event, "bucket"), "pictures");
        EXPECT_STR(event.data, "{\"kind\":\"storage#object\"}");
    }
}

TEST(a_notification_without_payload_has_no_data)
{
    struct gcp_attribute attributes[] = {attribute("eventType", "OBJECT_FINALIZE"),
                                         attribute("bucketId", "b"), attribute("objectId", "o")};
    struct gcp_message from = message(NULL, attributes, 3);
    OWN(ce_event) struct ce_event event = convert(EVENT_FORM_STORAGE, &from);
    EXPECT(event.data == NULL && event.content_type == NULL);
}

TEST(the_storage_form_refuses_other_messages)
{
    struct gcp_attribute unknown[] = {attribute("eventType", "OBJECT_PAINTED"),
                                      attribute("bucketId", "b"), attribute("objectId", "o")};
    struct gcp_attribute partial[] = {attribute("eventType", "OBJECT_FINALIZE"),
                                      attribute("objectId", "o")};
    const struct gcp_message rows[] = {message("Hello", NULL, 0), message("{}", unknown, 3),
                                       message("{}", partial, 2)};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        EXPECT_HAS(refuse(EVENT_FORM_STORAGE, &rows[i]).text, "not a Storage notification");
}

TEST(the_raw_form_is_the_data_with_attributes_as_extensions)
{
    struct gcp_attribute attributes[] = {
        attribute("MyAttr", "v1"),
        attribute("my-other_attr", "v2"),
        attribute("id", "mine"),
        attribute("--", "no name left"),
        attribute("lines", "a\nb"),
        attribute("Content-Type", "text/plain"),
        attribute("googclient", "\xc3\xa9"),
    };
    struct gcp_message from = message("Hello World", attributes, ARRAY_SIZE(attributes));
    OWN(ce_event) struct ce_event event = convert(EVENT_FORM_RAW, &from);
    EXPECT_STR(event.type, "google.cloud.pubsub.topic.v1.messagePublished");
    EXPECT_STR(event.id, "198012587785403");
    EXPECT_STR(event.data, "Hello World");
    EXPECT_STR(event.content_type, "text/plain");
    EXPECT_STR(ce_extension(&event, "myattr"), "v1");
    EXPECT_STR(ce_extension(&event, "myotherattr"), "v2");
    EXPECT_STR(ce_extension(&event, "googclient"), "\xc3\xa9");
    EXPECT_INT(json_object_size(event.extensions), 3);
}

TEST(the_raw_form_passes_on_a_cloudevent_in_a_message)
{
    struct gcp_attribute binary[] = {attribute("ce-specversion", "1.0"), attribute("ce-id", "7"),
                                     attribute("ce-source", "/shop"), attribute("ce-type", "sold"),
                                     attribute("Content-Type", "text/plain")};
    struct gcp_message from = message("a hat", binary, ARRAY_SIZE(binary));
    OWN(ce_event) struct ce_event event = convert(EVENT_FORM_RAW, &from);
    EXPECT_STR(event.id, "7");
    EXPECT_STR(event.type, "sold");
    EXPECT_STR(event.data, "a hat");

    struct gcp_attribute structured[] = {
        attribute("content-type", "application/cloudevents+json; charset=utf-8")};
    from = message("{\"specversion\":\"1.0\",\"id\":\"8\",\"source\":\"/shop\",\"type\":\"sold\"}",
                   structured, 1);
    OWN(ce_event) struct ce_event other = convert(EVENT_FORM_RAW, &from);
    EXPECT_STR(other.id, "8");
}

TEST(the_raw_form_refuses_an_invalid_cloudevent)
{
    struct gcp_attribute binary[] = {attribute("ce-specversion", "1.0"), attribute("ce-id", "7")};
    struct gcp_attribute structured[] = {attribute("Content-Type", "application/cloudevents+json")};
    const struct gcp_message rows[] = {message("x", binary, 2), message("{\"id\":", structured, 1)};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        EXPECT_HAS(refuse(EVENT_FORM_RAW, &rows[i]).text, "not a valid CloudEvent");
}

TEST(a_traceparent_attribute_is_copied)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    static const char *const names[] = {"googclient_traceparent", "traceparent"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct gcp_attribute attributes[] = {attribute(names[i], trace)};
        struct gcp_message from = message("x", attributes, 1);
        OWN(ce_event) struct ce_event event = convert(EVENT_FORM_MESSAGE_PUBLISHED, &from);
        EXPECT_STR(ce_extension(&event, "traceparent"), trace);
    }
    struct gcp_attribute rubbish[] = {attribute("traceparent", "rubbish")};
    struct gcp_message from = message("x", rubbish, 1);
    OWN(ce_event) struct ce_event event = convert(EVENT_FORM_LEGACY, &from);
    EXPECT(ce_extension(&event, "traceparent") == NULL);
}

TEST(overrides_are_set_on_every_event)
{
    json_auto_t *extensions = json_pack("{s:s, s:s}", "origin", "test", "myattr", "ours");
    struct pubsub_source_config config = {.form = EVENT_FORM_RAW, .extensions = extensions};
    struct gcp_attribute attributes[] = {attribute("MyAttr", "theirs")};
    struct gcp_message from = message("x", attributes, 1);
    OWN(ce_event) struct ce_event event = {0};
    struct err err = {0};
    EXPECT(message_event_from_message(&from, topic, &config, &event, &err));
    EXPECT_STR(ce_extension(&event, "origin"), "test");
    EXPECT_STR(ce_extension(&event, "myattr"), "ours");
}
