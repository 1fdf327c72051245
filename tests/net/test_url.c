/* SPDX-License-Identifier: Apache-2.0 */
/* net/url.c: percent coding, queries, the parts of a URL. */
#include "base/str.h"
#include "net/url.h"
#include "tests/helpers/test.h"

TEST(encoding_keeps_only_unreserved_characters)
{
    OWN(free) char *text = url_encode_text("a b/Ä+%~-._0Z");
    EXPECT_STR(text, "a%20b%2F%C3%84%2B%25~-._0Z");
    OWN(free) char *empty = url_encode((struct bytes){0});
    EXPECT_STR(empty, "");
}

TEST(decoding_undoes_encoding_once)
{
    static const struct {
        const char *text;
        bool plus_is_space;
        const char *decoded; /* NULL: refused */
    } rows[] = {
        {"a%20b%2Fc", false, "a b/c"}, {"a+b", false, "a+b"},
        {"a+b", true, "a b"},          {"a%2Bb", true, "a+b"},
        {"%252F", false, "%2F"},       {"100%", false, "100%"},
        {"%4", false, "%4"},           {"%zz%41", false, "%zzA"},
        {"%c3%A4", false, "\xc3\xa4"}, {"", false, ""},
        {"a%00b", false, NULL},        {"%C3", false, NULL},
        {"%ed%a0%80", false, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *decoded = url_decode(bytes_of(rows[i].text), rows[i].plus_is_space);
        if (rows[i].decoded)
            EXPECT_STR(decoded ? decoded : "(refused)", rows[i].decoded);
        else
            EXPECT(decoded == NULL);
    }
}

TEST(a_query_gives_the_first_value_of_a_name)
{
    static const struct {
        const char *query, *name, *value; /* NULL: absent */
    } rows[] = {
        {"name=a+b%2Fc&name=second", "name", "a b/c"},
        {"a=1&&b=2&", "b", "2"},
        {"alt", "alt", ""},
        {"alt=", "alt", ""},
        {"a=b=c", "a", "b=c"},
        {"%6e=1", "n", "1"},
        {"=x", "", "x"},
        {"bad%FF=1&good=2", "good", "2"},
        {"good=%FF", "good", NULL},
        {"names=1", "name", NULL},
        {"", "name", NULL},
        {NULL, "name", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *value = url_query_get(rows[i].query, rows[i].name);
        if (rows[i].value)
            EXPECT_STR(value ? value : "(absent)", rows[i].value);
        else
            EXPECT(value == NULL);
    }
}

static void list_parameter(const char *name, const char *value, void *to)
{
    buf_add_format(to, "[%s|%s]", name, value);
}

TEST(a_walk_over_a_query_sees_every_parameter_in_order)
{
    OWN(buf) struct buf seen = {0};
    EXPECT(url_query_each(bytes_of("b=2&a=x+y&&b=%26"), list_parameter, &seen));
    EXPECT_STR(seen.data, "[b|2][a|x y][b|&]");
    EXPECT(url_query_each((struct bytes){0}, list_parameter, &seen));
}

TEST(a_walk_ends_at_a_parameter_that_cannot_be_decoded)
{
    OWN(buf) struct buf seen = {0};
    EXPECT(!url_query_each(bytes_of("a=1&b=%00&c=3"), list_parameter, &seen));
    EXPECT_STR(seen.data, "[a|1]");
}

TEST(a_url_is_split_into_its_parts)
{
    static const struct {
        const char *text, *host, *target;
        int port;
        bool tls;
    } rows[] = {
        {"http://Sink.Example:8080/a%2Fb?x=1&y#z", "sink.example", "/a%2Fb?x=1&y", 8080, false},
        {"HTTPS://host", "host", "/", 443, true},
        {"http://host?q=/", "host", "/?q=/", 80, false},
        {"http://host#top", "host", "/", 80, false},
        {"http://host:/p", "host", "/p", 80, false},
        {"http://127.0.0.1:65535/", "127.0.0.1", "/", 65535, false},
        {"http://[::1]:81/x", "::1", "/x", 81, false},
        {"http://[FE80::1]", "fe80::1", "/", 80, false},
        {"http://a_b-c~d.e/@:", "a_b-c~d.e", "/@:", 80, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(url) struct url url = {0};
        EXPECT(url_parse(rows[i].text, &url));
        EXPECT_STR(url.host, rows[i].host);
        EXPECT_STR(url.target, rows[i].target);
        EXPECT_INT(url.port, rows[i].port);
        EXPECT_INT(url.tls, rows[i].tls);
    }
}

TEST(a_string_that_is_not_an_absolute_http_url_is_refused)
{
    static const char *const texts[] = {
        "",
        "host",
        "host:80/",
        "/path",
        "//host/",
        "ftp://host/",
        "file:///etc/passwd",
        "http:/host",
        "http://",
        "http:///x",
        "http://:80/",
        "http://host:0/",
        "http://host:65536/",
        "http://host:8o/",
        "http://host:-1/",
        "http://user@host/",
        "http://user:word@host/",
        "http://host/a b",
        "http://host/\r\nX: y",
        "http://host\t/",
        " http://host/",
        "http://host\\@other/",
        "http://h%6fst/",
        "http://[::1",
        "http://[::g]/",
        "http://[]/",
        "http://[::1]x/",
        "http://h\xc3\xb6st/",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct url url = {0};
        if (url_parse(texts[i], &url))
            fail_msg("%s was taken", texts[i]);
        EXPECT(url.host == NULL && url.target == NULL);
    }
}
