/* SPDX-License-Identifier: Apache-2.0 */
/* JSON without a tree, and paths in a tree. */
#include "base/json/jread.h"
#include "base/json/json_at.h"
#include "base/json/json_plain.h"
#include "base/json/json_scanner.h"
#include "base/str.h"
#include "tests/helpers/test.h"

/* The string that a document holds, or NULL when the scanner refuses it. The caller frees. */
static char *scan_string(const char *text, bool escapes)
{
    OWN(buf) struct buf room = {0};
    struct bytes string;
    struct json_scanner scanner = json_scanner_open(bytes_of(text));
    return json_scanner_string(&scanner, escapes ? &room : NULL, &string) &&
                   json_scanner_at_end(&scanner)
               ? str_copy_bytes(string)
               : NULL;
}

TEST(strings_are_unescaped)
{
    static const struct {
        const char *text, *string;
    } cases[] = {
        {"\"\"", ""},
        {" \"plain\" ", "plain"},
        {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"", "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\"\xc3\xa4\"", "\xc3\xa4"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        OWN(free) char *string = scan_string(cases[i].text, true);
        EXPECT_STR(string, cases[i].string);
    }
}

TEST(strings_that_are_not_valid_are_refused)
{
    static const char *const cases[] = {
        "\"open",
        "\"line\nbreak\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\u0000\"",
        "\"\xff\"",
        "\"\xed\xa0\x80\"",
        "\"\\n\xc0\xaf\"",
        "word",
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        OWN(free) char *string = scan_string(cases[i], true);
        EXPECT(string == NULL);
    }
}

TEST(without_room_an_escape_is_a_failure)
{
    OWN(free) char *plain = scan_string("\"\xc3\xa4\"", false);
    OWN(free) char *escaped = scan_string("\"\\n\"", false);
    EXPECT(plain && !escaped);
}

TEST(objects_and_lists_are_walked)
{
    struct json_scanner scanner =
        json_scanner_open(bytes_of(" { \"a\" : [ 1, -2.5e3 , true ] , \"b\" : null } "));
    struct bytes text;
    bool first = true, first_item = true;
    OWN(buf) struct buf seen = {0};
    EXPECT(json_scanner_expect(&scanner, '{'));
    while (json_scanner_next(&scanner, '}', &first) && json_scanner_name(&scanner, NULL, &text)) {
        buf_add(&seen, text.data, text.len);
        if (json_scanner_literal(&scanner, "null") || !json_scanner_expect(&scanner, '['))
            continue;
        while (json_scanner_next(&scanner, ']', &first_item) &&
               json_scanner_primitive(&scanner, &text))
            buf_add_format(&seen, "(%.*s)", (int)text.len, text.data);
    }
    EXPECT(json_scanner_at_end(&scanner));
    EXPECT_STR(seen.data, "a(1)(-2.5e3)(true)b");
}

TEST(a_failure_is_kept)
{
    struct json_scanner scanner = json_scanner_open(bytes_of("[1 2]"));
    struct bytes text;
    bool first = true;
    size_t count = 0;
    EXPECT(json_scanner_expect(&scanner, '['));
    while (json_scanner_next(&scanner, ']', &first) && json_scanner_primitive(&scanner, &text))
        count++;
    EXPECT_INT(count, 1);
    EXPECT(!json_scanner_take(&scanner, '2') && !json_scanner_at_end(&scanner));
}

TEST(numbers_follow_the_grammar)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"0", true},     {"-0", true},  {"10", true},     {"1.5", true}, {"1e-7", true},
                 {"false", true}, {"01", false}, {"1.", false},    {".5", false}, {"+1", false},
                 {"-", false},    {"1e", false}, {"truex", false}, {"nul", false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct json_scanner scanner = json_scanner_open(bytes_of(cases[i].text));
        struct bytes text;
        EXPECT_INT(json_scanner_primitive(&scanner, &text) && json_scanner_at_end(&scanner),
                   cases[i].valid);
    }
}

TEST(plain_json_is_read_as_jansson_reads_it)
{
    static const char *const texts[] = {
        "{\"message\":{\"data\":\"SGk=\",\"attributes\":{\"a\":\"b\"}},\"deliveryAttempt\":3}",
        " { \"z\" : [ 1 , -2 , 0, true,false,null,[],{} ] , \"a\" : \"~ \" }\r\n\t",
        "\"text\"",
        "-123456789012345678",
        "[\"\",[[1]]]",
        "{\"\xC3\xA9\":\"\x7F\xF0\x9F\x98\x80\"}",
        "{\"\":\"\"}",
        "null",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        json_auto_t *plain = json_plain_parse(bytes_of(texts[i]));
        json_auto_t *tree = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        OWN(free) char *ours = json_to_text(plain), *theirs = json_to_text(tree);
        EXPECT_STR(ours, theirs);
    }
}

TEST(json_that_is_wrong_or_unusual_is_not_plain)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{,}",
        "{1:2}",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[1 2]",
        "[1}",
        "{}]",
        "{} {}",
        "tru",
        "nullx",
        "\"a",
        "\"a\\n\"",
        "\"\t\"",
        "\"\xFF\"",
        "-",
        "01",
        "1.5",
        "1e3",
        "1234567890123456789",
        "+1",
        "{\"a\":1,\"a\":2}",
        "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        EXPECT(json_plain_parse(bytes_of(texts[i])) == NULL);
    EXPECT(json_plain_parse((struct bytes){"\"a\0b\"", 5}) == NULL);
}

TEST(a_path_leads_to_a_value)
{
    json_auto_t *tree = json_loads("{\"spec\": {\"reply\": {\"ref\": {\"name\": \"events\"}},"
                                   " \"list\": [[], [7, {\"on\": true}]], \"count\": 3}}",
                                   0, NULL);
    EXPECT_STR(json_text_at(tree, "spec.reply.ref.name"), "events");
    EXPECT_INT(json_int_at(tree, "spec.count", -1), 3);
    EXPECT_INT(json_int_at(tree, "spec.list[1][0]", -1), 7);
    EXPECT(json_bool_at(tree, "spec.list[1][1].on"));
    EXPECT(json_at(tree, "") == tree);
    EXPECT(json_is_array(json_at(tree, "spec.list")));
}

TEST(a_path_that_leads_nowhere_gives_nothing)
{
    json_auto_t *tree = json_loads("{\"spec\": {\"name\": 5, \"list\": [1]}}", 0, NULL);
    static const char *const paths[] = {"spec.nam",    "spec.names", "spec.name.x", "spec.list[1]",
                                        "spec.list.x", "spec[0]",    "status",      "spec.name[0]"};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        EXPECT(json_at(tree, paths[i]) == NULL);
    EXPECT(json_text_at(tree, "spec.name") == NULL && json_text_at(NULL, "spec") == NULL);
    EXPECT(!json_bool_at(tree, "spec.name"));
    EXPECT_INT(json_int_at(tree, "spec.none", 4), 4);
}
