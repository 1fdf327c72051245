/* SPDX-License-Identifier: Apache-2.0 */
/* Storage's parsers: multipart bodies, ranges, names, patterns; and hashes. */
#include "base/crc32c.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "gcp-local/storage/catalog/preconditions.h"
#include "gcp-local/storage/catalog/storage_object.h"
#include "gcp-local/storage/content/content_hash.h"
#include "gcp-local/storage/rest/glob.h"
#include "gcp-local/storage/rest/multipart.h"
#include "gcp-local/storage/rest/ranges.h"
#include "tests/helpers/test.h"

#include <string.h>

TEST(hello_world_has_googles_hashes)
{
    OWN(content_hash) struct content_hash hash = {0};
    content_hash_add(&hash, bytes_of("Hello "));
    content_hash_add(&hash, bytes_of("World"));
    OWN(free) char *md5 = content_hash_md5(&hash);
    char crc[9];
    crc32c_text(hash.crc32c, crc);
    EXPECT_STR(md5, "sQqNsWTgdUEFt6mb5y4/5Q==");
    EXPECT_STR(crc, "aR2qLw==");
}

TEST(empty_content_has_googles_hashes)
{
    OWN(content_hash) struct content_hash hash = {0};
    OWN(free) char *md5 = content_hash_md5(&hash);
    char crc[9];
    crc32c_text(hash.crc32c, crc);
    EXPECT_STR(md5, "1B2M2Y8AsgTpgAmY7PhCfg==");
    EXPECT_STR(crc, "AAAAAA==");
}

/* RFC 3720 appendix B.4. */
TEST(crc32c_gives_the_values_of_rfc_3720)
{
    char zeros[32] = {0}, ones[32], up[32];
    for (int i = 0; i < 32; i++) {
        ones[i] = (char)0xFF;
        up[i] = (char)i;
    }
    EXPECT(crc32c(0, (struct bytes){zeros, 32}) == 0x8A9136AA);
    EXPECT(crc32c(0, (struct bytes){ones, 32}) == 0x62A8AB43);
    EXPECT(crc32c(0, (struct bytes){up, 32}) == 0x46DD794E);
}

TEST(crc32c_is_the_same_with_and_without_processor_support)
{
    char data[1000];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * i + i / 7);
    for (size_t from = 0; from < 9; from++)
        for (size_t len = 0; len + from < sizeof(data); len += 31) {
            struct bytes part = {data + from, len};
            EXPECT(crc32c(17, part) == crc32c_by_table(17, part));
        }
}

/* The content of a multipart body. */
struct parts {
    struct buf content;
    struct err err;
    char *json, *type;
};

static void own_parts(struct parts *local)
{
    buf_done(&local->content);
    free(local->json);
    free(local->type);
}

static bool collect(struct bytes piece, void *to, struct err *err)
{
    (void)err;
    return buf_add(to, piece.data, piece.len);
}

/* Parses a body in pieces of at most so many bytes. */
static struct parts parse(const char *content_type, struct bytes body, size_t piece)
{
    struct parts parts = {0};
    struct multipart multipart;
    bool fine = multipart_open(&multipart, content_type, collect, &parts.content, &parts.err);
    for (size_t i = 0; fine && i < body.len; i += piece) {
        size_t len = body.len - i < piece ? body.len - i : piece;
        /* a copy, so that reading past the end of a piece is detected */
        OWN(free) char *copy = alloc_resize(NULL, len);
        memcpy(copy, body.data + i, len);
        fine = multipart_add(&multipart, (struct bytes){copy, len}, &parts.err);
    }
    if (fine)
        multipart_end(&multipart, &parts.err);
    parts.json = str_copy_bytes(buf_bytes(&multipart.json));
    parts.type = str_copy(multipart.content_type);
    multipart_done(&multipart);
    return parts;
}

static const struct dialect {
    const char *who, *content_type, *before, *after;
} dialects[] = {
    {"gcloud and gsutil: bare LF, single quotes", "multipart/related; boundary='===12=='",
     "--===12==\nContent-Type: application/json\nMIME-Version: 1.0\n\n{\"name\": "
     "\"o\"}\n--===12==\n"
     "Content-Type: text/plain\nMIME-Version: 1.0\nContent-Transfer-Encoding: binary\n\n",
     "\n--===12==--\n"},
    {"Node: CRLF, no last one", "multipart/related; boundary=d0e9-77",
     "--d0e9-77\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{\"name\": \"o\"}\r\n"
     "--d0e9-77\r\nContent-Type: text/plain\r\n\r\n",
     "\r\n--d0e9-77--"},
    {"Go: a content without fields, JSON with an LF", "multipart/related; boundary=\"ab c\"",
     "--ab c\r\nContent-Type: application/json\r\n\r\n{\"name\": \"o\"}\n\r\n--ab c\r\n\r\n",
     "\r\n--ab c--\r\n"},
};

static const char *const contents[] = {
    "",
    "Hello World",
    "ends in CR\r",
    "ends in LF\n",
    "ends in CRLF\r\n",
    "\r\n\r\n--\r\n-\n--\n---",
    "\r\r\r\n\r\n\n--===12=\n--d0e9-7\r\n--d0e9-7\r\n--ab \r\n--ab",
    "\n--===12==x is no delimiter\r\n--d0e9-77-x nor this\r\n--ab cd",
};

TEST(each_clients_multipart_body_is_parsed_in_pieces_of_any_size)
{
    for (size_t d = 0; d < ARRAY_SIZE(dialects); d++)
        for (size_t c = 0; c < ARRAY_SIZE(contents); c++)
            for (size_t piece = 1; piece < 80; piece++) {
                const struct dialect *dialect = &dialects[d];
                OWN(free) char *body =
                    str_format("%s%s%s", dialect->before, contents[c], dialect->after);
                OWN(parts) struct parts parts = parse(dialect->content_type, bytes_of(body), piece);
                EXPECT_STR(parts.err.text, "");
                EXPECT_STR(parts.content.data ? parts.content.data : "", contents[c]);
                EXPECT_HAS(parts.json, "{\"name\": \"o\"}");
                if (d < 2)
                    EXPECT_STR(parts.type, "text/plain");
            }
}

TEST(a_malformed_multipart_body_is_rejected)
{
    static const struct {
        const char *type, *body, *then;
    } rows[] = {
        {"multipart/related", "--b\n", "boundary"},
        {"multipart/related; boundary=", "--\n", "boundary"},
        {NULL, "x", "boundary"},
        {"multipart/related; boundary=b", "", "ends before"},
        {"multipart/related; boundary=b", "hello", "ends before"},
        {"multipart/related; boundary=b", "hello\nyou\n", "does not begin"},
        {"multipart/related; boundary=b", "--c\n\n{}\n--c\n\nx\n--c--", "does not begin"},
        {"multipart/related; boundary=b", "--b\n\n{}\n--b\n\ncontent", "ends before"},
        {"multipart/related; boundary=b", "--b\n\n{}\n--b\n\ncontent\n--b", "ends before"},
        {"multipart/related; boundary=b", "--b\n\n{}\n--b--\n", "must have two parts"},
        {"multipart/related; boundary=b", "--b\n\n{}\n--b\n\nx\n--b\n\ny\n--b--", "more than two"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(parts) struct parts parts = parse(rows[i].type, bytes_of(rows[i].body), 3);
        EXPECT_INT(parts.err.status, ERR_INPUT);
        EXPECT_HAS(parts.err.text, rows[i].then);
    }
}

TEST(multipart_header_fields_and_json_have_a_limit)
{
    OWN(buf) struct buf head = {0};
    buf_add_text(&head, "--b\nX: ");
    for (int i = 0; i < 20000; i++)
        buf_add_text(&head, "y");
    OWN(parts) struct parts parts = parse("multipart/related; boundary=b", buf_bytes(&head), 1000);
    EXPECT_HAS(parts.err.text, "too long");

    OWN(buf) struct buf json = {0};
    buf_add_text(&json, "--b\n\n");
    memset(buf_reserve(&json, 2 << 20), ' ', 2 << 20);
    json.len += 2 << 20;
    OWN(parts) struct parts large = parse("multipart/related; boundary=b", buf_bytes(&json), 32768);
    EXPECT_HAS(large.err.text, "over 1 MiB");
}

TEST(a_range_is_limited_to_existing_bytes)
{
    static const struct {
        const char *field;
        int64_t size;
        enum range_kind kind;
        int64_t first, last;
    } rows[] = {
        {NULL, 10, RANGE_WHOLE, 0, 0},
        {"bytes=0-4", 10, RANGE_PART, 0, 4},
        {"bytes=0-99", 10, RANGE_PART, 0, 9},
        {"bytes=9-", 10, RANGE_PART, 9, 9},
        {"bytes=-3", 10, RANGE_PART, 7, 9},
        {"bytes=-30", 10, RANGE_PART, 0, 9},
        {"bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=10-20", 10, RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=-1", 0, RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=4-2", 10, RANGE_WHOLE, 0, 0},
        {"bytes=a-b", 10, RANGE_WHOLE, 0, 0},
        {"bytes=0-1,3-4", 10, RANGE_WHOLE, 0, 0},
        {"bytes=", 10, RANGE_WHOLE, 0, 0},
        {"bytes=-", 10, RANGE_WHOLE, 0, 0},
        {"items=0-4", 10, RANGE_WHOLE, 0, 0},
        {"bytes=0-99999999999999999999999", 10, RANGE_WHOLE, 0, 0},
        {"bytes=9223372036854775807-", 10, RANGE_UNSATISFIABLE, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct byte_range range = {0};
        EXPECT_INT(ranges_parse(rows[i].field, rows[i].size, &range), rows[i].kind);
        EXPECT_INT(range.first, rows[i].first);
        EXPECT_INT(range.last, rows[i].last);
    }
}

TEST(a_content_range_is_parsed_in_all_its_forms)
{
    static const struct {
        const char *field;
        bool good, has_bytes;
        int64_t first, last, total;
    } rows[] = {
        {"bytes 0-9/10", true, true, 0, 9, 10}, {"bytes 0-9/*", true, true, 0, 9, -1},
        {"bytes 0-*/*", true, true, 0, -1, -1}, {"bytes 5-*/10", true, true, 5, -1, 10},
        {"bytes */10", true, false, 0, -1, 10}, {"bytes */*", true, false, 0, -1, -1},
        {"bytes */0", true, false, 0, -1, 0},   {"bytes 9-0/10", false, 0, 0, 0, 0},
        {"bytes 0-10/10", false, 0, 0, 0, 0},   {"bytes 0-9/", false, 0, 0, 0, 0},
        {"bytes 0-9", false, 0, 0, 0, 0},       {"bytes -9/10", false, 0, 0, 0, 0},
        {"bytes 0-9/10x", false, 0, 0, 0, 0},   {"bytes", false, 0, 0, 0, 0},
        {"bytes 11-*/10", false, 0, 0, 0, 0},   {"lines 0-9/10", false, 0, 0, 0, 0},
        {"bytes -1-9/10", false, 0, 0, 0, 0},   {NULL, false, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct content_range range;
        EXPECT_INT(ranges_parse_content_range(rows[i].field, &range), rows[i].good);
        if (!rows[i].good)
            continue;
        EXPECT_INT(range.has_bytes, rows[i].has_bytes);
        EXPECT_INT(range.first, rows[i].first);
        EXPECT_INT(range.last, rows[i].last);
        EXPECT_INT(range.total, rows[i].total);
    }
}

TEST(bucket_names_follow_googles_rules)
{
    static const char *const good[] = {"abc", "my-bucket", "a.b.c", "1bucket_2", "knative-atamel"};
    static const char *const bad[] = {"",      "ab",     "-ab",      "ab-",   "Abc",        "a..b",
                                      "a b c", "goog-b", "10.0.0.1", "é-b-c", "bucket/name"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        EXPECT(catalog_bucket_name_valid(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        EXPECT(!catalog_bucket_name_valid(bad[i]));
}

TEST(object_names_are_up_to_1024_bytes_without_line_breaks)
{
    char name[1026];
    memset(name, 'x', sizeof(name));
    struct err err = {0};
    name[1024] = '\0';
    EXPECT(catalog_object_name_check(name, &err));
    name[1024] = 'x';
    name[1025] = '\0';
    EXPECT(!catalog_object_name_check(name, &err));
    static const char *const bad[] = {"", ".", "..", "a\nb", "a\rb"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        err = (struct err){0};
        EXPECT(!catalog_object_name_check(bad[i], &err));
        EXPECT_INT(err.status, ERR_INPUT);
    }
}

TEST(a_glob_matches_as_google_documents)
{
    static const struct {
        const char *pattern, *name;
        bool then;
    } rows[] = {
        {"foo*bar", "fooxbar", true},
        {"foo*bar", "foo/bar", false},
        {"foo**bar", "foo/x/bar", true},
        {"foo?bar", "fooxbar", true},
        {"foo?bar", "foo/bar", false},
        {"[bc]at", "cat", true},
        {"[!bc]at", "cat", false},
        {"[a-d]at", "cat", true},
        {"**/*.txt", "a/b/c.txt", true},
        {"*.txt", "a/b.txt", false},
        {"*.{jpg,png}", "sea.png", true},
        {"*.{jpg,png}", "sea.gif", false},
        {"{a,b*}/x", "bc/x", true},
        {"\\*", "*", true},
        {"\\*", "x", false},
        {"[", "[", true},
        {"", "", true},
        {"", "x", false},
        {"**", "any/thing", true},
        {"{x", "{x", true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        EXPECT_INT(glob_match(rows[i].pattern, rows[i].name), rows[i].then);
}

TEST(a_hostile_glob_takes_limited_time)
{
    char name[1001];
    memset(name, 'a', 1000);
    name[1000] = '\0';
    EXPECT(!glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
}

TEST(preconditions_are_checked_against_the_existing_object)
{
    static const struct {
        const char *query;
        int64_t generation, metageneration;
        bool reading;
        int then;
    } rows[] = {
        {NULL, 0, 0, false, 0},
        {"ifGenerationMatch=0", 0, 0, false, 0},
        {"ifGenerationMatch=0", 7, 1, false, 412},
        {"ifGenerationMatch=7", 7, 1, false, 0},
        {"ifGenerationMatch=8", 7, 1, true, 412},
        {"ifGenerationNotMatch=7", 7, 1, true, 304},
        {"ifGenerationNotMatch=7", 7, 1, false, 412},
        {"ifGenerationNotMatch=0", 0, 0, false, 412},
        {"ifMetagenerationMatch=1", 7, 2, false, 412},
        {"ifMetagenerationNotMatch=2", 7, 2, true, 304},
        {"ifGenerationMatch=x", 7, 1, false, 400},
        {"ifGenerationMatch=-1", 7, 1, false, 400},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct preconditions preconditions;
        struct err err = {0};
        if (preconditions_read(rows[i].query, false, &preconditions, &err))
            preconditions_check(&preconditions, rows[i].generation, rows[i].metageneration,
                                rows[i].reading, &err);
        EXPECT_INT(err.status, rows[i].then);
    }
}

TEST(an_etag_has_googles_format)
{
    OWN(free) char *object = storage_object_etag(3, 1);
    OWN(free) char *bucket = storage_object_etag(0, 1);
    EXPECT_STR(object, "CAMQAQ==");
    EXPECT_STR(bucket, "CAE=");
}
