/* SPDX-License-Identifier: Apache-2.0 */
/* The object store: versions, conflicts, status, ownership, watching, and life after a restart. */
#include "base/file.h"
#include "base/str.h"
#include "kn-local/kinds/schema.h"
#include "kn-local/store/object_store.h"
#include "tests/helpers/test.h"

#include <stdlib.h>
#include <string.h>

static json_t *config(const char *name, const char *value)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s}}", "apiVersion", "v1", "kind", "ConfigMap",
                     "metadata", "name", name, "namespace", "default", "data", "key", value);
}

static struct object_key key_of(const char *name)
{
    return (struct object_key){&kind_config_map, "default", name};
}

static json_t *create(struct object_store *objects, const char *name)
{
    struct err err = {0};
    struct object_key key = key_of(name);
    return object_store_create_new(objects, &key, config(name, "1"), &err);
}

static struct object_store *memory(void)
{
    struct err err = {0};
    return object_store_open(NULL, &err);
}

TEST(a_new_object_gets_uid_version_generation_and_time)
{
    OWN(object_store) struct object_store *objects = memory();
    json_auto_t *made = create(objects, "a");
    EXPECT_INT(strlen(object_uid(made)), 36);
    EXPECT_INT(object_generation(made), 1);
    EXPECT(*object_meta(made, "resourceVersion"));
    EXPECT(*object_meta(made, "creationTimestamp"));
}

TEST(a_name_can_be_used_once)
{
    OWN(object_store) struct object_store *objects = memory();
    json_decref(create(objects, "a"));
    struct err err = {0};
    struct object_key key = key_of("a");
    EXPECT(!object_store_create_new(objects, &key, config("a", "2"), &err));
    EXPECT_STR(err.reason, "AlreadyExists");
    EXPECT_STR(err.text, "configmaps \"a\" already exists");
}

TEST(an_equal_object_changes_nothing)
{
    OWN(object_store) struct object_store *objects = memory();
    json_auto_t *made = create(objects, "a");
    struct err err = {0};
    struct object_key key = key_of("a");
    json_auto_t *again = object_store_update_new(objects, &key, config("a", "1"), &err);
    EXPECT_STR(object_meta(again, "resourceVersion"), object_meta(made, "resourceVersion"));
    EXPECT_INT(object_generation(again), 1);
}

TEST(a_change_counts_up_version_and_generation)
{
    OWN(object_store) struct object_store *objects = memory();
    json_auto_t *made = create(objects, "a");
    struct err err = {0};
    struct object_key key = key_of("a");
    json_auto_t *changed = object_store_update_new(objects, &key, config("a", "2"), &err);
    EXPECT(
        !str_equal(object_meta(changed, "resourceVersion"), object_meta(made, "resourceVersion")));
    EXPECT_INT(object_generation(changed), 2);
    EXPECT_STR(object_uid(changed), object_uid(made));
}

TEST(a_returned_tree_never_changes)
{
    OWN(object_store) struct object_store *objects = memory();
    json_auto_t *made = create(objects, "a");
    json_auto_t *copy = json_deep_copy(made);
    json_t *next = json_copy(made); /* shares its metadata */
    json_object_set_new(next, "data", json_pack("{s:s}", "key", "2"));
    struct err err = {0};
    struct object_key key = key_of("a");
    json_auto_t *changed = object_store_update_new(objects, &key, next, &err);
    json_decref(object_store_set_status_new(objects, &key, json_object(), &err));
    EXPECT_INT(object_generation(changed), 2);
    EXPECT(json_equal(made, copy));
}

TEST(a_change_of_an_older_version_is_refused)
{
    OWN(object_store) struct object_store *objects = memory();
    json_auto_t *made = create(objects, "a");
    struct err err = {0};
    struct object_key key = key_of("a");
    json_decref(object_store_update_new(objects, &key, config("a", "2"), &err));
    EXPECT(!object_store_update_new(objects, &key, json_deep_copy(made), &err));
    EXPECT_INT(err.status, ERR_CONFLICT);
    EXPECT_STR(err.reason, "Conflict");
}

TEST(status_is_changed_apart_from_the_rest)
{
    OWN(object_store) struct object_store *objects = memory();
    json_decref(create(objects, "a"));
    struct err err = {0};
    struct object_key key = key_of("a");
    json_decref(object_store_set_status_new(objects, &key, json_pack("{s:i}", "n", 1), &err));
    json_auto_t *changed = object_store_update_new(objects, &key, config("a", "2"), &err);
    EXPECT_INT(json_integer_value(json_object_get(json_object_get(changed, "status"), "n")), 1);
    json_auto_t *status =
        object_store_set_status_new(objects, &key, json_pack("{s:i}", "n", 2), &err);
    EXPECT_INT(object_generation(status), 2);
}

TEST(an_object_is_deleted_with_what_it_owns)
{
    OWN(object_store) struct object_store *objects = memory();
    json_auto_t *owner = create(objects, "owner");
    json_t *owned = config("owned", "1");
    json_object_set_new(json_object_get(owned, "metadata"), "ownerReferences",
                        json_pack("[{s:s}]", "uid", object_uid(owner)));
    struct err err = {0};
    struct object_key key = key_of("owned");
    json_decref(object_store_create_new(objects, &key, owned, &err));
    struct object_key owner_key = key_of("owner");
    json_decref(object_store_delete(objects, &owner_key, &err));
    EXPECT(object_store_get(objects, &key) == NULL);
}

TEST(a_missing_object_cannot_be_changed_or_deleted)
{
    OWN(object_store) struct object_store *objects = memory();
    struct object_key key = key_of("a");
    struct err err = {0};
    EXPECT(!object_store_delete(objects, &key, &err));
    EXPECT_STR(err.text, "configmaps \"a\" not found");
    struct err other = {0};
    EXPECT(!object_store_update_new(objects, &key, config("a", "1"), &other));
    EXPECT_STR(other.reason, "NotFound");
}

TEST(lists_are_sorted_and_of_one_namespace)
{
    OWN(object_store) struct object_store *objects = memory();
    json_decref(create(objects, "b"));
    json_decref(create(objects, "a"));
    struct err err = {0};
    struct object_key key = {&kind_config_map, "other", "c"};
    json_t *other = config("c", "1");
    json_object_set_new(json_object_get(other, "metadata"), "namespace", json_string("other"));
    json_decref(object_store_create_new(objects, &key, other, &err));
    json_auto_t *all = object_store_list(objects, &kind_config_map, NULL, NULL);
    json_auto_t *some = object_store_list(objects, &kind_config_map, "default", NULL);
    EXPECT_INT(json_array_size(all), 3);
    EXPECT_INT(json_array_size(some), 2);
    EXPECT_STR(object_name(json_array_get(some, 0)), "a");
}

static void count(void *context)
{
    ++*(int *)context;
}

/* The changes that are queued for a watch, each with the first letter of its type. */
static char *changes_of(struct object_store_watch *watch)
{
    static const char letters[] = "amd";
    OWN(buf) struct buf text = {0};
    struct object_change change;
    while (object_store_next_change(watch, &change)) {
        buf_add_format(&text, "%c%s ", letters[change.type], object_name(change.object));
        object_change_done(&change);
    }
    return buf_take(&text);
}

TEST(a_watch_begins_in_the_past_and_goes_on)
{
    OWN(object_store) struct object_store *objects = memory();
    json_decref(create(objects, "a"));
    uint64_t version = object_store_version(objects);
    json_decref(create(objects, "b"));
    int wakes = 0;
    struct err err = {0};
    struct object_store_watch *watch = object_store_watch(objects, version, count, &wakes, &err);
    struct object_key key = key_of("b");
    json_decref(object_store_update_new(objects, &key, config("b", "2"), &err));
    json_decref(object_store_delete(objects, &key, &err));
    OWN(free) char *seen = changes_of(watch);
    EXPECT_STR(seen, "ab mb db ");
    EXPECT_INT(wakes, 2);
    object_store_unwatch(watch);
    json_decref(create(objects, "c"));
    EXPECT_INT(wakes, 2);
}

TEST(a_watch_that_ends_frees_what_it_has_not_read)
{
    OWN(object_store) struct object_store *objects = memory();
    struct err err = {0};
    struct object_store_watch *watch = object_store_watch(objects, 0, NULL, NULL, &err);
    json_decref(create(objects, "a"));
    object_store_unwatch(watch);
    json_auto_t *made = create(objects, "b");
    EXPECT(made != NULL);
}

TEST(a_watch_from_too_long_ago_is_refused)
{
    OWN(object_store) struct object_store *objects = memory();
    struct err err = {0};
    EXPECT(!object_store_watch(objects, 1, NULL, NULL, &err));
    EXPECT_INT(err.status, 410);
    EXPECT_STR(err.reason, "Expired");
}

static void in_folder(void (*run)(const char *file))
{
    char folder[] = "/tmp/test_objects_XXXXXX";
    EXPECT(mkdtemp(folder) != NULL);
    OWN(free) char *file = str_format("%s/objects.db", folder);
    run(file);
    struct err err = {0};
    file_remove_tree(folder, &err);
}

static void restart(const char *file)
{
    struct err err = {0};
    struct object_store *before = object_store_open(file, &err);
    json_auto_t *made = create(before, "a");
    json_decref(create(before, "b"));
    struct object_key gone = key_of("b");
    json_decref(object_store_delete(before, &gone, &err));
    object_store_close(before);

    OWN(object_store) struct object_store *after = object_store_open(file, &err);
    json_auto_t *list = object_store_list(after, &kind_config_map, NULL, NULL);
    EXPECT_INT(json_array_size(list), 1);
    EXPECT(json_equal(json_array_get(list, 0), made));
    EXPECT(object_store_version(after) >= strtoull(object_meta(made, "resourceVersion"), NULL, 10));
}

TEST(objects_survive_a_restart)
{
    in_folder(restart);
}

TEST(a_file_that_cannot_be_opened_is_reported)
{
    struct err err = {0};
    EXPECT(!object_store_open("/dev/null/objects.db", &err));
    EXPECT_HAS(err.text, "/dev/null/objects.db: unable to open database file");
}
