/* SPDX-License-Identifier: Apache-2.0 */
/* Storage's JSON API over HTTP: buckets, uploads, downloads, lists, copies, errors. */
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/storage_fixture.h"
#include "tests/helpers/test.h"

#include <string.h>
#include <zlib.h>

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

TEST(a_media_upload_returns_googles_resource)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(fixture_response) struct fixture_response a = fixture_request(
        &f, "POST", "/upload/storage/v1/b/bucket/o?uploadType=media&name=folder%2Fa%20b.txt",
        bytes_of("Hello World"), "Content-Type: text/plain", NULL);
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_member(&a, "kind"), "storage#object");
    EXPECT_STR(fixture_response_member(&a, "name"), "folder/a b.txt");
    EXPECT_STR(fixture_response_member(&a, "bucket"), "bucket");
    EXPECT_STR(fixture_response_member(&a, "contentType"), "text/plain");
    EXPECT_STR(fixture_response_member(&a, "size"), "11");
    EXPECT_STR(fixture_response_member(&a, "md5Hash"), "sQqNsWTgdUEFt6mb5y4/5Q==");
    EXPECT_STR(fixture_response_member(&a, "crc32c"), "aR2qLw==");
    EXPECT_STR(fixture_response_member(&a, "metageneration"), "1");
    EXPECT_HAS(fixture_response_member(&a, "selfLink"),
               "/storage/v1/b/bucket/o/folder%2Fa%20b.txt");
    OWN(fixture_response) struct fixture_response media =
        fixture_request_text(&f, "GET", fixture_response_member(&a, "mediaLink"), NULL);
    EXPECT_STR(fixture_response_text(&media), "Hello World");
}

/* A multipart body like gcloud's. */
static char *multipart(const char *resource, const char *content)
{
    return str_format("--===1==\nContent-Type: application/json\nMIME-Version: 1.0\n\n%s\n"
                      "--===1==\nContent-Type: image/png\nMIME-Version: 1.0\n"
                      "Content-Transfer-Encoding: binary\n\n%s\n--===1==--\n",
                      resource, content);
}

#define MULTIPART_TYPE "Content-Type: multipart/related; boundary='===1=='"
#define MULTIPART_PATH "/upload/storage/v1/b/bucket/o?uploadType=multipart"

TEST(a_multipart_upload_has_metadata_and_content)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *body = multipart("{\"name\": \"o\", \"cacheControl\": \"no-store\", "
                                     "\"metadata\": {\"k\": \"v\"}, \"md5Hash\": "
                                     "\"sQqNsWTgdUEFt6mb5y4/5Q==\"}",
                                     "Hello World");
    OWN(fixture_response) struct fixture_response a =
        fixture_request(&f, "POST", MULTIPART_PATH, bytes_of(body), MULTIPART_TYPE, NULL);
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_member(&a, "contentType"), "image/png");
    EXPECT_STR(fixture_response_member(&a, "cacheControl"), "no-store");
    EXPECT_HAS(fixture_response_text(&a), "\"metadata\":{\"k\":\"v\"}");
    OWN(fixture_response) struct fixture_response media =
        fixture_request_text(&f, "GET", "/b/bucket/o/o?alt=media", NULL);
    EXPECT_STR(fixture_response_text(&media), "Hello World");
}

TEST(an_invalid_upload_stores_nothing)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    static const struct {
        const char *path, *type, *resource, *message;
        int status;
    } rows[] = {
        {MULTIPART_PATH, MULTIPART_TYPE, "{\"name\": \"o\", \"md5Hash\": \"AAAA\"}",
         "Provided MD5 hash \"AAAA\" doesn't match", 400},
        {MULTIPART_PATH, MULTIPART_TYPE, "{\"name\": \"o\", \"crc32c\": \"AAAAAA==\"}",
         "Provided CRC32C hash", 400},
        {MULTIPART_PATH, MULTIPART_TYPE, "{}", "Required", 400},
        {MULTIPART_PATH, MULTIPART_TYPE, "[]", "must be an object", 400},
        {MULTIPART_PATH, MULTIPART_TYPE, "{", "not valid JSON", 400},
        {MULTIPART_PATH, MULTIPART_TYPE, "{\"name\": \"o\", \"contentType\": 1}", "contentType",
         400},
        {MULTIPART_PATH, MULTIPART_TYPE, "{\"name\": \"o\", \"metadata\": {\"a\": 1}}",
         "metadata.a", 400},
        {MULTIPART_PATH "&name=p", MULTIPART_TYPE, "{\"name\": \"o\"}", "does not agree", 400},
        {MULTIPART_PATH "&ifGenerationMatch=5", MULTIPART_TYPE, "{\"name\": \"o\"}",
         "pre-conditions", 412},
        {MULTIPART_PATH, "Content-Type: multipart/related; boundary=other", "{\"name\": \"o\"}",
         "does not begin with its boundary", 400},
        {MULTIPART_PATH, "Content-Type: text/plain", "{\"name\": \"o\"}", "boundary", 400},
        {"/upload/storage/v1/b/nosuch/o?uploadType=multipart", MULTIPART_TYPE, "{\"name\": \"o\"}",
         "bucket does not exist", 404},
        {"/upload/storage/v1/b/bucket/o?uploadType=strange", MULTIPART_TYPE, "{}",
         "uploadType must be", 400},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *body = multipart(rows[i].resource, "content");
        OWN(fixture_response) struct fixture_response a =
            fixture_request(&f, "POST", rows[i].path, bytes_of(body), rows[i].type, NULL);
        EXPECT_HAS(fixture_response_error(&a), rows[i].message);
        EXPECT_INT(a.http.status, rows[i].status);
    }
    OWN(fixture_response) struct fixture_response list =
        fixture_request_text(&f, "GET", "/b/bucket/o?versions=true", NULL);
    EXPECT_STR(fixture_response_text(&list), "{\"kind\":\"storage#objects\"}");
}

/* The string in gzip. */
static void pack(const char *text, struct buf *out)
{
    z_stream stream = {0};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    size_t most = deflateBound(&stream, strlen(text)) + 32;
    stream.next_in = (unsigned char *)(uintptr_t)text;
    stream.avail_in = (uInt)strlen(text);
    stream.next_out = (unsigned char *)buf_reserve(out, most);
    stream.avail_out = (uInt)most;
    deflate(&stream, Z_FINISH);
    out->len += stream.total_out;
    deflateEnd(&stream);
}

TEST(an_upload_with_gzip_content_encoding_is_stored_unpacked)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *body = multipart("{\"name\": \"o\"}", "Hello World");
    OWN(buf) struct buf packed = {0};
    pack(body, &packed);
    OWN(fixture_response) struct fixture_response a =
        fixture_request(&f, "POST", MULTIPART_PATH, buf_bytes(&packed), MULTIPART_TYPE,
                        "Content-Encoding: gzip", NULL);
    EXPECT_STR(fixture_response_member(&a, "crc32c"), "aR2qLw==");
    packed.len -= 5;
    OWN(fixture_response) struct fixture_response cut =
        fixture_request(&f, "POST", MULTIPART_PATH, buf_bytes(&packed), MULTIPART_TYPE,
                        "Content-Encoding: gzip", NULL);
    EXPECT_INT(cut.http.status, 400);
    EXPECT_HAS(fixture_response_error(&cut), "ends too early");
    OWN(fixture_response) struct fixture_response no_gzip =
        fixture_request(&f, "POST", MULTIPART_PATH, bytes_of("hello"), MULTIPART_TYPE,
                        "Content-Encoding: gzip", NULL);
    EXPECT_INT(no_gzip.http.status, 400);
}

TEST(a_download_has_googles_header_fields)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "Hello World");
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(&f, "GET", "/storage/v1/b/bucket/o/o?alt=media", NULL);
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_text(&a), "Hello World");
    EXPECT_STR(fixture_response_header(&a, "Content-Type"), "text/plain");
    EXPECT_STR(fixture_response_header(&a, "Content-Length"), "11");
    EXPECT_STR(fixture_response_header(&a, "X-Goog-Hash"),
               "crc32c=aR2qLw==,md5=sQqNsWTgdUEFt6mb5y4/5Q==");
    EXPECT_STR(fixture_response_header(&a, "X-Goog-Stored-Content-Encoding"), "identity");
    EXPECT_STR(fixture_response_header(&a, "X-Goog-Stored-Content-Length"), "11");
    EXPECT_STR(fixture_response_header(&a, "X-Goog-Metageneration"), "1");
    EXPECT_STR(fixture_response_header(&a, "X-Goog-Storage-Class"), "STANDARD");
}

TEST(a_download_of_a_range_returns_that_part)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "Hello World");
    fixture_upload_text(&f, "bucket", "empty", "");
    static const struct {
        const char *path, *range;
        int status;
        const char *content_range, *body;
    } rows[] = {
        {"/download/storage/v1/b/bucket/o/o?alt=media", "Range: bytes=0-4", 206, "bytes 0-4/11",
         "Hello"},
        {"/b/bucket/o/o?alt=media", "Range: bytes=6-", 206, "bytes 6-10/11", "World"},
        {"/b/bucket/o/o?alt=media", "Range: bytes=-1", 206, "bytes 10-10/11", "d"},
        {"/b/bucket/o/o?alt=media", "Range: bytes=20-30", 416, "", "Request range not satisfiable"},
        {"/b/bucket/o/empty?alt=media", "Range: bytes=0-10", 416, "",
         "Request range not satisfiable"},
        {"/b/bucket/o/empty?alt=media", "X: y", 200, "", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture_response) struct fixture_response a =
            fixture_request(&f, "GET", rows[i].path, (struct bytes){0}, rows[i].range, NULL);
        EXPECT_INT(a.http.status, rows[i].status);
        EXPECT_STR(fixture_response_header(&a, "Content-Range"), rows[i].content_range);
        EXPECT_STR(fixture_response_text(&a), rows[i].body);
    }
}

TEST(a_failed_download_gets_a_plain_text_error)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(&f, "GET", "/storage/v1/b/bucket/o/nosuch?alt=media", NULL);
    EXPECT_INT(a.http.status, 404);
    EXPECT_STR(fixture_response_text(&a), "No such object: bucket/nosuch");
    OWN(fixture_response) struct fixture_response json =
        fixture_request_text(&f, "GET", "/storage/v1/b/bucket/o/nosuch", NULL);
    EXPECT_STR(fixture_response_error(&json), "No such object: bucket/nosuch");
}

TEST(an_object_can_be_read_at_its_xml_path_as_by_go)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "a%2Fb%20c", "Hello World");
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(&f, "GET", "/bucket/a/b%20c", NULL);
    EXPECT_STR(fixture_response_text(&a), "Hello World");
    OWN(fixture_response) struct fixture_response missing =
        fixture_request_text(&f, "GET", "/bucket/nosuch", NULL);
    EXPECT_INT(missing.http.status, 404);
    EXPECT_HAS(fixture_response_text(&missing), "<Code>NoSuchKey</Code>");
}

TEST(gzip_content_is_unpacked_for_clients_that_do_not_accept_it)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(buf) struct buf packed = {0};
    pack("Hello World", &packed);
    OWN(fixture_response) struct fixture_response put =
        fixture_request(&f, "POST",
                        "/upload/storage/v1/b/bucket/o?uploadType=media&name=o"
                        "&contentEncoding=gzip",
                        buf_bytes(&packed), NULL);
    EXPECT_STR(fixture_response_member(&put, "contentEncoding"), "gzip");
    OWN(fixture_response) struct fixture_response plain =
        fixture_request_text(&f, "GET", "/b/bucket/o/o?alt=media", NULL);
    EXPECT_STR(fixture_response_text(&plain), "Hello World");
    EXPECT_STR(fixture_response_header(&plain, "X-Goog-Stored-Content-Encoding"), "gzip");
    OWN(fixture_response) struct fixture_response raw = fixture_request(
        &f, "GET", "/b/bucket/o/o?alt=media", (struct bytes){0}, "Accept-Encoding: gzip", NULL);
    EXPECT_STR(fixture_response_header(&raw, "Content-Encoding"), "gzip");
    EXPECT(bytes_equal(buf_bytes(&raw.http.body), buf_bytes(&packed)));
}

TEST(a_patch_merges_metadata_and_increments_the_metageneration)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "x");
    OWN(fixture_response) struct fixture_response set = fixture_request_text(
        &f, "PATCH", "/b/bucket/o/o", "{\"metadata\": {\"a\": \"1\", \"b\": \"2\"}}");
    EXPECT_STR(fixture_response_member(&set, "metageneration"), "2");
    OWN(fixture_response) struct fixture_response removed = fixture_request_text(
        &f, "PATCH", "/b/bucket/o/o", "{\"metadata\": {\"a\": null}, \"contentType\": null}");
    EXPECT_HAS(fixture_response_text(&removed), "\"metadata\":{\"b\":\"2\"}");
    EXPECT_STR(fixture_response_member(&removed, "contentType"), "");
    OWN(fixture_response) struct fixture_response updated =
        fixture_request_text(&f, "PUT", "/b/bucket/o/o", "{\"contentType\": \"a/b\"}");
    EXPECT(json_object_get(updated.json, "metadata") == NULL);
    EXPECT_STR(fixture_response_member(&updated, "contentType"), "a/b");
}

TEST(requests_succeed_only_if_their_preconditions_hold)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "x");
    OWN(fixture_response) struct fixture_response got =
        fixture_request_text(&f, "GET", "/b/bucket/o/o", NULL);
    OWN(free) char *match = str_format("/b/bucket/o/o?ifGenerationNotMatch=%s",
                                       fixture_response_member(&got, "generation"));
    OWN(fixture_response) struct fixture_response unchanged =
        fixture_request_text(&f, "GET", match, NULL);
    EXPECT_INT(unchanged.http.status, 304);
    EXPECT_STR(fixture_response_text(&unchanged), "");
    OWN(free) char *field = str_format("If-None-Match: %s", fixture_response_member(&got, "etag"));
    OWN(fixture_response) struct fixture_response by_etag =
        fixture_request(&f, "GET", "/b/bucket/o/o?alt=media", (struct bytes){0}, field, NULL);
    EXPECT_INT(by_etag.http.status, 304);

    static const char *const stale[][2] = {
        {"PATCH", "/b/bucket/o/o?ifMetagenerationMatch=9"},
        {"DELETE", "/b/bucket/o/o?ifGenerationMatch=9"},
        {"GET", "/b/bucket/o/o?ifGenerationMatch=9"},
        {"POST", "/upload/storage/v1/b/bucket/o?uploadType=media&name=o&ifGenerationMatch=0"},
        {"POST", "/b/bucket/o/o/rewriteTo/b/bucket/o/o?ifGenerationMatch=0"},
        {"POST", "/b/bucket/o/o/rewriteTo/b/bucket/o/n?ifSourceGenerationMatch=1"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(stale); i++) {
        OWN(fixture_response) struct fixture_response a =
            fixture_request_text(&f, stale[i][0], stale[i][1], NULL);
        EXPECT_INT(a.http.status, 412);
        EXPECT_HAS(fixture_response_text(&a), "conditionNotMet");
    }
}

TEST(an_overwrite_creates_a_new_generation_and_deletes_the_old_one)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "one");
    OWN(fixture_response) struct fixture_response first =
        fixture_request_text(&f, "GET", "/b/bucket/o/o", NULL);
    fixture_upload_text(&f, "bucket", "o", "two");
    OWN(fixture_response) struct fixture_response second =
        fixture_request_text(&f, "GET", "/b/bucket/o/o", NULL);
    EXPECT(strcmp(fixture_response_member(&second, "generation"),
                  fixture_response_member(&first, "generation")) > 0);
    OWN(fixture_response) struct fixture_response old =
        fixture_request_text(&f, "GET", fixture_response_member(&first, "mediaLink"), NULL);
    EXPECT_INT(old.http.status, 404);
}

TEST(a_versioned_bucket_archives_generations)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(fixture_response) struct fixture_response patched =
        fixture_request_text(&f, "PATCH", "/b/bucket", "{\"versioning\": {\"enabled\": true}}");
    (void)patched;
    fixture_upload_text(&f, "bucket", "o", "one");
    fixture_upload_text(&f, "bucket", "o", "two");
    OWN(fixture_response) struct fixture_response deleted =
        fixture_request_text(&f, "DELETE", "/b/bucket/o/o", NULL);
    EXPECT_INT(deleted.http.status, 204);
    OWN(fixture_response) struct fixture_response live =
        fixture_request_text(&f, "GET", "/b/bucket/o", NULL);
    EXPECT(json_object_get(live.json, "items") == NULL);
    OWN(fixture_response) struct fixture_response all =
        fixture_request_text(&f, "GET", "/b/bucket/o?versions=True", NULL);
    json_t *items = json_object_get(all.json, "items");
    EXPECT_INT(json_array_size(items), 2);
    json_t *oldest = json_array_get(items, 0);
    EXPECT(json_object_get(oldest, "timeDeleted") != NULL);

    OWN(free) char *path = str_format("/b/bucket/o/o?generation=%s",
                                      json_string_value(json_object_get(oldest, "generation")));
    OWN(free) char *media = str_format("%s&alt=media", path);
    OWN(fixture_response) struct fixture_response content =
        fixture_request_text(&f, "GET", media, NULL);
    EXPECT_STR(fixture_response_text(&content), "one");
    OWN(fixture_response) struct fixture_response gone =
        fixture_request_text(&f, "DELETE", path, NULL);
    EXPECT_INT(gone.http.status, 204);
    OWN(fixture_response) struct fixture_response after =
        fixture_request_text(&f, "GET", media, NULL);
    EXPECT_INT(after.http.status, 404);
}

/* "a,b,c": the names (or prefixes, which end in the delimiter) of a list. */
static char *names_of(const struct fixture_response *response)
{
    struct buf names = {0};
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(response->json, "prefixes"), i, item)
    {
        buf_add_format(&names, "%s%s", names.len ? "," : "", json_string_value(item));
    }
    json_array_foreach(json_object_get(response->json, "items"), i, item)
    {
        buf_add_format(&names, "%s%s", names.len ? "," : "",
                       json_string_value(json_object_get(item, "name")));
    }
    return buf_take(&names);
}

TEST(a_list_is_filtered_by_prefix_delimiter_offsets_and_patterns)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    static const char *const objects[] = {"a.txt",         "b%2F",  "b%2Fc.txt",
                                          "b%2Fd%2Fe.jpg", "f.jpg", "%C3%A9"};
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
        fixture_upload_text(&f, "bucket", objects[i], "x");
    static const struct {
        const char *query, *names;
    } rows[] = {
        {"", "a.txt,b/,b/c.txt,b/d/e.jpg,f.jpg,é"},
        {"prefix=b%2F", "b/,b/c.txt,b/d/e.jpg"},
        {"delimiter=%2F", "b/,a.txt,f.jpg,é"},
        {"delimiter=%2F&prefix=b%2F", "b/d/,b/,b/c.txt"},
        {"delimiter=%2F&includeTrailingDelimiter=true", "b/,a.txt,b/,f.jpg,é"},
        {"startOffset=b%2Fc&endOffset=f", "b/c.txt,b/d/e.jpg"},
        {"startOffset=f.jpg", "f.jpg,é"},
        {"matchGlob=**.jpg", "b/d/e.jpg,f.jpg"},
        {"matchGlob=*.jpg", "f.jpg"},
        {"prefix=nosuch", ""},
        {"delimiter=%2F&prefix=nosuch%2F", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *path = str_format("/storage/v1/b/bucket/o?%s", rows[i].query);
        OWN(fixture_response) struct fixture_response a =
            fixture_request_text(&f, "GET", path, NULL);
        OWN(free) char *names = names_of(&a);
        EXPECT_STR(names, rows[i].names);
    }
}

TEST(the_pages_of_a_list_are_complete)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    static const char *const objects[] = {"a", "b%2F1", "b%2F2", "c", "d%2F1", "e"};
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
        fixture_upload_text(&f, "bucket", objects[i], "x");
    for (int most = 1; most < 7; most++) {
        OWN(buf) struct buf all = {0};
        OWN(free) char *token = str_copy("");
        do {
            OWN(free) char *path = str_format("/b/bucket/o?delimiter=%%2F&maxResults=%d%s%s", most,
                                              *token ? "&pageToken=" : "", token);
            OWN(fixture_response) struct fixture_response page =
                fixture_request_text(&f, "GET", path, NULL);
            OWN(free) char *names = names_of(&page);
            if (most == 1)
                buf_add_format(&all, "%s;", names);
            else
                all.len += json_array_size(json_object_get(page.json, "items")) +
                           json_array_size(json_object_get(page.json, "prefixes"));
            str_replace(&token, str_copy(fixture_response_member(&page, "nextPageToken")));
        } while (*token);
        if (most == 1)
            EXPECT_STR(all.data, "a;b/;c;d/;e;");
        else
            EXPECT_INT(all.len, 5);
        all.len = most == 1 ? all.len : 0;
    }
}

TEST(an_invalid_list_gets_googles_error)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(fixture_response) struct fixture_response token =
        fixture_request_text(&f, "GET", "/b/bucket/o?pageToken=rubbish!", NULL);
    EXPECT_INT(token.http.status, 400);
    OWN(fixture_response) struct fixture_response most =
        fixture_request_text(&f, "GET", "/b/bucket/o?maxResults=-1", NULL);
    EXPECT_INT(most.http.status, 400);
    OWN(fixture_response) struct fixture_response bucket =
        fixture_request_text(&f, "GET", "/b/nosuch/o", NULL);
    EXPECT_INT(bucket.http.status, 404);
}

TEST(a_rewrite_copies_content_and_metadata)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_create_bucket(&f, "other");
    fixture_upload_text(&f, "bucket", "o", "Hello World");
    OWN(fixture_response) struct fixture_response a = fixture_request_text(
        &f, "POST", "/storage/v1/b/bucket/o/o/rewriteTo/b/other/o/a%2Fcopy", "null\n");
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_member(&a, "kind"), "storage#rewriteResponse");
    EXPECT_STR(fixture_response_member(&a, "totalBytesRewritten"), "11");
    EXPECT_STR(fixture_response_member(&a, "objectSize"), "11");
    EXPECT(json_is_true(json_object_get(a.json, "done")));
    OWN(fixture_response) struct fixture_response deleted =
        fixture_request_text(&f, "DELETE", "/b/bucket/o/o", NULL);
    (void)deleted;
    OWN(fixture_response) struct fixture_response copy =
        fixture_request_text(&f, "GET", "/b/other/o/a%2Fcopy?alt=media", NULL);
    EXPECT_STR(fixture_response_text(&copy), "Hello World");
    EXPECT_STR(fixture_response_header(&copy, "Content-Type"), "text/plain");
}

TEST(a_copy_takes_new_metadata_and_ignores_hashes_in_the_request)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "Hello World");
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(&f, "POST", "/b/bucket/o/o/copyTo/b/bucket/o/copy",
                             "{\"metadata\": {\"k\": \"v\"}, \"md5Hash\": \"AAAA\"}");
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_member(&a, "md5Hash"), "sQqNsWTgdUEFt6mb5y4/5Q==");
    EXPECT_STR(fixture_response_member(&a, "contentType"), "text/plain");
    EXPECT_HAS(fixture_response_text(&a), "\"metadata\":{\"k\":\"v\"}");
}

TEST(compose_joins_objects_in_order)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "1", "Hello ");
    fixture_upload_text(&f, "bucket", "2", "World");
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(&f, "POST", "/b/bucket/o/whole/compose",
                             "{\"kind\": \"storage#composeRequest\", \"sourceObjects\": "
                             "[{\"name\": \"1\"}, {\"name\": \"2\"}], \"destination\": "
                             "{\"contentType\": \"text/x\", \"md5Hash\": \"AAAA\"}}");
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_member(&a, "crc32c"), "aR2qLw==");
    EXPECT_STR(fixture_response_member(&a, "md5Hash"), "");
    EXPECT_STR(fixture_response_member(&a, "contentType"), "text/x");
    EXPECT_INT(json_integer_value(json_object_get(a.json, "componentCount")), 2);
    OWN(fixture_response) struct fixture_response content =
        fixture_request_text(&f, "GET", "/b/bucket/o/whole?alt=media", NULL);
    EXPECT_STR(fixture_response_text(&content), "Hello World");
    EXPECT_STR(fixture_response_header(&content, "X-Goog-Hash"), "crc32c=aR2qLw==");
}

TEST(compose_and_copy_of_missing_objects_fail)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    static const struct {
        const char *path, *body;
        int status;
    } rows[] = {
        {"/b/bucket/o/x/compose", "{\"sourceObjects\": [{\"name\": \"no\"}]}", 404},
        {"/b/bucket/o/x/compose", "{\"sourceObjects\": []}", 400},
        {"/b/bucket/o/x/compose", "{\"sourceObjects\": [{}]}", 400},
        {"/b/bucket/o/x/compose", "{}", 400},
        {"/b/bucket/o/no/rewriteTo/b/bucket/o/x", "{}", 404},
        {"/b/bucket/o/no/copyTo/b/bucket/o/x", "", 404},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture_response) struct fixture_response a =
            fixture_request_text(&f, "POST", rows[i].path, rows[i].body);
        EXPECT_INT(a.http.status, rows[i].status);
    }
}

TEST(another_api_can_read_an_object_up_to_a_size)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_upload_text(&f, "bucket", "o", "Hello World");
    OWN(buf) struct buf out = {0};
    struct err err = {0};
    EXPECT(storage_read_object(f.storage, "bucket", "o", 11, &out, &err));
    EXPECT_STR(out.data, "Hello World");
    EXPECT(!storage_read_object(f.storage, "bucket", "o", 10, &out, &err));
    EXPECT_INT(err.status, ERR_TOO_LARGE);
    err = (struct err){0};
    EXPECT(!storage_read_object(f.storage, "bucket", "p", 10, &out, &err));
    EXPECT_INT(err.status, ERR_NOT_FOUND);
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
