/* SPDX-License-Identifier: Apache-2.0 */
/* Storage's JSON API over HTTP: objects, lists, copies. */
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/storage_fixture.h"
#include "tests/helpers/test.h"

#include <string.h>

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
