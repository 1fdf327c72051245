/* SPDX-License-Identifier: Apache-2.0 */
/* Doing the steps of a migration, on trees or through another editor. */
#include "kn-local/kinds/migration.h"

#include "base/json/json_at.h"
#include "base/str.h"

#include <string.h>

static bool apply(struct migration_editor *editor, enum migration_op op, const char *path,
                  const char *key, const char *value, struct err *err)
{
    return editor->apply(editor, &(struct migration_step){op, path, key, value, NULL}, err);
}

/* dnsName: host becomes http://host/. */
static bool make_url(struct migration_editor *editor, const char *path, struct err *err)
{
    const char *host = json_text_at(editor->object(editor), path);
    if (!host || strstr(host, "://"))
        return true;
    OWN(free) char *url = str_format("http://%s%s", host, strchr(host, '/') ? "" : "/");
    return apply(editor, MIGRATION_SET, path, NULL, url, err);
}

static bool remove_member(struct migration_editor *editor, const char *parent, const char *name,
                          struct err *err)
{
    OWN(free) char *path = str_format("%s.%s", parent, name);
    return !json_at(editor->object(editor), path) ||
           apply(editor, MIGRATION_REMOVE, path, NULL, NULL, err);
}

/* Members of a reference that only a cluster writes. */
static const char *const cluster_fields[] = {"uid", "resourceVersion", "fieldPath"};

static bool remove_cluster_fields(struct migration_editor *editor, const char *path,
                                  struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(cluster_fields); i++)
        if (!remove_member(editor, path, cluster_fields[i], err))
            return false;
    return true;
}

/* provisioner: {kind: ClusterChannelProvisioner, name: N} becomes channelTemplate: {kind: K}. */
static bool convert_provisioner(struct migration_editor *editor, struct err *err)
{
    static const char *const kinds[][2] = {{"in-memory-channel", "InMemoryChannel"},
                                           {"in-memory", "InMemoryChannel"},
                                           {"kafka", "KafkaChannel"},
                                           {"gcp-pubsub", "KafkaChannel"}};
    static const char version[] = "messaging.knative.dev/v1";
    const json_t *object = editor->object(editor);
    const char *name = json_text_at(object, "spec.provisioner.name");
    bool has_version = json_at(object, "spec.provisioner.apiVersion") != NULL;
    size_t i = 0;
    while (i < ARRAY_SIZE(kinds) && !str_equal(kinds[i][0], name))
        i++;
    if (i == ARRAY_SIZE(kinds))
        return err_set(err, ERR_INPUT,
                       "spec.provisioner.name is \"%.60s\"; use in-memory-channel, kafka or "
                       "gcp-pubsub, or write spec.channelTemplate by hand",
                       name ? name : "");
    return apply(editor, MIGRATION_RENAME, "spec.provisioner", "channelTemplate", NULL, err) &&
           (has_version ? apply(editor, MIGRATION_SET, "spec.channelTemplate.apiVersion", NULL,
                                version, err)
                        : apply(editor, MIGRATION_INSERT, "spec.channelTemplate.kind", "apiVersion",
                                version, err)) &&
           apply(editor, MIGRATION_SET, "spec.channelTemplate.kind", NULL, kinds[i][1], err) &&
           apply(editor, MIGRATION_REMOVE, "spec.channelTemplate.name", NULL, NULL, err) &&
           remove_member(editor, "spec.channelTemplate", "namespace", err) &&
           remove_cluster_fields(editor, "spec.channelTemplate", err);
}

static const struct migration *migration_of(const json_t *reference)
{
    return migration_find(json_text_at(reference, "apiVersion"), json_text_at(reference, "kind"));
}

static bool needs_change(const json_t *value)
{
    bool extra = false;
    for (size_t i = 0; i < ARRAY_SIZE(cluster_fields); i++)
        extra |= json_object_get(value, cluster_fields[i]) != NULL;
    return migration_of(value) ||
           (extra && json_text_at(value, "kind") && json_text_at(value, "name"));
}

/* The path of the first reference within a value that needs a change; NULL when there is none. The
 * caller frees. */
static char *find_reference(const json_t *value, const char *path)
{
    const char *key;
    json_t *item;
    size_t index;
    char *found = NULL;
    if (needs_change(value))
        return str_copy(path);
    json_object_foreach((json_t *)value, key, item)
    {
        OWN(free) char *inner = str_format("%s.%s", path, key);
        if (!strpbrk(key, ".[]") && (found = find_reference(item, inner)))
            return found;
    }
    json_array_foreach(value, index, item)
    {
        OWN(free) char *inner = str_format("%s[%zu]", path, index);
        if ((found = find_reference(item, inner)))
            return found;
    }
    return NULL;
}

static bool convert_reference(struct migration_editor *editor, const char *path, struct err *err)
{
    OWN(free) char *version = str_format("%s.apiVersion", path);
    OWN(free) char *kind = str_format("%s.kind", path);
    const struct migration *today = migration_of(json_at(editor->object(editor), path));
    return remove_cluster_fields(editor, path, err) &&
           (!today || !today->new_kind ||
            apply(editor, MIGRATION_SET, kind, NULL, today->new_kind, err)) &&
           (!today || apply(editor, MIGRATION_SET, version, NULL, today->api_version, err));
}

static bool convert_references(struct migration_editor *editor, const char *root, struct err *err)
{
    for (;;) {
        OWN(free) char *path = find_reference(json_at(editor->object(editor), root), root);
        if (!path)
            return true;
        if (!convert_reference(editor, path, err))
            return false;
    }
}

bool migration_run(const struct migration_step *steps, struct migration_editor *editor,
                   struct err *err)
{
    for (const struct migration_step *step = steps; step->op != MIGRATION_END; step++) {
        const json_t *object = editor->object(editor);
        if (!json_at(object, step->path) || (step->when && !json_at(object, step->when)))
            continue;
        bool done = step->op == MIGRATION_URL           ? make_url(editor, step->path, err)
                    : step->op == MIGRATION_PROVISIONER ? convert_provisioner(editor, err)
                    : step->op == MIGRATION_REFERENCES ? convert_references(editor, step->path, err)
                                                       : editor->apply(editor, step, err);
        if (!done)
            return false;
    }
    return true;
}

static bool insert_before(json_t *parent, const char *next, const char *key, const char *value)
{
    json_auto_t *old = json_copy(parent);
    const char *name;
    json_t *member;
    json_object_clear(parent);
    json_object_foreach(old, name, member)
    {
        if (str_equal(name, next))
            json_object_set_new(parent, key, json_string(value));
        json_object_set(parent, name, member);
    }
    return true;
}

bool migration_edit_tree(json_t *object, const struct migration_step *step)
{
    const char *dot = strrchr(step->path, '.');
    const char *name = dot ? dot + 1 : step->path;
    OWN(free) char *parent_path =
        str_copy_bytes((struct bytes){step->path, dot ? (size_t)(dot - step->path) : 0});
    json_t *parent = json_at(object, parent_path);
    json_auto_t *value = json_incref(json_object_get(parent, name));
    if (!value)
        return false;
    if (step->op == MIGRATION_SET)
        return json_object_set_new(parent, name, json_string(step->value)) == 0;
    if (step->op == MIGRATION_INSERT)
        return insert_before(parent, name, step->key, step->value);
    if (step->op == MIGRATION_WRAP)
        return json_object_set_new(parent, name, json_pack("{s:O}", step->key, value)) == 0;
    json_object_del(parent, name);
    if (step->op == MIGRATION_RENAME)
        return json_object_set(parent, step->key, value) == 0;
    if (step->op == MIGRATION_LIFT)
        return json_object_set(parent, step->key, json_at(value, step->value)) == 0;
    if (step->op == MIGRATION_LIST)
        return json_object_set_new(parent, step->key, json_pack("[O]", value)) == 0;
    return step->op == MIGRATION_REMOVE;
}

struct tree_editor {
    struct migration_editor editor;
    json_t *tree;
};

static const json_t *tree_object(struct migration_editor *editor)
{
    return ((struct tree_editor *)editor)->tree;
}

static bool tree_apply(struct migration_editor *editor, const struct migration_step *step,
                       struct err *err)
{
    return migration_edit_tree(((struct tree_editor *)editor)->tree, step) ||
           err_set(err, ERR_INPUT, "%s is missing", step->path);
}

json_t *migration_convert(const json_t *object, const struct migration_step *steps)
{
    struct tree_editor tree = {{tree_object, tree_apply}, json_deep_copy(object)};
    struct err ignored = {0};
    migration_run(steps, &tree.editor, &ignored);
    return tree.tree;
}
