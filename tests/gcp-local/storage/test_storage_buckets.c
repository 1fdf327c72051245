/* SPDX-License-Identifier: Apache-2.0 */
/* Storage's JSON API over HTTP: buckets, paths, reset. */
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/storage_fixture.h"
#include "tests/helpers/test.h"

#include <string.h>

TEST(a_bucket_can_be_created_read_listed_and_deleted)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    OWN(fixture_response) struct fixture_response made =
        fixture_request_text(&f, "POST", "/storage/v1/b?project=demo",
                             "{\"name\": \"my-bucket\", \"location\": \"eu\"}");
    EXPECT_INT(made.http.status, 200);
    EXPECT_STR(fixture_response_member(&made, "kind"), "storage#bucket");
    EXPECT_STR(fixture_response_member(&made, "id"), "my-bucket");
    EXPECT_STR(fixture_response_member(&made, "storageClass"), "STANDARD");
    EXPECT_STR(fixture_response_member(&made, "location"), "EU");
    EXPECT_STR(fixture_response_member(&made, "etag"), "CAE=");
    OWN(fixture_response) struct fixture_response got =
        fixture_request_text(&f, "GET", "/b/my-bucket", NULL);
    EXPECT(json_equal(got.json, made.json));
    OWN(fixture_response) struct fixture_response list =
        fixture_request_text(&f, "GET", "/b?project=demo", NULL);
    EXPECT_INT(json_array_size(json_object_get(list.json, "items")), 1);
    OWN(fixture_response) struct fixture_response others =
        fixture_request_text(&f, "GET", "/storage/v1/b?project=other", NULL);
    EXPECT_STR(fixture_response_text(&others), "{\"kind\":\"storage#buckets\"}");
    OWN(fixture_response) struct fixture_response deleted =
        fixture_request_text(&f, "DELETE", "/storage/v1/b/my-bucket", NULL);
    EXPECT_INT(deleted.http.status, 204);
    OWN(fixture_response) struct fixture_response gone =
        fixture_request_text(&f, "GET", "/storage/v1/b/my-bucket", NULL);
    EXPECT_INT(gone.http.status, 404);
    EXPECT_STR(fixture_response_error(&gone), "The specified bucket does not exist.");
}

TEST(an_invalid_bucket_gets_googles_error)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "taken");
    static const struct {
        const char *path, *body;
        int status;
        const char *reason, *message;
    } rows[] = {
        {"/b?project=p", "{\"name\": \"taken\"}", 409, "conflict", "you already own it"},
        {"/b?project=p", "{\"name\": \"Bad Name\"}", 400, "invalid", "Invalid bucket name"},
        {"/b?project=p", "{}", 400, "invalid", "name is missing"},
        {"/b?project=p", "{\"name\": 7}", 400, "invalid", "name is a number"},
        {"/b?project=p", "{\"name\": \"abc\", \"labels\": 1}", 400, "invalid", "labels"},
        {"/b?project=p", "[]", 400, "invalid", "must be an object"},
        {"/b?project=p", "{", 400, "invalid", "not valid JSON"},
        {"/b", "{\"name\": \"abc\"}", 400, "required", "Required parameter: project"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture_response) struct fixture_response response =
            fixture_request_text(&f, "POST", rows[i].path, rows[i].body);
        EXPECT_INT(response.http.status, rows[i].status);
        EXPECT_HAS(fixture_response_error(&response), rows[i].message);
        json_t *error =
            json_array_get(json_object_get(json_object_get(response.json, "error"), "errors"), 0);
        EXPECT_STR(json_string_value(json_object_get(error, "reason")), rows[i].reason);
    }
}

TEST(a_bucket_that_is_not_empty_cannot_be_deleted)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "x");
    OWN(fixture_response) struct fixture_response response =
        fixture_request_text(&f, "DELETE", "/b/bucket", NULL);
    EXPECT_INT(response.http.status, 409);
    EXPECT_STR(fixture_response_error(&response), "The bucket you tried to delete is not empty.");
}

TEST(a_patch_of_a_bucket_merges_and_removes_fields)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(fixture_response) struct fixture_response set =
        fixture_request_text(&f, "PATCH", "/b/bucket",
                             "{\"labels\": {\"a\": \"1\", \"b\": \"2\"}, \"versioning\": "
                             "{\"enabled\": true}}");
    EXPECT_STR(fixture_response_member(&set, "metageneration"), "2");
    OWN(fixture_response) struct fixture_response removed = fixture_request_text(
        &f, "PATCH", "/b/bucket?ifMetagenerationMatch=2", "{\"labels\": {\"a\": null}}");
    EXPECT_INT(json_object_size(json_object_get(removed.json, "labels")), 1);
    EXPECT(json_is_true(json_object_get(json_object_get(removed.json, "versioning"), "enabled")));
    OWN(fixture_response) struct fixture_response stale =
        fixture_request_text(&f, "PATCH", "/b/bucket?ifMetagenerationMatch=2", "{}");
    EXPECT_INT(stale.http.status, 412);
}

TEST(gclouds_other_requests_about_a_bucket_succeed)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    static const struct {
        const char *path, *has;
    } rows[] = {
        {"/storage/v1/b/bucket/iam?optionsRequestedPolicyVersion=3", "storage#policy"},
        {"/storage/v1/b/bucket/storageLayout", "storage#storageLayout"},
        {"/storage/v1/b/bucket/managedFolders", "storage#managedFolders"},
        {"/storage/v1/b/bucket/iam/testPermissions?permissions=a&permissions=b", "[\"a\",\"b\"]"},
        {"/storage/v1/projects/123/serviceAccount",
         "service-123@gs-project-accounts.iam.gserviceaccount.com"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture_response) struct fixture_response response =
            fixture_request_text(&f, "GET", rows[i].path, NULL);
        EXPECT_INT(response.http.status, 200);
        EXPECT_HAS(fixture_response_text(&response), rows[i].has);
    }
}

TEST(a_buckets_policy_is_stored)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(fixture_response) struct fixture_response set = fixture_request_text(
        &f, "PUT", "/b/bucket/iam", "{\"bindings\": [{\"role\": \"r\", \"members\": [\"m\"]}]}");
    EXPECT_INT(set.http.status, 200);
    OWN(fixture_response) struct fixture_response got =
        fixture_request_text(&f, "GET", "/b/bucket/iam", NULL);
    EXPECT_HAS(fixture_response_text(&got), "\"members\":[\"m\"]");
}

TEST(an_unsupported_request_is_named_and_gets_400)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    OWN(fixture_response) struct fixture_response acl =
        fixture_request_text(&f, "GET", "/storage/v1/b/bucket/acl", NULL);
    EXPECT_INT(acl.http.status, 400);
    EXPECT_HAS(fixture_response_error(&acl), "GET /storage/v1/b/bucket/acl");
    OWN(fixture_response) struct fixture_response upload =
        fixture_request_text(&f, "POST", "/upload/storage/v1/b/bucket/o", "x");
    EXPECT_INT(upload.http.status, 400);
    EXPECT_HAS(fixture_response_error(&upload), "uploadType must be");
}

TEST(paths_of_storage_are_recognized)
{
    static const char *const ours[] = {"/b",
                                       "/b/bucket",
                                       "/storage/v1/b",
                                       "/upload/storage/v1/b/x/o",
                                       "/upload/b/x/o",
                                       "/resumable/upload/storage/v1/b/x/o",
                                       "/download/storage/v1/b/x/o/y",
                                       "/bucket/object",
                                       "/batch/storage/v1"};
    static const char *const not_ours[] = {"/",       "/token",   "/v1/projects/p/topics",
                                           "/bucket", "/bucket/", "/computeMetadata/v1"};
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        EXPECT(storage_rest_owns(ours[i]));
    for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
        EXPECT(!storage_rest_owns(not_ours[i]));
}

TEST(reset_deletes_everything)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "x");
    struct err err = {0};
    EXPECT(storage_reset(f.storage, &err));
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(&f, "GET", "/b?project=demo", NULL);
    EXPECT_STR(fixture_response_text(&a), "{\"kind\":\"storage#buckets\"}");
    fixture_create_bucket(&f, "bucket");
}
