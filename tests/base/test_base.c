/* SPDX-License-Identifier: Apache-2.0 */
/* base/: text, numbers, times, base64, JSON reading, errors. */
#include "base/base64.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "tests/helpers/test.h"

#include <string.h>

TEST(an_error_keeps_its_status_and_gains_context)
{
    struct err err = {0};
    EXPECT(!err_set(&err, ERR_UPSTREAM, "score is missing"));
    EXPECT(!err_wrap(&err, "cannot label %s", "gs://b/n"));
    EXPECT_INT(err.status, ERR_UPSTREAM);
    EXPECT_STR(err.text, "cannot label gs://b/n: score is missing");
}

TEST(an_error_stays_one_line_and_marks_what_was_cut)
{
    struct err err = {0};
    err_set(&err, ERR_INPUT, "two\nlines\x01 %0600d", 7);
    EXPECT_INT(strlen(err.text), sizeof(err.text) - 1);
    EXPECT(str_starts(err.text, "two lines? "));
    EXPECT(str_ends(err.text, "..."));
}

TEST(a_buffer_refuses_what_exceeds_its_maximum_and_keeps_the_rest)
{
    OWN(buf) struct buf buf = {.max = 5};
    EXPECT(buf_add_text(&buf, "1234"));
    EXPECT(!buf_add_text(&buf, "56"));
    EXPECT(buf_add_text(&buf, "5"));
    EXPECT_STR(buf.data, "12345");
}

TEST(a_number_fills_the_string_and_is_within_its_bounds)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},    {"-9223372036854775808", true, INT64_MIN},
        {"", false, 0},    {"9223372036854775807", true, INT64_MAX},
        {"-", false, 0},   {"9223372036854775808", false, 0},
        {"12x", false, 0}, {" 1", false, 0},
        {"+1", false, 0},  {"007", true, 7},
        {"1e3", false, 0}, {NULL, false, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t value = 0;
        EXPECT_INT(str_int(rows[i].text, INT64_MIN, INT64_MAX, &value), rows[i].ok);
        EXPECT(value == rows[i].value);
    }
    int64_t value = 3;
    EXPECT(!str_int("11", 0, 10, &value));
    EXPECT_INT(value, 3);
}

TEST(utf8_is_refused_when_overlong_cut_or_a_surrogate)
{
    EXPECT(str_is_utf8(bytes_of("Euro € 😀")));
    EXPECT(!str_is_utf8(bytes_of("\xC0\xA0")));
    EXPECT(!str_is_utf8(bytes_of("\xE2\x82")));
    EXPECT(!str_is_utf8(bytes_of("\xED\xA0\x80")));
    EXPECT(!str_is_utf8(bytes_of("\xF4\x90\x80\x80")));
}

TEST(the_nearest_name_is_similar_or_null)
{
    static const char *const names[] = {"Channel", "Subscription", "Service"};
    EXPECT_STR(str_nearest("Chanel", names, ARRAY_SIZE(names)), "Channel");
    EXPECT_STR(str_nearest("service", names, ARRAY_SIZE(names)), "Service");
    EXPECT(str_nearest("Broker", names, ARRAY_SIZE(names)) == NULL);
}

TEST(base64_decodes_what_it_encodes)
{
    static const char *const texts[] = {"", "f", "fo", "foo", "foob", "Hello World"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        OWN(free) char *standard = base64_encode(bytes_of(texts[i]));
        OWN(free) char *url = base64_url_encode(bytes_of(texts[i]));
        OWN(buf) struct buf back = {0}, back_url = {0};
        EXPECT(base64_decode(bytes_of(standard), &back));
        EXPECT(base64_url_decode(bytes_of(url), &back_url));
        OWN(free) char *text = buf_take(&back);
        OWN(free) char *text_url = buf_take(&back_url);
        EXPECT_STR(text, texts[i]);
        EXPECT_STR(text_url, texts[i]);
    }
}

TEST(base64_with_invalid_characters_is_refused)
{
    static const char *const wrong[] = {
        "A", "SGVsbG8gV29ybGQ=!", "SGV sbG8=", "====", "A===", "SGVs\n"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        OWN(buf) struct buf out = {0};
        EXPECT(!base64_decode(bytes_of(wrong[i]), &out));
        EXPECT_INT(out.len, 0);
    }
    OWN(buf) struct buf out = {0};
    EXPECT(!base64_url_decode(bytes_of("+/=="), &out));
}

TEST(times_are_read_with_offsets_fractions_and_leap_seconds)
{
    static const struct {
        const char *text, *back;
    } rows[] = {
        {"2019-01-21T15:25:58.25Z", "2019-01-21T15:25:58.25Z"},
        {"2019-01-21t15:25:58z", "2019-01-21T15:25:58Z"},
        {"2019-01-21T15:25:58.1234567891Z", "2019-01-21T15:25:58.123456789Z"},
        {"2019-01-21T15:25:58+01:30", "2019-01-21T13:55:58Z"},
        {"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999999Z"},
        {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t time_ns;
        char text[TIMESTAMP_SIZE];
        EXPECT(timestamp_parse(rows[i].text, &time_ns));
        timestamp_format(time_ns, text);
        EXPECT_STR(text, rows[i].back);
    }
    static const char *const wrong[] = {"",
                                        "2019-01-21",
                                        "2019-02-29T00:00:00Z",
                                        "2019-13-01T00:00:00Z",
                                        "2019-01-21T15:25:58",
                                        "2019-01-21 15:25:58Z",
                                        "yesterday",
                                        "2019-01-21T15:25:58.Z",
                                        "2019-01-21T15:25:58Zx"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        EXPECT(!timestamp_parse(wrong[i], NULL));
}

TEST(the_first_missing_field_is_named_with_its_path)
{
    struct err err = {0};
    json_auto_t *tree =
        json_from_bytes(bytes_of("{\"responses\":[{\"labels\":[{\"score\":\"high\"}]}]}"),
                        "vision reply", ERR_UPSTREAM, &err);
    struct jread reply = jread_open(tree, "vision reply", ERR_UPSTREAM, &err);
    struct jread responses = jread_list(&reply, "responses");
    struct jread first = jread_item(&responses, 0);
    struct jread labels = jread_list(&first, "labels");
    struct jread label = jread_item(&labels, 0);
    EXPECT(jread_real(&label, "score") == 0);
    EXPECT_STR(jread_str(&label, "description"), "");
    EXPECT_INT(err.status, ERR_UPSTREAM);
    EXPECT_STR(err.text, "vision reply: responses[0].labels[0].score is a string, want a number");
}

TEST(lists_in_lists_are_read_too)
{
    struct err err = {0};
    json_auto_t *tree = json_from_bytes(bytes_of("{\"a\":[[\"x\"],7]}"), "object", ERR_INPUT, &err);
    struct jread object = jread_open(tree, "object", ERR_INPUT, &err);
    struct jread outer = jread_list(&object, "a");
    struct jread inner = jread_item_list(&outer, 0);
    EXPECT_STR(jread_item_str(&inner, 0), "x");
    jread_item_list(&outer, 1);
    EXPECT_STR(err.text, "object: a[1] is a number, want a list");
}

TEST(integers_are_read_from_numbers_and_strings)
{
    struct err err = {0};
    json_auto_t *tree = json_from_bytes(
        bytes_of("{\"a\":1589382953998973,\"b\":\"1589382953998973\"}"), "object", ERR_INPUT, &err);
    struct jread object = jread_open(tree, "object", ERR_INPUT, &err);
    EXPECT(jread_int64(&object, "a", 0, INT64_MAX) == 1589382953998973);
    EXPECT(jread_int64(&object, "b", 0, INT64_MAX) == 1589382953998973);
    EXPECT(jread_ok(&object));
}

TEST(json_that_nests_too_deep_is_refused)
{
    char deep[4001];
    memset(deep, '[', 2000);
    memset(deep + 2000, ']', 2000);
    deep[4000] = '\0';
    struct err err = {0};
    EXPECT(json_from_bytes(bytes_of(deep), "body", ERR_INPUT, &err) == NULL);
    EXPECT_STR(err.text, "body: nests deeper than 128 levels");
}

TEST(an_unknown_member_is_refused_with_the_nearest_name)
{
    static const char *const names[] = {"subscriber", "reply", "delivery"};
    struct err err = {0};
    json_auto_t *tree = json_pack("{s:{s:s}}", "spec", "sbscriber", "x");
    struct jread root = jread_open(tree, "subscription", ERR_INPUT, &err);
    struct jread spec = jread_obj(&root, "spec");
    EXPECT(!jread_only(&spec, names, ARRAY_SIZE(names)));
    EXPECT_STR(err.text, "subscription: spec.sbscriber is not known; did you mean subscriber?");
}
