/* SPDX-License-Identifier: Apache-2.0 */
/* A kustomization's patches: what is to be changed in single objects, or to go. */
#include "base/str.h"
#include "kn-local/api/json_patch.h"
#include "kn-local/api/merge_patch.h"
#include "kn-local/api/selector.h"
#include "kn-local/kinds/schema.h"
#include "kn-local/manifests/kustomize_private.h"

#include <string.h>

/* One entry of patches while it is done. */
struct step {
    const struct kustomization *at;
    const char *place;    /* "patches[0]" */
    const json_t *target; /* which objects; or, if it is exact, the names of one */
    bool exact;
    struct selector labels;
};

static void own_step(struct step *local)
{
    selector_done(&local->labels);
}

/* Whether text is one of the names in "a|b|c". */
static bool is_one_of(const char *names, const char *text)
{
    size_t len = strlen(text);
    for (const char *at = names; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strcspn(at, "|") == len && strncmp(at, text, len) == 0)
            return true;
    }
    return false;
}

static bool asks_for(const json_t *selector, const char *key, const char *text)
{
    const char *wanted = json_string_value(json_object_get(selector, key));
    return str_empty(wanted) || is_one_of(wanted, text);
}

bool kustomize_is_of(const json_t *object, const json_t *selector)
{
    const char *version = json_string_value(json_object_get(object, "apiVersion"));
    const char *slash = strchr(version, '/');
    OWN(free) char *group =
        str_copy_bytes((struct bytes){version, slash ? (size_t)(slash - version) : 0});
    return asks_for(selector, "group", group) &&
           asks_for(selector, "version", slash ? slash + 1 : version) &&
           asks_for(selector, "kind", json_string_value(json_object_get(object, "kind")));
}

static bool is_target(const struct step *step, const json_t *object)
{
    const json_t *meta = json_object_get(object, "metadata");
    const char *ns = json_string_value(json_object_get(meta, "namespace"));
    return kustomize_is_of(object, step->target) &&
           asks_for(step->target, "name", json_string_value(json_object_get(meta, "name"))) &&
           (step->exact
                ? str_equal(ns, json_string_value(json_object_get(step->target, "namespace")))
                : asks_for(step->target, "namespace", ns ? ns : "")) &&
           selector_matches(&step->labels, object);
}

/* kustomize takes regular expressions. Names and a choice of them are enough here. */
static bool check_target(struct step *step)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)step->target, key, value)
    {
        const char *text = json_string_value(value);
        bool labels = str_equal(key, "labelSelector");
        OWN(free) char *place = str_format("%s.target.%s", step->place, key);
        struct err err = {0};
        if (text && !labels && strpbrk(text, "*+?()[]{}^$\\"))
            return kustomize_fail(step->at, place,
                                  "is an expression: want a name, or some as in \"a|b\"");
        if (text && labels && !selector_parse(text, NULL, &step->labels, &err))
            return kustomize_fail(step->at, place, "is none: %s", err.text);
    }
    return true;
}

static bool deletes(const json_t *patch)
{
    return str_equal(json_string_value(json_object_get(patch, "$patch")), "delete");
}

static bool has_list(const json_t *tree)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)tree, key, value)
    {
        if (has_list(value))
            return true;
    }
    return json_is_array(tree);
}

static bool is_directive(const char *key)
{
    static const char *const starts[] = {"$patch", "$retainKeys", "$setElementOrder/",
                                         "$deleteFromPrimitiveList/"};
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
        if (str_starts(key, starts[i]))
            return true;
    return false;
}

/* A member by which kustomize would merge in another way; NULL when there is none. */
static const char *directive_in(const json_t *tree)
{
    const char *key;
    json_t *value;
    const char *found = NULL;
    json_object_foreach((json_t *)tree, key, value)
    {
        found = is_directive(key) ? key : directive_in(value);
        if (found)
            break;
    }
    return found;
}

/* kustomize replaces the lists of Knative's kinds as a whole. Those of Kubernetes' own are merged
 * item by item, each in its own way, which a JSON patch says better. */
static json_t *merged(const json_t *object, const json_t *patch, struct err *err)
{
    struct err unknown = {0};
    const struct kind *kind = kind_of_object(object, &unknown);
    const char *directive = directive_in(patch);
    if (directive) {
        err_set(err, ERR_INPUT, "%.60s in it: write JSON patch operations instead", directive);
        return NULL;
    }
    if ((kind && !kind->builtin) || !has_list(patch))
        return merge_patch_apply(object, patch);
    err_set(err, ERR_INPUT, "a list in it: write JSON patch operations instead");
    return NULL;
}

/* A patch chooses its object by names; it does not give new ones. */
static void keep_names(json_t *result, const json_t *object)
{
    json_t *meta = json_object_get(result, "metadata");
    const json_t *before = json_object_get(object, "metadata");
    json_object_set(result, "apiVersion", json_object_get(object, "apiVersion"));
    json_object_set(result, "kind", json_object_get(object, "kind"));
    json_object_set(meta, "name", json_object_get(before, "name"));
    if (json_object_get(before, "namespace"))
        json_object_set(meta, "namespace", json_object_get(before, "namespace"));
}

static bool patch_one(const struct step *step, json_t **object, const json_t *patch)
{
    struct err err = {0};
    json_t *result = json_is_array(patch) ? json_patch_apply(*object, patch, &err)
                                          : merged(*object, patch, &err);
    const json_t *meta = json_object_get(*object, "metadata");
    if (!result)
        return kustomize_fail(step->at, step->place, "on %.60s %.100s: %s",
                              json_string_value(json_object_get(*object, "kind")),
                              json_string_value(json_object_get(meta, "name")), err.text);
    if (!json_is_object(json_object_get(result, "metadata")))
        json_object_set_new(result, "metadata", json_object());
    keep_names(result, *object);
    json_decref(*object);
    *object = result;
    return true;
}

static bool patch_targets(const struct step *step, const json_t *patch)
{
    struct kustomize *out = step->at->out;
    size_t matched = 0;
    size_t kept = step->at->first;
    for (size_t i = step->at->first; i < out->count; i++) {
        struct kustomize_object object = out->objects[i];
        bool wanted = is_target(step, object.tree);
        matched += wanted;
        if (wanted && deletes(patch)) {
            json_decref(object.tree);
            continue;
        }
        out->objects[kept++] = object;
        if (wanted && !patch_one(step, &out->objects[kept - 1].tree, patch)) {
            memmove(&out->objects[kept], &out->objects[i + 1],
                    (out->count - i - 1) * sizeof(object));
            out->count -= i + 1 - kept;
            return false;
        }
    }
    out->count = kept;
    return matched ||
           kustomize_fail(step->at, step->place, "matches no object: is its target right?");
}

/* The object that a patch without target names. NULL and err. A new reference. */
static json_t *target_of(const struct step *step, const json_t *patch)
{
    const char *version = json_string_value(json_object_get(patch, "apiVersion"));
    const json_t *meta = json_object_get(patch, "metadata");
    if (!version || !json_is_string(json_object_get(patch, "kind")) ||
        !json_is_string(json_object_get(meta, "name"))) {
        kustomize_fail(step->at, step->place,
                       "wants a target, or a patch that names apiVersion, kind and name");
        return NULL;
    }
    const char *slash = strchr(version, '/');
    OWN(free) char *group =
        str_copy_bytes((struct bytes){version, slash ? (size_t)(slash - version) : 0});
    return json_pack("{s:s, s:s, s:O, s:O, s:O*}", "group", group, "version",
                     slash ? slash + 1 : version, "kind", json_object_get(patch, "kind"), "name",
                     json_object_get(meta, "name"), "namespace",
                     json_object_get(meta, "namespace"));
}

static bool follow_doc(struct step *step, const struct yaml_doc *doc)
{
    if (json_is_null(doc->tree))
        return true;
    if (!json_is_array(doc->tree) && !json_is_object(doc->tree))
        return kustomize_fail(step->at, step->place, "holds no patch");
    if (json_object_size(step->target) > 0)
        return patch_targets(step, doc->tree);
    json_auto_t *named = target_of(step, doc->tree);
    step->target = named;
    step->exact = true;
    bool done = named && patch_targets(step, doc->tree);
    step->target = NULL;
    step->exact = false;
    return done;
}

static bool follow_docs(struct step *step, const struct yaml_docs *docs)
{
    for (size_t i = 0; i < docs->count; i++)
        if (!follow_doc(step, &docs->list[i]))
            return false;
    return docs->count > 0 || kustomize_fail(step->at, step->place, "is empty");
}

static bool follow_text(struct step *step, const char *text)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    if (!yaml_read(bytes_of(text), "line", &docs, &err))
        return kustomize_fail(step->at, step->place, "is no YAML, %s", err.text);
    return follow_docs(step, &docs);
}

static bool follow_entry(const struct kustomization *at, const char *place, const json_t *entry)
{
    const char *path = json_string_value(json_object_get(entry, "path"));
    const char *text = json_string_value(json_object_get(entry, "patch"));
    OWN(step) struct step step = {at, place, json_object_get(entry, "target"), false, {0}};
    if (!path == !text)
        return kustomize_fail(at, place, "wants either a path or a patch");
    if (!check_target(&step))
        return false;
    OWN(free) char *path_place = str_format("%s.path", place);
    const struct kustomize_file *file = path ? kustomize_open(at, path_place, path) : NULL;
    return path ? file && follow_docs(&step, &file->docs) : follow_text(&step, text);
}

bool kustomize_patch(struct kustomization *at)
{
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(at->doc->tree, "patches"), index, entry)
    {
        OWN(free) char *place = str_format("patches[%zu]", index);
        if (!follow_entry(at, place, entry))
            return false;
    }
    return true;
}
