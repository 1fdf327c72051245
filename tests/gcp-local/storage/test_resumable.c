/* SPDX-License-Identifier: Apache-2.0 */
/* Resumable uploads: all forms, and errors. */
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/storage_fixture.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/test.h"

#include <string.h>
#include <zlib.h>

/* Starts a session for an object "o". The caller frees its URL. */
static char *begin(struct storage_fixture *f, const char *path, const char *body)
{
    OWN(fixture_response) struct fixture_response a =
        fixture_request(f, "POST", path, bytes_of(body), "Content-Type: application/json",
                        "X-Upload-Content-Type: text/plain", NULL);
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_text(&a), "");
    return str_copy(fixture_response_header(&a, "Location"));
}

#define START "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=o"

static struct fixture_response put(struct storage_fixture *f, const char *session,
                                   const char *range, const char *body)
{
    OWN(free) char *field = str_format("Content-Range: %s", range);
    return fixture_request(f, "PUT", session, bytes_of(body), field, NULL);
}

static void expect_content(struct storage_fixture *f, const char *content)
{
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(f, "GET", "/b/bucket/o/o?alt=media", NULL);
    EXPECT_STR(fixture_response_text(&a), content);
}

static void expect_nothing(struct storage_fixture *f)
{
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(f, "GET", "/b/bucket/o", NULL);
    EXPECT_STR(fixture_response_text(&a), "{\"kind\":\"storage#objects\"}");
}

TEST(a_session_starts_at_the_path_of_each_client)
{
    static const char *const paths[] = {
        START,
        "/resumable/upload/storage/v1/b/bucket/o?uploadType=resumable&alt=json",
        "/upload/b/bucket/o?uploadType=resumable",
    };
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        OWN(free) char *session = begin(&f, paths[i], "{\"name\": \"o\"}");
        EXPECT(str_starts(session, f.base));
        OWN(fixture_response) struct fixture_response a =
            put(&f, session, "bytes 0-10/11", "Hello World");
        EXPECT_STR(fixture_response_member(&a, "crc32c"), "aR2qLw==");
        EXPECT_STR(fixture_response_member(&a, "contentType"), "text/plain");
        expect_content(&f, "Hello World");
    }
}

TEST(an_upload_in_one_request_is_accepted_in_each_form)
{
    static const char *const ranges[] = {"bytes 0-10/11", "bytes 0-*/*", "bytes 0-*/11"};
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        OWN(free) char *session = begin(&f, START, "");
        OWN(fixture_response) struct fixture_response a =
            put(&f, session, ranges[i], "Hello World");
        EXPECT_INT(a.http.status, 200);
        EXPECT_STR(fixture_response_member(&a, "md5Hash"), "sQqNsWTgdUEFt6mb5y4/5Q==");
    }
    OWN(free) char *session = begin(&f, START, "");
    OWN(fixture_response) struct fixture_response plain =
        fixture_request_text(&f, "PUT", session, "Hello World");
    EXPECT_STR(fixture_response_member(&plain, "size"), "11");
}

TEST(an_upload_in_chunks_reports_its_progress)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *session = begin(&f, START, "");
    OWN(fixture_response) struct fixture_response none = put(&f, session, "bytes */*", "");
    EXPECT_INT(none.http.status, 308);
    EXPECT_STR(fixture_response_header(&none, "Range"), "");
    OWN(fixture_response) struct fixture_response first = put(&f, session, "bytes 0-4/*", "Hello");
    EXPECT_INT(first.http.status, 308);
    EXPECT_STR(fixture_response_header(&first, "Range"), "bytes=0-4");
    EXPECT_STR(fixture_response_text(&first), "");
    expect_nothing(&f);
    OWN(fixture_response) struct fixture_response asked = put(&f, session, "bytes */11", "");
    EXPECT_INT(asked.http.status, 308);
    EXPECT_STR(fixture_response_header(&asked, "Range"), "bytes=0-4");
    OWN(fixture_response) struct fixture_response last =
        put(&f, session, "bytes 5-10/11", " World");
    EXPECT_INT(last.http.status, 200);
    EXPECT_STR(fixture_response_member(&last, "crc32c"), "aR2qLw==");
    OWN(fixture_response) struct fixture_response again = put(&f, session, "bytes */11", "");
    EXPECT_INT(again.http.status, 200);
    EXPECT_STR(fixture_response_member(&again, "generation"),
               fixture_response_member(&last, "generation"));
}

TEST(an_empty_object_is_one_request_with_a_total_of_0)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *session = begin(&f, START, "");
    OWN(fixture_response) struct fixture_response a = put(&f, session, "bytes */0", "");
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_member(&a, "crc32c"), "AAAAAA==");
}

TEST(bytes_that_are_stored_already_are_skipped)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *session = begin(&f, START, "");
    OWN(fixture_response) struct fixture_response first = put(&f, session, "bytes 0-4/*", "Hello");
    (void)first;
    OWN(fixture_response) struct fixture_response again = put(&f, session, "bytes 0-4/*", "Hello");
    EXPECT_STR(fixture_response_header(&again, "Range"), "bytes=0-4");
    OWN(fixture_response) struct fixture_response all =
        put(&f, session, "bytes 3-10/11", "lo World");
    EXPECT_STR(fixture_response_member(&all, "crc32c"), "aR2qLw==");
}

TEST(an_invalid_chunk_is_rejected_and_the_upload_continues)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *session = begin(&f, START, "");
    OWN(fixture_response) struct fixture_response first = put(&f, session, "bytes 0-4/11", "Hello");
    (void)first;
    static const struct {
        const char *range, *body, *message;
    } rows[] = {
        {"bytes 6-10/11", "World", "offset is 6 byte(s), which exceeds already uploaded size of 5"},
        {"bytes 5-10/11", " Wo rld", "more bytes than the Content-Range"},
        {"rubbish", "x", "Failed to parse Content-Range"},
        {"bytes 10-5/11", "x", "Failed to parse Content-Range"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture_response) struct fixture_response a =
            put(&f, session, rows[i].range, rows[i].body);
        EXPECT_INT(a.http.status, 400);
        EXPECT_HAS(fixture_response_error(&a), rows[i].message);
    }
    OWN(fixture_response) struct fixture_response few = put(&f, session, "bytes 5-10/11", " Wor");
    EXPECT_INT(few.http.status, 400);
    EXPECT_HAS(fixture_response_error(&few), "There were 4 byte(s) in the request body.");
    OWN(fixture_response) struct fixture_response rest = put(&f, session, "bytes 9-10/11", "ld");
    EXPECT_STR(fixture_response_member(&rest, "crc32c"), "aR2qLw==");
}

TEST(an_unknown_session_or_one_of_another_bucket_is_not_found)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    fixture_create_bucket(&f, "other");
    OWN(free) char *session = begin(&f, START, "");
    OWN(free) char *stolen =
        str_format("%s/upload/storage/v1/b/other/o?%s", f.base, strstr(session, "upload_id="));
    const char *const urls[] = {stolen, "/upload/storage/v1/b/bucket/o?upload_id=nosuch"};
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
        OWN(fixture_response) struct fixture_response a = put(&f, urls[i], "bytes 0-4/5", "Hello");
        EXPECT_INT(a.http.status, 404);
        EXPECT_STR(fixture_response_error(&a), "No such upload session.");
    }
}

TEST(a_cancelled_upload_is_deleted)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *session = begin(&f, START, "");
    OWN(fixture_response) struct fixture_response first = put(&f, session, "bytes 0-4/*", "Hello");
    (void)first;
    OWN(fixture_response) struct fixture_response cancelled =
        fixture_request_text(&f, "DELETE", session, NULL);
    EXPECT_INT(cancelled.http.status, 499);
    OWN(fixture_response) struct fixture_response after =
        put(&f, session, "bytes 5-10/11", " World");
    EXPECT_INT(after.http.status, 404);
    expect_nothing(&f);
}

TEST(the_total_must_equal_the_announced_length)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(fixture_response) struct fixture_response started =
        fixture_request(&f, "POST", START, (struct bytes){0}, "X-Upload-Content-Length: 11", NULL);
    OWN(fixture_response) struct fixture_response a =
        put(&f, fixture_response_header(&started, "Location"), "bytes 0-4/5", "Hello");
    EXPECT_INT(a.http.status, 400);
    EXPECT_HAS(fixture_response_error(&a), "X-Upload-Content-Length was 11");
}

TEST(preconditions_and_hashes_are_checked_at_the_end)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *session = begin(&f, START "&ifGenerationMatch=0", "");
    OWN(free) char *wrong = begin(&f, START, "{\"crc32c\": \"AAAAAA==\"}");
    OWN(fixture_response) struct fixture_response mismatch = put(&f, wrong, "bytes 0-4/5", "Hello");
    EXPECT_INT(mismatch.http.status, 400);
    expect_nothing(&f);
    fixture_upload_text(&f, "bucket", "o", "first");
    OWN(fixture_response) struct fixture_response late = put(&f, session, "bytes 0-4/5", "Hello");
    EXPECT_INT(late.http.status, 412);
    expect_content(&f, "first");
}

TEST(a_chunk_may_have_gzip_content_encoding)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *session = begin(&f, START, "");
    unsigned char packed[100];
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t) "Hello World",
                       .avail_in = 11,
                       .next_out = packed,
                       .avail_out = sizeof(packed)};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&stream, Z_FINISH);
    size_t len = stream.total_out;
    deflateEnd(&stream);
    OWN(fixture_response) struct fixture_response a =
        fixture_request(&f, "PUT", session, (struct bytes){(char *)packed, len},
                        "Content-Encoding: gzip", "Content-Range: bytes 0-10/11", NULL);
    EXPECT_STR(fixture_response_member(&a, "crc32c"), "aR2qLw==");
}

TEST(a_client_can_ask_for_200_instead_of_308)
{
    OWN(storage_fixture) struct storage_fixture f;
    storage_fixture_open(&f, NULL);
    fixture_create_bucket(&f, "bucket");
    OWN(free) char *session = begin(&f, START, "");
    OWN(fixture_response) struct fixture_response a =
        fixture_request(&f, "PUT", session, bytes_of("Hello"), "X-GUploader-No-308: yes",
                        "Content-Range: bytes 0-4/*", NULL);
    EXPECT_INT(a.http.status, 200);
    EXPECT_STR(fixture_response_header(&a, "X-HTTP-Status-Code-Override"), "308");
}

TEST(a_session_survives_a_restart_with_its_content)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(free) char *id = NULL;
    {
        OWN(storage_fixture) struct storage_fixture f;
        storage_fixture_open(&f, dir.path);
        fixture_create_bucket(&f, "bucket");
        OWN(free) char *session = begin(&f, START, "");
        OWN(fixture_response) struct fixture_response a = put(&f, session, "bytes 0-4/*", "Hello");
        EXPECT_INT(a.http.status, 308);
        id = str_copy(strstr(session, "upload_id="));
    }
    {
        OWN(storage_fixture) struct storage_fixture f;
        storage_fixture_open(&f, dir.path);
        OWN(free) char *session = str_format("%s/upload/storage/v1/b/bucket/o?%s", f.base, id);
        OWN(fixture_response) struct fixture_response asked = put(&f, session, "bytes */*", "");
        EXPECT_STR(fixture_response_header(&asked, "Range"), "bytes=0-4");
        OWN(fixture_response) struct fixture_response a =
            put(&f, session, "bytes 5-10/11", " World");
        EXPECT_STR(fixture_response_member(&a, "md5Hash"), "sQqNsWTgdUEFt6mb5y4/5Q==");
    }
}
