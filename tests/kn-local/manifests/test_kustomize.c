/* SPDX-License-Identifier: Apache-2.0 */
/* Folders with a kustomization: what becomes of their objects, and what is refused where. */
#include "base/file.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "kn-local/manifests/kustomize.h"
#include "kn-local/manifests/manifests.h"
#include "tests/helpers/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder of files; the name of each is relative. */
struct tree {
    char path[64];
};

static void own_tree(struct tree *local)
{
    struct err err = {0};
    file_remove_tree(local->path, &err);
}

static void put(const struct tree *tree, const char *name, const char *text)
{
    struct err err = {0};
    OWN(free) char *path = str_format("%s/%s", tree->path, name);
    OWN(free) char *folder = str_copy(path);
    *strrchr(folder, '/') = '\0';
    EXPECT(file_make_dirs(folder, &err) && file_write_unsynced(path, 0600, bytes_of(text), &err));
}

static const char channel[] = "apiVersion: messaging.knative.dev/v1\nkind: Channel\n"
                              "metadata: {name: a, labels: {x: y}}\n";
static const char service[] =
    "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\n"
    "spec:\n  template:\n    metadata: {labels: {}}\n    spec:\n      containers:\n"
    "      - image: registry:5000/dumper:v1\n        env: [{name: A, value: '1'}]\n";

/* A folder `base` with a Channel and a Service, and one beside it that the kustomization is for. */
static struct tree tree_of(const char *kustomization)
{
    struct tree tree = {"/tmp/kustomize-XXXXXX"};
    EXPECT(mkdtemp(tree.path));
    put(&tree, "base/channel.yaml", channel);
    put(&tree, "base/service.yaml", service);
    put(&tree, "base/kustomization.yaml", "resources:\n- channel.yaml\n- service.yaml\n");
    put(&tree, "top/kustomization.yaml", kustomization);
    return tree;
}

/* The objects as JSON, one a line, or the error without the folder's path. The caller frees. */
static char *rendered(const struct tree *tree)
{
    struct err err = {0};
    OWN(kustomize) struct kustomize all = {0};
    OWN(buf) struct buf lines = {0};
    OWN(free) char *top = str_format("%s/top", tree->path);
    if (!kustomize_read(top, &all, &err)) {
        EXPECT_INT(err.status, ERR_INPUT);
        const char *text = err.text;
        for (const char *at; (at = strstr(text, tree->path)); text = at + strlen(tree->path) + 1)
            buf_add(&lines, text, (size_t)(at - text));
        buf_add_text(&lines, text);
        return buf_take(&lines);
    }
    for (size_t i = 0; i < all.count; i++) {
        OWN(free) char *text = json_to_text(all.objects[i].tree);
        buf_add_format(&lines, "%s\n", text);
    }
    return buf_take(&lines);
}

static void expect(const char *kustomization, const char *want)
{
    OWN(tree) struct tree tree = tree_of(kustomization);
    OWN(free) char *got = rendered(&tree);
    EXPECT_HAS(got, want);
}

TEST(resources_are_files_and_folders_in_their_order)
{
    OWN(tree) struct tree tree = tree_of("resources: [map.yaml, ../base]\n");
    put(&tree, "top/map.yaml",
        "---\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n---\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_STR(got,
               "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\"}}\n"
               "{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":\"Channel\","
               "\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}}}\n"
               "{\"apiVersion\":\"serving.knative.dev/v1\",\"kind\":\"Service\","
               "\"metadata\":{\"name\":\"s\"},\"spec\":{\"template\":{\"metadata\":{\"labels\":{}},"
               "\"spec\":{\"containers\":[{\"image\":\"registry:5000/dumper:v1\","
               "\"env\":[{\"name\":\"A\",\"value\":\"1\"}]}]}}}}\n");
}

TEST(a_json_patch_changes_its_targets)
{
    expect("resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |-\n"
           "    - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: B}}\n",
           "\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\"}]");
    expect("resources: [../base]\npatches:\n- target: {name: a|s, version: v1}\n  patch: |-\n"
           "    - {op: add, path: /spec, value: {gone: true}}\n",
           "\"labels\":{\"x\":\"y\"}},\"spec\":{\"gone\":true}}\n"
           "{\"apiVersion\":\"serving.knative.dev/v1\",\"kind\":\"Service\","
           "\"metadata\":{\"name\":\"s\"},\"spec\":{\"gone\":true}}");
    expect("resources: [../base]\npatches:\n- target: {labelSelector: x=y}\n  patch: |-\n"
           "    - {op: remove, path: /metadata/labels}\n",
           "\"metadata\":{\"name\":\"a\"}}\n");
}

TEST(a_merge_patch_names_its_object_itself)
{
    OWN(tree) struct tree tree = tree_of("resources: [../base]\npatches: [{path: p.yaml}]\n");
    put(&tree, "top/p.yaml",
        "apiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata:\n  name: a\n"
        "  labels: {x: null, z: z}\nspec: {delivery: {retry: 3}}\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_HAS(got, "\"labels\":{\"z\":\"z\"}},\"spec\":{\"delivery\":{\"retry\":3}}}\n");
}

TEST(a_merge_patch_with_a_target_keeps_the_names_of_its_objects)
{
    expect(
        "resources: [../base]\npatches:\n- target: {kind: Channel|Service}\n  patch: |-\n"
        "    apiVersion: v1\n    kind: Any\n    metadata: {name: any, labels: {n: n}}\n",
        "\"kind\":\"Channel\",\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\",\"n\":\"n\"}}}\n"
        "{\"apiVersion\":\"serving.knative.dev/v1\",\"kind\":\"Service\",\"metadata\":{\"name\":"
        "\"s\",\"labels\":{\"n\":\"n\"}}");
}

TEST(a_patch_can_delete_an_object)
{
    OWN(tree) struct tree tree =
        tree_of("resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |-\n"
                "    apiVersion: v1\n    kind: Any\n    metadata: {name: any}\n"
                "    $patch: delete\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_STR(got, "{\"apiVersion\":\"messaging.knative.dev/v1\",\"kind\":\"Channel\","
                    "\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}}}\n");
}

TEST(a_component_works_on_all_objects_of_who_uses_it)
{
    OWN(tree) struct tree tree = tree_of("resources: [../base]\ncomponents: [../component]\n");
    put(&tree, "component/kustomization.yaml",
        "kind: Component\nresources: [m.yaml]\npatches:\n- target: {kind: Channel}\n  patch: |-\n"
        "    - {op: replace, path: /metadata/labels/x, value: z}\n");
    put(&tree, "component/m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_HAS(got, "\"labels\":{\"x\":\"z\"}");
    EXPECT_HAS(got, "{\"name\":\"m\"}}\n");
}

TEST(a_folder_below_changes_nothing_but_its_own)
{
    OWN(tree) struct tree tree = tree_of("resources: [../base, ../other]\n");
    put(&tree, "other/kustomization.yaml", "resources: [m.yaml]\nnamespace: far\n");
    put(&tree, "other/m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_HAS(got, "\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}}");
    EXPECT_HAS(got, "\"metadata\":{\"name\":\"m\",\"namespace\":\"far\"}");
}

TEST(labels_go_to_objects_and_to_the_places_that_are_named)
{
    expect("resources: [../base]\nlabels:\n- pairs: {l: v}\n  includeSelectors: false\n  fields:\n"
           "  - {path: spec/template/metadata/labels, kind: Service, group: serving.knative.dev}\n"
           "  - {path: spec/none/labels}\n",
           "\"labels\":{\"x\":\"y\",\"l\":\"v\"}}}\n"
           "{\"apiVersion\":\"serving.knative.dev/v1\",\"kind\":\"Service\",\"metadata\":"
           "{\"name\":\"s\",\"labels\":{\"l\":\"v\"}},\"spec\":{\"template\":{\"metadata\":"
           "{\"labels\":{\"l\":\"v\"}}");
}

TEST(an_image_gets_another_name_tag_or_digest)
{
    static const char *const rows[][2] = {
        {"newTag: v2", "\"image\":\"registry:5000/dumper:v2\""},
        {"newName: mine", "\"image\":\"mine:v1\""},
        {"newName: e/f/mine, newTag: '3'", "\"image\":\"e/f/mine:3\""},
        {"digest: 'sha256:00'", "\"image\":\"registry:5000/dumper@sha256:00\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *text = str_format(
            "resources: [../base]\nimages: [{name: 'registry:5000/dumper', %s}]\n", rows[i][0]);
        expect(text, rows[i][1]);
    }
    expect("resources: [../base]\nimages: [{name: dumper, newName: other}]\n",
           "\"image\":\"registry:5000/dumper:v1\"");
}

TEST(what_is_wrong_is_told_with_file_and_line)
{
    static const char *const rows[][2] = {
        {"resources: [../base]\nresorces: []\n",
         "top/kustomization.yaml:2: resorces is not known; did you mean resources?; for all of "
         "kustomize: kubectl kustomize DIR | kn-local up -f -"},
        {"secretGenerator: []\n", "top/kustomization.yaml:1: secretGenerator is not known"},
        {"images: [{nme: x}]\n", "images[0].nme is not known; did you mean name?"},
        {"resources: ../base\n", "top/kustomization.yaml:1: resources is a text, want a list"},
        {"resources:\n- null\n", "top/kustomization.yaml:2: resources[0] wants a path"},
        {"resources: [none.yaml]\n", "resources[0] is wrong: cannot open top/none.yaml: No such"},
        {"resources: [/etc/passwd]\n", "resources[0] wants a path that leads from here"},
        {"resources: ['https://github.com/x/y']\n", "resources[0] wants a path that leads"},
        {"resources: [../base/channel.yaml]\n",
         "resources[0] is \"../base/channel.yaml\": a file must be in this folder or below"},
        {"resources: [..]\n", "resources[0] leads to no folder with a kustomization.yaml"},
        {"resources: [../top]\n", "top/kustomization.yaml:1: resources[0] leads back to itself"},
        {"resources: [../base, ../base]\n",
         "resources name Channel a twice: base/channel.yaml:1 and base/channel.yaml:1"},
        {"components: [../base]\n", "base/kustomization.yaml:1: kind is Kustomization; components"},
        {"kind: Component\n", "top/kustomization.yaml:1: kind is Component; a Component belongs"},
        {"kind: Komponent\n", "kind is \"Komponent\", want one of"},
        {"- 1\n", "top/kustomization.yaml:1: want one kustomization"},
        {"a: [\n", "top/kustomization.yaml:2: "},
        {"resources: [../base]\nnamespace: 1\n", "namespace is a whole number, want a text"},
        {"resources: [../base]\nlabels: [{pairs: {a: 1}}]\n", "labels[0].pairs.a wants a text"},
        {"labels: [{pairs: {}, includeSelectors: true}]\n", "labels[0] includes selectors"},
        {"labels: [{pairs: {}, fields: [{path: 'a[]/b'}]}]\n", "has a field whose path is none"},
        {"images: [{name: a, newTag: b, digest: c}]\n", "wants either a newTag or a digest"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect(rows[i][0], rows[i][1]);
}

TEST(a_patch_that_is_wrong_is_told_with_its_place)
{
    static const char *const rows[][2] = {
        {"{}", "patches[0] wants either a path or a patch"},
        {"{path: p.yaml, patch: x}", "patches[0] wants either a path or a patch"},
        {"{path: p.yaml}", "patches[0].path is wrong: cannot open top/p.yaml"},
        {"{path: ../base/channel.yaml}", "a file must be in this folder or below"},
        {"{patch: ''}", "patches[0] is empty"},
        {"{patch: x}", "patches[0] holds no patch"},
        {"{patch: '[1'}", "patches[0] is no YAML, line:"},
        {"{patch: '[]'}", "patches[0] wants a target, or a patch that names"},
        {"{patch: '{kind: Channel, metadata: {name: a}}'}", "patches[0] wants a target"},
        {"{patch: '{apiVersion: v1, kind: Secret, metadata: {name: a}}'}",
         "patches[0] matches no object: is its target right?"},
        {"{target: {kind: Secret}, patch: '[]'}", "patches[0] matches no object"},
        {"{patch: '{apiVersion: messaging.knative.dev/v1, kind: Channel, metadata: {name: a, "
         "namespace: n}}'}",
         "patches[0] matches no object"},
        {"{target: {name: 'a.*'}, patch: '[]'}",
         "patches[0].target.name is an expression: want a name, or some as in \"a|b\""},
        {"{target: {labelSelector: '=='}, patch: '[]'}", "patches[0].target.labelSelector is none"},
        {"{target: {knd: x}, patch: '[]'}",
         "patches[0].target.knd is not known; did you mean kind"},
        {"{target: {name: a}, patch: '[{op: remove, path: /spec}]'}",
         "patches[0] on Channel a: patch operation remove on \"/spec\" cannot be done"},
        {"{target: {name: s}, patch: '[{op: test, path: /kind, value: x}]'}",
         "patches[0] on Service s: patch operation test on \"/kind\" cannot be done"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *text = str_format("resources: [../base]\npatches:\n- %s\n", rows[i][0]);
        expect(text, rows[i][1]);
        expect(text, "top/kustomization.yaml:3: ");
    }
}

TEST(a_merge_patch_with_a_list_is_refused_for_kubernetes_own_kinds)
{
    OWN(tree) struct tree tree = tree_of(
        "resources: [m.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: ServiceAccount\n"
        "    metadata: {name: m}\n    secrets: [{name: x}]\n");
    put(&tree, "top/m.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: m}\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_HAS(got, "patches[0] on ServiceAccount m: a list in it: write JSON patch operations");
}

TEST(a_merge_patch_with_a_directive_is_refused)
{
    OWN(tree) struct tree tree = tree_of(
        "resources: [m.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n"
        "    metadata: {name: m}\n    data: {$patch: replace, x: y}\n");
    put(&tree, "top/m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_HAS(got, "patches[0] on ConfigMap m: $patch in it: write JSON patch operations");
}

TEST(a_resource_that_is_no_object_is_told_with_its_own_line)
{
    OWN(tree) struct tree tree = tree_of("resources: [m.yaml]\n");
    put(&tree, "top/m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n---\n- 1\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_HAS(got, "top/m.yaml:5: want an object with apiVersion, kind and name");
    put(&tree, "top/m.yaml", "apiVersion: v1\n\tkind: x\n");
    OWN(free) char *broken = rendered(&tree);
    EXPECT_HAS(broken, "top/m.yaml:2: a tab cannot indent");
}

TEST(kustomizations_that_lead_to_each_other_are_refused)
{
    OWN(tree) struct tree tree = tree_of("resources: [../other]\n");
    put(&tree, "other/kustomization.yaml", "resources: [../top]\n");
    OWN(free) char *got = rendered(&tree);
    EXPECT_STR(got, "other/kustomization.yaml:1: resources[0] leads back to itself");
}

static void note(const char *line, void *context)
{
    buf_add_format(context, "%s\n", line);
}

TEST(an_object_that_is_refused_is_told_with_the_line_of_its_manifest)
{
    OWN(tree) struct tree tree =
        tree_of("resources: [../base]\npatches:\n- target: {kind: Service}\n  patch: |-\n"
                "    - {op: add, path: /spec/template/spec/contaners, value: 1}\n");
    struct err err = {0};
    OWN(object_store) struct object_store *objects = object_store_open(NULL, &err);
    OWN(buf) struct buf lines = {0};
    struct manifest_listener listener = {note, note, &lines};
    OWN(free) char *top = str_format("%s/top/", tree.path);
    EXPECT_INT(manifests_apply(objects, top, &listener), 1);
    EXPECT_HAS(lines.data, "channel.messaging.knative.dev/a created\n");
    EXPECT_HAS(lines.data, "/base/service.yaml:7: spec.template.spec.contaners is not known");
}

TEST(of_a_kustomization_that_is_wrong_nothing_is_applied)
{
    OWN(tree) struct tree tree = tree_of("resources: [../base, none.yaml]\n");
    struct err err = {0};
    OWN(object_store) struct object_store *objects = object_store_open(NULL, &err);
    OWN(buf) struct buf lines = {0};
    struct manifest_listener listener = {note, note, &lines};
    OWN(free) char *top = str_format("%s/top", tree.path);
    EXPECT_INT(manifests_apply(objects, top, &listener), 1);
    EXPECT(strstr(lines.data, "created") == NULL);
}
