/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/pubsub/filter: the filter language. */
#include "gcp-local/pubsub/engine/filter.h"

#include "base/str.h"
#include "tests/helpers/test.h"

#include <string.h>

/* A message with name=a, lang=en, "iana.org/tag"=x and empty="". */
static struct stored_message *sample(void)
{
    OWN(buf) struct buf attributes = {0};
    stored_message_pack_attribute(&attributes, "name", "a");
    stored_message_pack_attribute(&attributes, "lang", "en-us");
    stored_message_pack_attribute(&attributes, "iana.org/tag", "x\"y");
    stored_message_pack_attribute(&attributes, "empty", "");
    stored_message_pack_attribute(&attributes, "ce-type", "é😀");
    return stored_message_new((struct bytes){0}, buf_bytes(&attributes), 5, (struct bytes){0});
}

TEST(a_filter_matches_by_attributes)
{
    static const struct {
        const char *filter;
        bool matches;
    } rows[] = {
        {"attributes:name", true},
        {"attributes:none", false},
        {"attributes.name = \"a\"", true},
        {"attributes.name=\"b\"", false},
        {"attributes.none = \"\"", false},
        {"attributes.empty = \"\"", true},
        {"attributes.name != \"a\"", false},
        {"attributes.name != \"b\"", true},
        {"attributes.none != \"b\"", true},
        {"hasPrefix(attributes.lang, \"en\")", true},
        {"hasPrefix( attributes.lang , \"us\" )", false},
        {"hasPrefix(attributes.none, \"\")", false},
        {"NOT attributes:name", false},
        {"NOT attributes:none", true},
        {"-attributes:none", true},
        {"NOT NOT attributes:name", true},
        {"- -attributes:name", true},
        {"NOT attributes:none AND attributes:name", true},
        {"attributes:name AND attributes:lang AND attributes:empty", true},
        {"attributes:name AND attributes:none", false},
        {"attributes:none OR attributes:name", true},
        {"attributes:none OR attributes:void OR attributes:nix", false},
        {"(attributes:none OR attributes:name) AND attributes:lang", true},
        {"attributes:name AND (attributes:none OR NOT attributes:lang)", false},
        {"NOT (attributes:none OR attributes:void)", true},
        {"((attributes:name))", true},
        {"attributes:\"iana.org/tag\"", true},
        {"attributes.\"iana.org/tag\" = \"x\\\"y\"", true},
        {"attributes.ce-type = \"\\u00e9\\U0001F600\"", true},
        {"hasPrefix(attributes.ce-type, \"\\xe9\")", true},
        {"\tattributes : name\n", true},
        {"attributes:name AND\nattributes:lang", true},
    };
    struct stored_message *message = sample();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        struct filter *filter = filter_parse(rows[i].filter, &err);
        if (!filter || filter_matches(filter, message) != rows[i].matches)
            print_error("%s: %s\n", rows[i].filter, err.text);
        EXPECT(filter);
        EXPECT_INT(filter_matches(filter, message), rows[i].matches);
        filter_free(filter);
    }
    stored_message_unref(message);
}

TEST(an_invalid_filter_is_refused_with_the_position)
{
    static const struct {
        const char *filter, *says;
    } rows[] = {
        {"", "expected attributes, hasPrefix, NOT or '(' at byte 0"},
        {"foo", "at byte 0"},
        {"attributes", "'.' or ':' after attributes at byte 10"},
        {"attributes.", "an attribute's name at byte 11"},
        {"attributes.x", "= or != after the attribute"},
        {"attributes.x = ", "a string in double quotes"},
        {"attributes.x = y", "a string in double quotes"},
        {"attributes.x = 'y'", "a string in double quotes"},
        {"attributes.x = \"y", "the end of a string"},
        {"attributes.x = \"\\q\"", "the end of a string"},
        {"attributes.x = \"\\ud83d\"", "the end of a string"},
        {"attributes.x = \"\\u00\"", "the end of a string"},
        {"attributes.x == \"y\"", "a string in double quotes"},
        {"attributes.x < \"y\"", "= or !="},
        {"attributes:x attributes:y", "AND, OR or the end"},
        {"attributes:x and attributes:y", "AND, OR or the end"},
        {"attributes:x AND", "expected attributes"},
        {"attributes:x AND attributes:y OR attributes:z", "parentheses where AND and OR meet"},
        {"(attributes:x", "')'"},
        {"attributes:x)", "AND, OR or the end"},
        {"hasPrefix(attributes.x)", "a comma"},
        {"hasPrefix(attributes:x, \"y\")", "after hasPrefix"},
        {"hasPrefix attributes.x", "after hasPrefix"},
        {"hasPrefix(attributes.x, \"y\"", "')'"},
        {"NOTattributes:x", "expected attributes"},
        {"data = \"x\"", "expected attributes"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        EXPECT(!filter_parse(rows[i].filter, &err));
        EXPECT_INT(err.status, ERR_INPUT);
        EXPECT_HAS(err.text, rows[i].says);
    }
}

TEST(a_filter_has_at_most_256_bytes)
{
    struct err err = {0};
    char text[300] = "attributes:";
    memset(text + 11, 'x', 245);
    struct filter *filter = filter_parse(text, &err);
    EXPECT(filter);
    filter_free(filter);
    strcat(text, "x");
    EXPECT(!filter_parse(text, &err));
    EXPECT_HAS(err.text, "257 bytes");
}
