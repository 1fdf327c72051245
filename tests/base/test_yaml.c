/* SPDX-License-Identifier: Apache-2.0 */
/* YAML documents as JSON trees: types, places, and what is refused. */
#include "base/json/jread.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "tests/helpers/test.h"

#include <string.h>

static void expect_json(const char *yaml, const char *json)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(yaml_read(bytes_of(yaml), "x.yaml", &docs, &err));
    EXPECT_INT(docs.count, 1);
    OWN(free) char *text = json_to_text(docs.list[0].tree);
    EXPECT_STR(text, json);
}

static void expect_refused(const char *yaml, const char *message)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(!yaml_read(bytes_of(yaml), "x.yaml", &docs, &err));
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_HAS(err.text, message);
}

TEST(maps_lists_and_strings_become_json)
{
    expect_json("a: b\nc:\n  - d\n  - e: {f: g}\n",
                "{\"a\":\"b\",\"c\":[\"d\",{\"e\":{\"f\":\"g\"}}]}");
}

TEST(plain_scalars_have_the_core_types_of_yaml_1_2)
{
    expect_json("[1, -2, +3, 0x1F, 0o17, 010, 1.5, .5, 1e3, 12.]",
                "[1,-2,3,31,15,10,1.5,0.5,1000.0,12.0]");
    expect_json("[true, False, TRUE, null, ~, ]", "[true,false,true,null,null]");
    expect_json(
        "[yes, no, on, off, 1_000, 1:30, 0b1, 0x, ., 1e, tRue]",
        "[\"yes\",\"no\",\"on\",\"off\",\"1_000\",\"1:30\",\"0b1\",\"0x\",\".\",\"1e\",\"tRue\"]");
    expect_json("[\"1\", 'true', !!str 5, !!int 5]", "[\"1\",\"true\",\"5\",5]");
    expect_json("a:\nb: 99999999999999999999\n", "{\"a\":null,\"b\":1e20}");
}

TEST(block_scalars_keep_their_lines)
{
    expect_json("a: |\n  one\n  two\nb: >-\n  three\n  four\n",
                "{\"a\":\"one\\ntwo\\n\",\"b\":\"three four\"}");
}

TEST(anchors_repeat_and_merge_keys_fill_in)
{
    expect_json("a: &x {k: 1}\nb: *x\n", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}");
    expect_json("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n",
                "{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":3,\"l\":2}}");
}

TEST(a_text_can_have_several_documents)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(yaml_read(bytes_of("# first\na: 1\n---\n---\nb: 2\n...\n"), "x", &docs, &err));
    EXPECT_INT(docs.count, 3);
    EXPECT(json_is_null(docs.list[1].tree));
    EXPECT_INT(yaml_line(&docs.list[2], "b"), 5);
}

TEST(an_empty_text_has_no_document)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(yaml_read((struct bytes){NULL, 0}, "x", &docs, &err));
    EXPECT_INT(docs.count, 0);
}

TEST(documents_before_an_invalid_one_are_kept)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(!yaml_read(bytes_of("a: 1\n---\nb: [1\nc: 2\n"), "two.yaml", &docs, &err));
    EXPECT_INT(docs.count, 1);
    EXPECT_HAS(err.text, "two.yaml:4: ");
}

TEST(each_value_has_its_line)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(yaml_read(bytes_of("kind: X\nspec:\n  list:\n  - name: a\n  - name: b\n    other: c\n"),
                     "x", &docs, &err));
    EXPECT_INT(yaml_line(&docs.list[0], "kind"), 1);
    EXPECT_INT(yaml_line(&docs.list[0], "spec.list[1]"), 5);
    EXPECT_INT(yaml_line(&docs.list[0], "spec.list[1].other"), 6);
    EXPECT_INT(yaml_line(&docs.list[0], "spec.list[0].missing"), 4);
    EXPECT_INT(yaml_line(&docs.list[0], "nothing.like.it"), 1);
}

TEST(invalid_yaml_is_refused_with_its_line)
{
    expect_refused("a: 1\n\tb: 2\n", "x.yaml:2: is indented with a tab; use spaces");
    expect_refused("a:\n  - b\n \t- c\n", "x.yaml:3: is indented with a tab; use spaces");
    expect_refused("a: 1\na: 2\n", "x.yaml:2: duplicate key a");
    expect_refused("a: *b\n", "x.yaml:1: is an alias of an unknown anchor: b");
    expect_refused("a: !thing b\n", "x.yaml:1: has an unknown tag: !thing");
    expect_refused("? [a]\n: b\n", "x.yaml:1: a key must be a string");
    expect_refused("a: \"x\\0y\"\n", "x.yaml:1: has a NUL character");
    expect_refused("ok: 1\na: .nan\n", "x.yaml:2: is a number that JSON cannot represent: .nan");
    expect_refused("ok: 1\nb: \xff\n", "x.yaml:2: ");
    expect_refused("a: b: c\n", "x.yaml:1: ");
    expect_refused("a:\n  <<: 5\n", "<< must be a map");
    expect_refused("a: &a [*a]\n", "is an alias of an unknown anchor: a");
}

TEST(a_billion_laughs_are_refused)
{
    OWN(buf) struct buf text = {0};
    buf_add_text(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 10; i++)
        buf_add_format(&text, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
                       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    expect_refused(text.data, "aliases that repeat too many");
}

TEST(too_deep_a_nesting_is_refused)
{
    char deep[1001] = {0};
    memset(deep, '[', sizeof(deep) - 1);
    expect_refused(deep, "is nested too deeply");
}

TEST(a_text_of_a_megabyte_is_read_whole)
{
    enum { LEN = 1 << 20 };
    OWN(buf) struct buf text = {0};
    buf_add_text(&text, "a: ");
    memset(buf_reserve(&text, LEN), 'x', LEN);
    text.len += LEN;
    buf_add_text(&text, "\n");
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(yaml_read(buf_bytes(&text), "x", &docs, &err));
    EXPECT_INT(json_string_length(json_object_get(docs.list[0].tree, "a")), LEN);
}

TEST(a_byte_order_mark_is_not_counted_as_a_column)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    EXPECT(yaml_read(bytes_of("\xef\xbb\xbf"
                              "a: 1\nb: 2\n"),
                     "x", &docs, &err));
    EXPECT_INT(json_object_size(docs.list[0].tree), 2);
}
