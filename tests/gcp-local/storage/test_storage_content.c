/* SPDX-License-Identifier: Apache-2.0 */
/* Storage's JSON API over HTTP: uploads and downloads. */
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/storage_fixture.h"
#include "tests/helpers/test.h"

#include <string.h>
#include <zlib.h>

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
    EXPECT_HAS(fixture_response_error(&cut), "truncated");
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
