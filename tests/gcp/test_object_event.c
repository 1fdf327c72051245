/* SPDX-License-Identifier: Apache-2.0 */
/* gcp/storage/object_event: the notification of an object, from every envelope. */
#include "base/str.h"
#include "gcp/gcp.h"
#include "tests/helpers/envelopes.h"
#include "tests/helpers/test.h"

#include <string.h>

TEST(a_finalized_object_is_read_from_every_envelope)
{
    struct gcp_field headers[] = {
        {"x-goog-pubsub-message-id", "7"},
        {"EVENTTYPE", "OBJECT_FINALIZE"},
        {"bucketid", "pictures"},
        {"ObjectID", "a/b c.jpg"},
        {"objectgeneration", "1589382953998973"},
    };
    struct gcp_field extensions[] = {
        {"eventtype", "OBJECT_FINALIZE"},
        {"bucketid", "pictures"},
        {"objectid", "a/b c.jpg"},
        {"objectgeneration", "1589382953998973"},
    };
    struct gcp_envelope by_subject = event(FINALIZED, BUCKET, "");
    by_subject.subject = "objects/a/b c.jpg";
    struct gcp_envelope old_subject = event("com.google.cloud.storage.object.finalize",
                                            "//storage.googleapis.com/buckets/pictures", "");
    old_subject.subject = "a/b c.jpg";
    struct gcp_envelope other_subject = event(FINALIZED, BUCKET, RESOURCE);
    other_subject.subject = "objects/a/b%20c.jpg"; /* the body is the only reliable source */
    struct gcp_envelope raw = event(NEW_TYPE, TOPIC, "");
    raw.extensions = extensions;
    raw.extension_count = ARRAY_SIZE(extensions);

    const struct gcp_envelope rows[] = {
        event(LEGACY, TOPIC, "{\"ID\":\"7\",\"Data\":null,\"Attributes\":{" NOTIFICATION "}}"),
        event(NEW_TYPE, TOPIC, "{\"message\":{\"attributes\":{" NOTIFICATION "}}}"),
        request("{\"message\":{\"attributes\":{" NOTIFICATION "}},\"subscription\":\"s\"}"),
        raw,
        {.headers = headers, .header_count = ARRAY_SIZE(headers)},
        event(FINALIZED, BUCKET, RESOURCE),
        event("com.google.cloud.storage.object.finalize", BUCKET, RESOURCE),
        other_subject,
        by_subject,
        old_subject,
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(gcp_object_event) struct gcp_object_event object = {0};
        struct err err = {0};
        EXPECT(gcp_object_event_from_envelope(&rows[i], &object, &err));
        EXPECT_STR(object.type, "OBJECT_FINALIZE");
        EXPECT_STR(object.bucket, "pictures");
        EXPECT_STR(object.object, "a/b c.jpg");
        EXPECT(object.generation == (rows[i].subject && !rows[i].body.len ? 0 : 1589382953998973));
    }
}

TEST(old_and_new_event_types_map_to_the_same_notification_types)
{
    static const struct {
        const char *type, *name;
    } rows[] = {
        {"google.cloud.storage.object.v1.archived", "OBJECT_ARCHIVE"},
        {"google.cloud.storage.object.v1.deleted", "OBJECT_DELETE"},
        {"google.cloud.storage.object.v1.metadataUpdated", "OBJECT_METADATA_UPDATE"},
        {"com.google.cloud.storage.object.archive", "OBJECT_ARCHIVE"},
        {"com.google.cloud.storage.object.delete", "OBJECT_DELETE"},
        {"com.google.cloud.storage.object.metadataUpdate", "OBJECT_METADATA_UPDATE"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct gcp_envelope envelope = event(rows[i].type, BUCKET, RESOURCE);
        OWN(gcp_object_event) struct gcp_object_event object = {0};
        struct err err = {0};
        EXPECT(gcp_object_event_from_envelope(&envelope, &object, &err));
        EXPECT_STR(object.type, rows[i].name);
    }
}

TEST(other_events_are_not_notifications)
{
    const struct gcp_envelope rows[] = {
        request(RESOURCE), /* an object without an event type */
        request("{\"message\":{\"attributes\":{\"eventType\":\"order.created\"}}}"),
        request("{\"message\":{\"data\":\"" DATA "\"}}"),
        event("com.example.someevent", "/s", RESOURCE),
        event("google.cloud.audit.log.v1.written", "//cloudaudit.googleapis.com/x", "{}"),
        event("google.cloud.storage.object.v1.unheardOf", BUCKET, RESOURCE),
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(gcp_object_event) struct gcp_object_event object = {0};
        struct err err = {0};
        EXPECT(gcp_object_event_from_envelope(&rows[i], &object, &err));
        EXPECT(object.type == NULL);
    }
}

TEST(a_notification_without_an_object_has_none)
{
    struct gcp_envelope envelope =
        event(LEGACY, TOPIC,
              "{\"ID\":\"1\",\"Data\":null,\"Attributes\":{\"eventType\":\"OBJECT_FINALIZE\","
              "\"bucketId\":\"knative-bucket\"}}");
    OWN(gcp_object_event) struct gcp_object_event object = {0};
    struct err err = {0};
    EXPECT(gcp_object_event_from_envelope(&envelope, &object, &err));
    EXPECT_STR(object.type, "OBJECT_FINALIZE");
    EXPECT(object.object == NULL);
    EXPECT(gcp_storage_uri(object.bucket, object.object, &err) == NULL);
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.text, "the object's name is missing");
}

TEST(a_notification_without_object_attributes_is_completed_from_its_payload)
{
    /* {"kind":"storage#object","bucket":"pictures","name":"x.jpg","generation":7} */
    struct gcp_envelope envelope =
        request("{\"message\":{\"attributes\":{\"eventType\":\"OBJECT_FINALIZE\"},\"data\":"
                "\"eyJraW5kIjoic3RvcmFnZSNvYmplY3QiLCJidWNrZXQiOiJwaWN0dXJlcyIsIm5hbWUiOiJ4LmpwZyIs"
                "ImdlbmVyYXRpb24iOjd9\"}}");
    OWN(gcp_object_event) struct gcp_object_event object = {0};
    struct err err = {0};
    EXPECT(gcp_object_event_from_envelope(&envelope, &object, &err));
    EXPECT_STR(object.object, "x.jpg");
    EXPECT(object.generation == 7);
}

TEST(an_invalid_object_is_refused)
{
    static const struct {
        const char *body, *text;
    } rows[] = {
        {"{\"bucket\":", "storage object: is not valid JSON"},
        {"[]", "storage object: is a list, want an object"},
        {"{\"bucket\":7}", "storage object: bucket is a number, want a string"},
        {"{\"bucket\":\"b\",\"name\":{}}", "storage object: name is an object, want a string"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct gcp_envelope envelope = event(FINALIZED, BUCKET, rows[i].body);
        OWN(gcp_object_event) struct gcp_object_event object = {0};
        struct err err = {0};
        EXPECT(!gcp_object_event_from_envelope(&envelope, &object, &err));
        EXPECT_INT(err.status, ERR_INPUT);
        EXPECT_HAS(err.text, rows[i].text);
    }
}

TEST(a_generation_keeps_all_its_digits)
{
    struct gcp_envelope envelope = event(
        FINALIZED, BUCKET, "{\"bucket\":\"b\",\"name\":\"n\",\"generation\":9007199254740993}");
    OWN(gcp_object_event) struct gcp_object_event object = {0};
    struct err err = {0};
    EXPECT(gcp_object_event_from_envelope(&envelope, &object, &err));
    EXPECT(object.generation == 9007199254740993);
}
