/* SPDX-License-Identifier: Apache-2.0 */
/* Storage: names and URLs, objects, notification configurations. */
#include "base/str.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/test.h"

#include <string.h>

struct fixture {
    struct fake_google fake;
    struct fake_response rule;
    struct gcp *gcp;
    struct err err;
};

static void set(struct fixture *fixture, int status, const char *body)
{
    fixture->rule = (struct fake_response){.when = "", .status = status, .body = body};
    fake_google_init(&fixture->fake, &fixture->rule, 1);
    fixture->gcp = fake_google_emulated(&fixture->fake);
}

static void own_fixture(struct fixture *local)
{
    gcp_close(local->gcp);
    fake_google_done(&local->fake);
}

TEST(gs_uris_are_raw_and_https_urls_are_encoded)
{
    static const struct {
        const char *object, *uri, *url;
    } rows[] = {
        {"beach.jpg", "gs://pictures/beach.jpg",
         "https://storage.googleapis.com/pictures/beach.jpg"},
        {"été 2020/plage \"sud\".jpg", "gs://pictures/été 2020/plage \"sud\".jpg",
         "https://storage.googleapis.com/pictures/%C3%A9t%C3%A9%202020/plage%20%22sud%22.jpg"},
        {"100%.jpg?x#y+z", "gs://pictures/100%.jpg?x#y+z",
         "https://storage.googleapis.com/pictures/100%25.jpg%3Fx%23y%2Bz"},
        {"a//b/", "gs://pictures/a//b/", "https://storage.googleapis.com/pictures/a//b/"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        OWN(free) char *uri = gcp_storage_uri("pictures", rows[i].object, &err);
        OWN(free) char *url = gcp_storage_url("pictures", rows[i].object, &err);
        EXPECT_STR(uri, rows[i].uri);
        EXPECT_STR(url, rows[i].url);
    }
}

TEST(invalid_names_of_buckets_and_objects_are_refused)
{
    char long_part[65] = {0}, long_object[1026] = {0};
    memset(long_part, 'a', 64);
    memset(long_object, 'o', 1025);
    const struct {
        const char *bucket, *object;
    } rows[] = {
        {NULL, "o"},        {"", "o"},          {"ab", "o"},
        {"Upper", "o"},     {"a/b", "o"},       {"a b c", "o"},
        {long_part, "o"},   {"bucket", NULL},   {"bucket", ""},
        {"bucket", "."},    {"bucket", ".."},   {"bucket", "a\nb"},
        {"bucket", "a\rb"}, {"bucket", "\xFF"}, {"bucket", long_object},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        EXPECT(gcp_storage_uri(rows[i].bucket, rows[i].object, &err) == NULL);
        EXPECT_INT(err.status, ERR_INPUT);
        err = (struct err){0};
        EXPECT(gcp_storage_url(rows[i].bucket, rows[i].object, &err) == NULL);
    }
    struct err err = {0};
    OWN(free) char *longest = gcp_storage_uri("b.example.com", long_object + 1, &err);
    EXPECT(longest != NULL);
}

static const char OBJECT[] =
    "{\"kind\":\"storage#object\",\"bucket\":\"pictures\",\"name\":\"a/b c.jpg\","
    "\"contentType\":\"image/jpeg\",\"generation\":\"1589382953998973\",\"metageneration\":\"1\","
    "\"size\":\"11\",\"md5Hash\":\"sQqNsWTgdUEFt6mb5y4/5Q==\",\"crc32c\":\"aR2qLw==\","
    "\"updated\":\"2020-05-13T15:15:53.998Z\"}";

TEST(an_object_is_uploaded_under_its_encoded_name)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, OBJECT);
    OWN(gcp_object) struct gcp_object object = {0};
    EXPECT(gcp_storage_upload(s.gcp, "pictures", "a/b c.jpg", "image/jpeg", bytes_of("Hello World"),
                              0, &object, &s.err));
    EXPECT_STR(fake_google_line(&s.fake),
               "POST http://fake/upload/storage/v1/b/pictures/o?"
               "uploadType=media&name=a%2Fb%20c.jpg&ifGenerationMatch=0");
    EXPECT_STR(fake_google_header(&s.fake, "content-type"), "image/jpeg");
    EXPECT_STR(fake_google_body(&s.fake), "Hello World");
    EXPECT_STR(object.name, "a/b c.jpg");
    EXPECT(object.generation == 1589382953998973);
    EXPECT(object.size == 11);
    EXPECT_STR(object.crc32c, "aR2qLw==");
}

TEST(only_an_upload_with_a_precondition_is_retried)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 503, "");
    EXPECT(!gcp_storage_upload(s.gcp, "pictures", "o", NULL, bytes_of("x"), GCP_ANY_GENERATION,
                               NULL, &s.err));
    EXPECT_INT(s.err.status, ERR_UNAVAILABLE);
    EXPECT_INT(s.fake.request_count, 1);
    s.err = (struct err){0};
    EXPECT(!gcp_storage_upload(s.gcp, "pictures", "o", NULL, bytes_of("x"), 7, NULL, &s.err));
    EXPECT(s.fake.request_count > 3);
}

TEST(a_failed_precondition_is_a_conflict)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 412,
        "{\"error\":{\"code\":412,\"message\":\"At least one of the pre-conditions you "
        "specified did not hold.\",\"errors\":[{\"reason\":\"conditionNotMet\"}]}}");
    EXPECT(!gcp_storage_upload(s.gcp, "pictures", "o", NULL, bytes_of("x"), 0, NULL, &s.err));
    EXPECT_INT(s.err.status, ERR_CONFLICT);
    EXPECT_STR(s.err.reason, "conditionNotMet");
}

TEST(an_object_is_downloaded_with_all_its_bytes)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, "Hello World");
    OWN(free) char *data = NULL;
    size_t len = 0;
    EXPECT(gcp_storage_download(s.gcp, "pictures", "a/b c.jpg", 7, 100, &data, &len, &s.err));
    EXPECT_STR(fake_google_line(&s.fake),
               "GET http://fake/storage/v1/b/pictures/o/a%2Fb%20c.jpg?alt=media&generation=7");
    EXPECT_STR(data, "Hello World");
    EXPECT_INT(len, 11);
}

TEST(a_download_of_a_missing_object_has_a_plain_text_error)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 404, "No such object: pictures/o\n");
    OWN(free) char *data = NULL;
    size_t len = 0;
    EXPECT(!gcp_storage_download(s.gcp, "pictures", "o", GCP_ANY_GENERATION, 100, &data, &len,
                                 &s.err));
    EXPECT_INT(s.err.status, ERR_NOT_FOUND);
    EXPECT_STR(s.err.text, "fake answered 404: No such object: pictures/o");
}

TEST(objects_are_read_deleted_and_listed)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, OBJECT);
    OWN(gcp_object) struct gcp_object object = {0};
    EXPECT(gcp_storage_get(s.gcp, "pictures", "a/b c.jpg", &object, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "GET http://fake/storage/v1/b/pictures/o/a%2Fb%20c.jpg");
    EXPECT(gcp_storage_delete(s.gcp, "pictures", "o", 7, &s.err));
    EXPECT_STR(fake_google_line(&s.fake),
               "DELETE http://fake/storage/v1/b/pictures/o/o?ifGenerationMatch=7");
    s.rule.body =
        "{\"kind\":\"storage#objects\",\"items\":[{\"name\":\"a/1\"},{\"name\":\"a/2\"}]}";
    OWN(gcp_names) struct gcp_names names = {0};
    EXPECT(gcp_storage_list(s.gcp, "pictures", "a/", &names, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "GET http://fake/storage/v1/b/pictures/o?prefix=a%2F");
    EXPECT_INT(names.count, 2);
    EXPECT(gcp_bucket_create(s.gcp, "pictures", &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "POST http://fake/storage/v1/b?project=p");
    EXPECT_STR(fake_google_body(&s.fake), "{\"name\":\"pictures\"}");
}

TEST(creating_a_notification_is_not_retried)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, "{\"kind\":\"storage#notification\",\"id\":\"1\"}");
    OWN(free) char *id = NULL;
    EXPECT(gcp_notification_create(s.gcp, "pictures", "testing", "OBJECT_FINALIZE,OBJECT_DELETE",
                                   "in/", &id, &s.err));
    EXPECT_STR(fake_google_line(&s.fake),
               "POST http://fake/storage/v1/b/pictures/notificationConfigs");
    EXPECT_STR(fake_google_body(&s.fake),
               "{\"topic\":\"//pubsub.googleapis.com/projects/p/topics/testing\","
               "\"payload_format\":\"JSON_API_V1\",\"event_types\":[\"OBJECT_FINALIZE\","
               "\"OBJECT_DELETE\"],\"object_name_prefix\":\"in/\"}");
    EXPECT_STR(id, "1");

    OWN(fixture) struct fixture down = {0};
    set(&down, 503, "");
    EXPECT(!gcp_notification_create(down.gcp, "pictures", "testing", NULL, NULL, NULL, &down.err));
    EXPECT_STR(fake_google_body(&down.fake),
               "{\"topic\":\"//pubsub.googleapis.com/projects/p/topics/testing\","
               "\"payload_format\":\"JSON_API_V1\"}");
    EXPECT_INT(down.fake.request_count, 1);
}

TEST(notifications_are_listed_and_deleted)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200,
        "{\"kind\":\"storage#notifications\",\"items\":[{\"id\":\"1\",\"topic\":"
        "\"//pubsub.googleapis.com/projects/p/topics/testing\",\"event_types\":"
        "[\"OBJECT_FINALIZE\",\"OBJECT_DELETE\"]},{\"id\":\"2\",\"topic\":"
        "\"//pubsub.googleapis.com/projects/p/topics/all\",\"object_name_prefix\":\"in/\"}]}");
    OWN(gcp_notifications) struct gcp_notifications list = {0};
    EXPECT(gcp_notification_list(s.gcp, "pictures", &list, &s.err));
    EXPECT_INT(list.count, 2);
    EXPECT_STR(list.list[0].topic, "projects/p/topics/testing");
    EXPECT_STR(list.list[0].event_types, "OBJECT_FINALIZE,OBJECT_DELETE");
    EXPECT(list.list[1].event_types == NULL);
    EXPECT_STR(list.list[1].prefix, "in/");
    EXPECT(gcp_notification_delete(s.gcp, "pictures", "1", &s.err));
    EXPECT_STR(fake_google_line(&s.fake),
               "DELETE http://fake/storage/v1/b/pictures/notificationConfigs/1");
}
