/* SPDX-License-Identifier: Apache-2.0 */
/* Notification configs, and the messages that they publish. */
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "tests/helpers/storage_fixture.h"
#include "tests/helpers/test.h"

#include <string.h>

#define CONFIGS "/storage/v1/b/bucket/notificationConfigs"
#define TOPIC   "\"topic\": \"projects/p/topics/t\""

static struct fixture_response add_config(struct storage_fixture *f, const char *body)
{
    return fixture_request_text(f, "POST", CONFIGS, body);
}

static void open_with(struct storage_fixture *f, const char *config)
{
    storage_fixture_open(f, NULL);
    fixture_create_bucket(f, "bucket");
    OWN(fixture_response) struct fixture_response a = add_config(f, config);
    EXPECT_INT(a.http.status, 200);
}

static const char *attribute(struct storage_fixture *f, size_t i, const char *name)
{
    json_t *message = json_array_get(f->published, i);
    const char *value =
        json_string_value(json_object_get(json_object_get(message, "attributes"), name));
    return value ? value : "";
}

TEST(a_config_can_be_created_read_listed_and_deleted)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(fixture_response) struct fixture_response a =
        add_config(&f, "{" TOPIC ", \"payload_format\": \"JSON_API_V1\", "
                       "\"event_types\": [\"OBJECT_FINALIZE\"], "
                       "\"object_name_prefix\": \"images/\"}");
    EXPECT_STR(fixture_response_member(&a, "kind"), "storage#notification");
    EXPECT_STR(fixture_response_member(&a, "id"), "1");
    EXPECT_STR(fixture_response_member(&a, "topic"), "//pubsub.googleapis.com/projects/p/topics/t");
    OWN(fixture_response) struct fixture_response got =
        fixture_request_text(&f, "GET", CONFIGS "/1", NULL);
    EXPECT(json_equal(a.json, got.json));
    OWN(fixture_response) struct fixture_response list =
        fixture_request_text(&f, "GET", CONFIGS, NULL);
    EXPECT(json_equal(json_array_get(json_object_get(list.json, "items"), 0), a.json));
    OWN(fixture_response) struct fixture_response deleted =
        fixture_request_text(&f, "DELETE", CONFIGS "/1", NULL);
    EXPECT_INT(deleted.http.status, 204);
    OWN(fixture_response) struct fixture_response gone =
        fixture_request_text(&f, "GET", CONFIGS "/1", NULL);
    EXPECT_INT(gone.http.status, 404);
    OWN(fixture_response) struct fixture_response empty =
        fixture_request_text(&f, "GET", CONFIGS, NULL);
    EXPECT_STR(fixture_response_text(&empty), "{\"kind\":\"storage#notifications\"}");
}

TEST(an_invalid_config_is_rejected)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    static const struct {
        const char *body, *message;
    } rows[] = {
        {"{}", "topic is missing"},
        {"{\"topic\": \"t\", \"payload_format\": \"NONE\"}", "Invalid Google Cloud Pub/Sub topic"},
        {"{\"topic\": \"projects/p/topics/\", \"payload_format\": \"NONE\"}", "Invalid Google"},
        {"{\"topic\": \"projects/p/topics/missing\", \"payload_format\": \"NONE\"}",
         "topic not found: '//pubsub.googleapis.com/projects/p/topics/missing'"},
        {"{" TOPIC "}", "payload_format is missing"},
        {"{" TOPIC ", \"payload_format\": \"XML\"}", "want JSON_API_V1 or NONE"},
        {"{" TOPIC ", \"payload_format\": \"NONE\", \"event_types\": [\"FINALIZE\"]}",
         "not an event type"},
        {"{" TOPIC ", \"payload_format\": \"NONE\", \"custom_attributes\": {\"a\": 1}}",
         "custom_attributes.a"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture_response) struct fixture_response a = add_config(&f, rows[i].body);
        EXPECT_INT(a.http.status, 400);
        EXPECT_HAS(fixture_response_error(&a), rows[i].message);
    }
}

TEST(an_upload_publishes_the_resource_with_googles_attributes)
{
    OWN(storage_fixture) struct storage_fixture f;
    open_with(&f, "{" TOPIC ", \"payload_format\": \"JSON_API_V1\", "
                  "\"custom_attributes\": {\"mine\": \"yes\", \"bucketId\": \"no\"}}");
    fixture_upload_text(&f, "bucket", "images%2Fa%20b.txt", "Hello World");
    EXPECT_INT(json_array_size(f.published), 1);
    json_t *message = json_array_get(f.published, 0);
    EXPECT_STR(json_string_value(json_object_get(message, "topic")), "projects/p/topics/t");
    EXPECT_STR(attribute(&f, 0, "eventType"), "OBJECT_FINALIZE");
    EXPECT_STR(attribute(&f, 0, "bucketId"), "bucket");
    EXPECT_STR(attribute(&f, 0, "objectId"), "images/a b.txt");
    EXPECT_STR(attribute(&f, 0, "payloadFormat"), "JSON_API_V1");
    EXPECT_STR(attribute(&f, 0, "notificationConfig"),
               "projects/_/buckets/bucket/notificationConfigs/1");
    EXPECT_STR(attribute(&f, 0, "mine"), "yes");
    EXPECT_STR(attribute(&f, 0, "overwroteGeneration"), "");
    EXPECT(timestamp_parse(attribute(&f, 0, "eventTime"), NULL));

    json_auto_t *payload = json_loads(json_string_value(json_object_get(message, "data")), 0, NULL);
    OWN(fixture_response) struct fixture_response resource =
        fixture_request_text(&f, "GET", "/b/bucket/o/images%2Fa%20b.txt", NULL);
    EXPECT(json_equal(payload, resource.json));
    EXPECT_STR(attribute(&f, 0, "objectGeneration"),
               fixture_response_member(&resource, "generation"));
}

TEST(an_overwrite_publishes_both_generations)
{
    OWN(storage_fixture) struct storage_fixture f;
    open_with(&f, "{" TOPIC ", \"payload_format\": \"NONE\"}");
    fixture_upload_text(&f, "bucket", "o", "one");
    fixture_upload_text(&f, "bucket", "o", "two");
    EXPECT_INT(json_array_size(f.published), 3);
    EXPECT_STR(attribute(&f, 1, "eventType"), "OBJECT_FINALIZE");
    EXPECT_STR(attribute(&f, 1, "overwroteGeneration"), attribute(&f, 0, "objectGeneration"));
    EXPECT_STR(attribute(&f, 2, "eventType"), "OBJECT_DELETE");
    EXPECT_STR(attribute(&f, 2, "objectGeneration"), attribute(&f, 0, "objectGeneration"));
    EXPECT_STR(attribute(&f, 2, "overwrittenByGeneration"), attribute(&f, 1, "objectGeneration"));
    EXPECT_STR(json_string_value(json_object_get(json_array_get(f.published, 2), "data")), "");
}

TEST(a_versioned_bucket_publishes_archives)
{
    OWN(storage_fixture) struct storage_fixture f;
    open_with(&f, "{" TOPIC ", \"payload_format\": \"NONE\"}");
    OWN(fixture_response) struct fixture_response patched =
        fixture_request_text(&f, "PATCH", "/b/bucket", "{\"versioning\": {\"enabled\": true}}");
    (void)patched;
    fixture_upload_text(&f, "bucket", "o", "one");
    fixture_upload_text(&f, "bucket", "o", "two");
    OWN(fixture_response) struct fixture_response deleted =
        fixture_request_text(&f, "DELETE", "/b/bucket/o/o", NULL);
    (void)deleted;
    EXPECT_STR(attribute(&f, 2, "eventType"), "OBJECT_ARCHIVE");
    EXPECT_STR(attribute(&f, 2, "overwrittenByGeneration"), attribute(&f, 1, "objectGeneration"));
    EXPECT_STR(attribute(&f, 3, "eventType"), "OBJECT_ARCHIVE");
    EXPECT_STR(attribute(&f, 3, "overwrittenByGeneration"), "");
    OWN(free) char *path =
        str_format("/b/bucket/o/o?generation=%s", attribute(&f, 0, "objectGeneration"));
    OWN(fixture_response) struct fixture_response gone =
        fixture_request_text(&f, "DELETE", path, NULL);
    (void)gone;
    EXPECT_STR(attribute(&f, 4, "eventType"), "OBJECT_DELETE");
}

TEST(every_creation_or_change_of_an_object_publishes)
{
    OWN(storage_fixture) struct storage_fixture f;
    open_with(&f, "{" TOPIC ", \"payload_format\": \"NONE\"}");
    fixture_upload_text(&f, "bucket", "o", "x");
    OWN(fixture_response) struct fixture_response patched =
        fixture_request_text(&f, "PATCH", "/b/bucket/o/o", "{}");
    (void)patched;
    OWN(fixture_response) struct fixture_response copied =
        fixture_request_text(&f, "POST", "/b/bucket/o/o/copyTo/b/bucket/o/copy", "");
    (void)copied;
    OWN(fixture_response) struct fixture_response composed = fixture_request_text(
        &f, "POST", "/b/bucket/o/c/compose", "{\"sourceObjects\": [{\"name\": \"o\"}]}");
    (void)composed;
    OWN(fixture_response) struct fixture_response deleted =
        fixture_request_text(&f, "DELETE", "/b/bucket/o/o", NULL);
    (void)deleted;
    static const char *const types[] = {"OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE",
                                        "OBJECT_FINALIZE", "OBJECT_FINALIZE", "OBJECT_DELETE"};
    EXPECT_INT(json_array_size(f.published), ARRAY_SIZE(types));
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        EXPECT_STR(attribute(&f, i, "eventType"), types[i]);
}

TEST(a_config_publishes_only_its_event_types_and_its_prefix)
{
    OWN(storage_fixture) struct storage_fixture f;
    open_with(&f, "{" TOPIC ", \"payload_format\": \"NONE\", \"object_name_prefix\": \"in/\", "
                  "\"event_types\": [\"OBJECT_DELETE\"]}");
    fixture_upload_text(&f, "bucket", "in%2Fa", "x");
    fixture_upload_text(&f, "bucket", "out", "x");
    OWN(fixture_response) struct fixture_response in =
        fixture_request_text(&f, "DELETE", "/b/bucket/o/in%2Fa", NULL);
    (void)in;
    OWN(fixture_response) struct fixture_response out =
        fixture_request_text(&f, "DELETE", "/b/bucket/o/out", NULL);
    (void)out;
    EXPECT_INT(json_array_size(f.published), 1);
    EXPECT_STR(attribute(&f, 0, "objectId"), "in/a");
}

TEST(a_missing_topic_does_not_fail_the_upload)
{
    OWN(storage_fixture) struct storage_fixture f;
    open_with(&f, "{\"topic\": \"projects/p/topics/broken\", \"payload_format\": \"NONE\"}");
    fixture_upload_text(&f, "bucket", "o", "x");
    EXPECT_INT(json_array_size(f.published), 0);
}
