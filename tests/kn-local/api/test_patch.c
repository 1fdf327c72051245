/* SPDX-License-Identifier: Apache-2.0 */
/* Patches: merge, strategic, JSON patch, and server-side apply. */
#include "base/json/jread.h"
#include "base/str.h"
#include "kn-local/api/json_patch.h"
#include "kn-local/api/managed_fields.h"
#include "kn-local/api/merge_patch.h"
#include "tests/helpers/test.h"

static json_t *tree(const char *text)
{
    struct err err = {0};
    json_t *parsed = json_from_bytes(bytes_of(text), "test", ERR_INPUT, &err);
    EXPECT(parsed != NULL);
    return parsed;
}

/* The result as text, or the error's. */
static char *text_of(json_t *taken, const struct err *err)
{
    json_auto_t *result = taken;
    return result ? json_to_text(result) : str_copy(err->text);
}

/* The examples of RFC 7396, appendix A, and what they leave open. */
TEST(a_merge_patch_follows_its_rfc)
{
    static const struct {
        const char *target, *patch, *result;
    } rows[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_auto_t *target = tree(rows[i].target);
        json_auto_t *patch = tree(rows[i].patch);
        OWN(free) char *result = text_of(merge_patch_apply(target, patch), NULL);
        EXPECT_STR(result, rows[i].result);
    }
}

TEST(a_patch_does_not_change_its_target)
{
    json_auto_t *target = tree("{\"a\":{\"b\":[1]}}");
    json_auto_t *patch = tree("{\"a\":{\"b\":null,\"c\":2}}");
    json_decref(merge_patch_apply(target, patch));
    OWN(free) char *text = json_to_text(target);
    EXPECT_STR(text, "{\"a\":{\"b\":[1]}}");
}

TEST(a_strategic_patch_merges_lists_by_name)
{
    static const struct {
        const char *target, *patch, *result;
    } rows[] = {
        {"{\"l\":[{\"name\":\"a\",\"v\":1},{\"name\":\"b\"}]}",
         "{\"l\":[{\"name\":\"a\",\"v\":2},{\"name\":\"c\"}]}",
         "{\"l\":[{\"name\":\"a\",\"v\":2},{\"name\":\"b\"},{\"name\":\"c\"}]}"},
        {"{\"l\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
         "{\"l\":[{\"name\":\"a\",\"$patch\":\"delete\"}]}", "{\"l\":[{\"name\":\"b\"}]}"},
        {"{\"l\":[1,2]}", "{\"l\":[3]}", "{\"l\":[3]}"},
        {"{\"l\":[\"x\",\"y\"]}", "{\"$deleteFromPrimitiveList/l\":[\"x\"]}", "{\"l\":[\"y\"]}"},
        {"{\"a\":1,\"b\":2}", "{\"$patch\":\"replace\",\"c\":3}", "{\"c\":3}"},
        {"{\"a\":1,\"b\":2}", "{\"$retainKeys\":[\"b\"]}", "{\"b\":2}"},
        {"{\"l\":[{\"name\":\"a\"}]}", "{\"$setElementOrder/l\":[{\"name\":\"a\"}],\"x\":null}",
         "{\"l\":[{\"name\":\"a\"}]}"},
        {"{}", "{\"$nonsense\":1}", "unknown patch directive $nonsense"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        json_auto_t *target = tree(rows[i].target);
        json_auto_t *patch = tree(rows[i].patch);
        OWN(free) char *result = text_of(merge_patch_apply_strategic(target, patch, &err), &err);
        EXPECT_STR(result, rows[i].result);
    }
}

TEST(a_json_patch_follows_its_rfc)
{
    static const struct {
        const char *target, *patch, *result;
    } rows[] = {
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":2}]", "{\"a\":1,\"b\":2}"},
        {"{\"l\":[1,3]}", "[{\"op\":\"add\",\"path\":\"/l/1\",\"value\":2}]", "{\"l\":[1,2,3]}"},
        {"{\"l\":[1]}", "[{\"op\":\"add\",\"path\":\"/l/-\",\"value\":2}]", "{\"l\":[1,2]}"},
        {"{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}"},
        {"{\"a/b\":1}", "[{\"op\":\"replace\",\"path\":\"/a~1b\",\"value\":2}]", "{\"a/b\":2}"},
        {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}]", "{\"b\":1}"},
        {"{\"a\":{\"c\":1}}", "[{\"op\":\"copy\",\"from\":\"/a/c\",\"path\":\"/b\"}]",
         "{\"a\":{\"c\":1},\"b\":1}"},
        {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1}]", "{\"a\":1}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        json_auto_t *target = tree(rows[i].target);
        json_auto_t *patch = tree(rows[i].patch);
        OWN(free) char *result = text_of(json_patch_apply(target, patch, &err), &err);
        EXPECT_STR(result, rows[i].result);
    }
}

TEST(a_json_patch_that_fails_is_refused)
{
    static const char *const patches[] = {
        "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]",
        "[{\"op\":\"remove\",\"path\":\"/b\"}]",
        "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/l/7\",\"value\":1}]",
        "[{\"op\":\"remove\",\"path\":\"/l/-\"}]",
        "[{\"op\":\"remove\",\"path\":\"\"}]",
        "[{\"op\":\"add\",\"path\":\"/x\"}]",
        "[{\"op\":\"grow\",\"path\":\"/a\",\"value\":1}]",
        "[{\"path\":\"/a\"}]",
        "{\"op\":\"test\"}",
    };
    json_auto_t *target = tree("{\"a\":1,\"l\":[1]}");
    for (size_t i = 0; i < ARRAY_SIZE(patches); i++) {
        struct err err = {0};
        json_auto_t *patch = tree(patches[i]);
        EXPECT(json_patch_apply(target, patch, &err) == NULL);
        EXPECT(err.status == 422 || err.status == ERR_INPUT);
    }
}

static const char first_config[] = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
                                   "\"name\":\"c\"},\"data\":{\"a\":\"1\",\"b\":\"2\"}}";
static const char second_config[] = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
                                    "\"name\":\"c\"},\"data\":{\"a\":\"9\"}}";

static json_t *apply(const json_t *before, const char *config, const char *manager, bool force,
                     struct err *err)
{
    json_auto_t *applied = tree(config);
    return managed_fields_apply(before, applied, manager, force, err);
}

static void expect_data(const json_t *object, const char *want)
{
    OWN(free) char *data = json_to_text(json_object_get(object, "data"));
    EXPECT_STR(data, want);
}

TEST(a_field_that_a_manager_no_longer_applies_is_removed)
{
    struct err err = {0};
    json_auto_t *first = apply(NULL, first_config, "me", false, &err);
    json_auto_t *second = apply(first, second_config, "me", false, &err);
    expect_data(second, "{\"a\":\"9\"}");
}

TEST(fields_of_other_managers_are_kept)
{
    struct err err = {0};
    json_auto_t *first = apply(NULL, first_config, "me", false, &err);
    json_auto_t *second = apply(first, second_config, "you", true, &err);
    expect_data(second, "{\"a\":\"9\",\"b\":\"2\"}");
}

TEST(two_managers_that_apply_different_values_conflict)
{
    struct err err = {0};
    json_auto_t *first = apply(NULL, first_config, "me", false, &err);
    EXPECT(apply(first, second_config, "you", false, &err) == NULL);
    EXPECT_INT(err.status, ERR_CONFLICT);
    EXPECT_STR(err.text, "Apply failed with 1 conflict: conflict with \"me\": .data.a");
}
