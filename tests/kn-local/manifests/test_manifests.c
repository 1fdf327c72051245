/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest files: those of the project, and errors in broken ones. */
#include "base/file.h"
#include "base/str.h"
#include "kn-local/manifests/manifests.h"
#include "tests/helpers/test.h"

#include <stdlib.h>
#include <string.h>

static void add_line(const char *line, void *context)
{
    buf_add_format(context, "%s\n", line);
}

/* The lines that are reported when a path is applied. The caller frees. */
static char *lines_of(const char *path, size_t *errors)
{
    struct err err = {0};
    OWN(object_store) struct object_store *objects = object_store_open(NULL, &err);
    OWN(buf) struct buf lines = {0};
    struct manifest_listener listener = {add_line, add_line, &lines};
    *errors = manifests_apply(objects, path, &listener);
    return buf_take(&lines);
}

static char *lines_of_text(const char *text, size_t *errors)
{
    struct err err = {0};
    OWN(object_store) struct object_store *objects = object_store_open(NULL, &err);
    OWN(buf) struct buf lines = {0};
    struct manifest_listener listener = {add_line, add_line, &lines};
    *errors = manifests_apply_text(objects, "m.yaml", bytes_of(text), &listener);
    return buf_take(&lines);
}

TEST(the_manifests_of_today_are_valid)
{
    size_t errors = 0;
    OWN(free) char *lines = lines_of("manifests/base", &errors);
    EXPECT_INT(errors, 0);
    EXPECT_HAS(lines, "channel.messaging.knative.dev/pubsub-test created\n");
    EXPECT_HAS(lines, "containersource.sources.knative.dev/testing-source created\n");
    EXPECT_HAS(lines, "service.serving.knative.dev/translate created\n");
}

TEST(a_kustomization_in_a_folder_is_skipped_and_subfolders_are_not_read)
{
    size_t errors = 0;
    OWN(free) char *lines = lines_of("manifests/base/", &errors);
    EXPECT_INT(errors, 0);
    EXPECT_HAS(lines, "service.serving.knative.dev/vision created\n");
    OWN(free) char *parent = lines_of("manifests", &errors);
    EXPECT_INT(errors, 1);
    EXPECT_STR(parent, "manifests: contains no manifest (.yaml, .yml, .json); subfolders are not "
                       "read, try -f manifests/base\n");
}

TEST(the_manifests_of_2019_are_valid)
{
    size_t errors = 0;
    OWN(free) char *lines = lines_of("manifests/article-2019/", &errors);
    EXPECT_INT(errors, 0);
    EXPECT_HAS(lines, "gcppubsubsource.sources.eventing.knative.dev/testing-source created\n");
    EXPECT_HAS(lines, "service.serving.knative.dev/vision-csharp created\n");
}

TEST(an_error_in_one_object_does_not_stop_the_others)
{
    size_t errors = 0;
    OWN(free) char *lines =
        lines_of_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
                      "---\napiVersion: v1\nkind: Confgmap\nmetadata: {name: b}\n"
                      "---\n- 1\n"
                      "---\n"
                      "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
                      "data:\n  k: 1\n"
                      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
                      "---\n{\n",
                      &errors);
    EXPECT_INT(errors, 5);
    EXPECT_HAS(lines, "configmap/a created\n");
    EXPECT_HAS(lines, "m.yaml:5: no kind \"Confgmap\" in \"v1\"; did you mean ConfigMap in v1?\n");
    EXPECT_HAS(lines, "m.yaml:9: must be an object\n");
    EXPECT_HAS(lines, "m.yaml:16: data.k must be a string; quote the value\n");
    EXPECT_HAS(lines, "m.yaml:19: kind is Pod: pods are created by services and sources only");
    EXPECT_HAS(lines, "m.yaml:23: ");
}

TEST(a_list_of_objects_is_applied_one_by_one)
{
    size_t errors = 0;
    OWN(free) char *lines =
        lines_of_text("apiVersion: v1\nkind: List\nitems:\n"
                      "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
                      "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n"
                      "  dta: {}\n",
                      &errors);
    EXPECT_INT(errors, 1);
    EXPECT_HAS(lines, "configmap/a created\n");
    EXPECT_HAS(lines, "m.yaml:8: dta is not known; did you mean data?\n");
}

TEST(applied_twice_nothing_changes)
{
    static const char text[] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
                               "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
                               "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
                               "data: {k: v}\n";
    size_t errors = 0;
    OWN(free) char *lines = lines_of_text(text, &errors);
    EXPECT_STR(lines, "configmap/a created\nconfigmap/a unchanged\nconfigmap/a configured\n");
}

TEST(a_value_of_a_megabyte_is_kept)
{
    enum { LEN = 1 << 20 };
    OWN(buf) struct buf text = {0};
    buf_add_text(&text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: ");
    memset(buf_reserve(&text, LEN), 'x', LEN);
    text.len += LEN;
    buf_add_text(&text, "\n");
    size_t errors = 0;
    OWN(free) char *lines = lines_of_text(text.data, &errors);
    EXPECT_STR(lines, "configmap/a created\n");
}

TEST(a_file_that_cannot_be_read_is_reported)
{
    size_t errors = 0;
    OWN(free) char *missing = lines_of("/no/such/file.yaml", &errors);
    EXPECT_HAS(missing, "/no/such/file.yaml");
    OWN(free) char *empty = lines_of("tests/fuzz/corpus/merge_patch/../../../../LICENSE", &errors);
    EXPECT_HAS(empty, "LICENSE:");
    EXPECT_INT(errors, 1);
}
