/* SPDX-License-Identifier: Apache-2.0 */
/* What a kustomization does to all of its objects: namespace, labels, images. */
#include "base/str.h"
#include "kn-local/manifests/kustomize_private.h"

#include <string.h>

static bool is_in_no_namespace(const json_t *object)
{
    static const char *const kinds[] = {"APIService",
                                        "ClusterRole",
                                        "ClusterRoleBinding",
                                        "CustomResourceDefinition",
                                        "PersistentVolume",
                                        "PriorityClass",
                                        "RuntimeClass",
                                        "StorageClass",
                                        "MutatingWebhookConfiguration",
                                        "ValidatingWebhookConfiguration"};
    const char *kind = json_string_value(json_object_get(object, "kind"));
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_equal(kind, kinds[i]))
            return true;
    return false;
}

bool kustomize_namespace(struct kustomization *at)
{
    json_t *ns = json_object_get(at->doc->tree, "namespace");
    if (!json_is_string(ns))
        return true;
    for (size_t i = at->first; i < at->out->count; i++) {
        json_t *object = at->out->objects[i].tree;
        const char *kind = json_string_value(json_object_get(object, "kind"));
        json_t *meta = json_object_get(object, "metadata");
        if (!is_in_no_namespace(object))
            json_object_set(meta, str_equal(kind, "Namespace") ? "name" : "namespace", ns);
    }
    return true;
}

/* The map at "metadata/labels", made when it may be. NULL when there is none. */
static json_t *map_at(json_t *object, const char *path, bool create)
{
    while (object && *path) {
        size_t len = strcspn(path, "/");
        OWN(free) char *step = str_copy_bytes((struct bytes){path, len});
        json_t *next = json_object_get(object, step);
        if (create && json_is_object(object) && (!next || json_is_null(next))) {
            json_object_set_new(object, step, json_object());
            next = json_object_get(object, step);
        }
        object = next;
        path += len + (path[len] == '/');
    }
    return json_is_object(object) ? object : NULL;
}

static void set_labels(const struct kustomization *at, const json_t *pairs, const json_t *where)
{
    const char *path = json_string_value(json_object_get(where, "path"));
    bool create = json_is_true(json_object_get(where, "create"));
    for (size_t i = at->first; i < at->out->count; i++) {
        json_t *object = at->out->objects[i].tree;
        json_t *labels = kustomize_is_of(object, where) ? map_at(object, path, create) : NULL;
        if (labels)
            json_object_update(labels, (json_t *)pairs);
    }
}

static bool label_places(const struct kustomization *at, const char *place, const json_t *entry)
{
    size_t index;
    json_t *where;
    json_array_foreach(json_object_get(entry, "fields"), index, where)
    {
        const char *path = json_string_value(json_object_get(where, "path"));
        if (!path || *path == '/' || strchr(path, '['))
            return kustomize_fail(at, place,
                                  "has a field whose path is none: want steps of maps, "
                                  "such as spec/template/metadata/labels");
        set_labels(at, json_object_get(entry, "pairs"), where);
    }
    return true;
}

bool kustomize_label(struct kustomization *at)
{
    json_auto_t *own = json_pack("{s:s, s:b}", "path", "metadata/labels", "create", 1);
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(at->doc->tree, "labels"), index, entry)
    {
        OWN(free) char *place = str_format("labels[%zu]", index);
        if (json_is_true(json_object_get(entry, "includeSelectors")))
            return kustomize_fail(at, place,
                                  "includes selectors, which no Knative object has: want false");
        if (!label_places(at, place, entry))
            return false;
        set_labels(at, json_object_get(entry, "pairs"), own);
    }
    return true;
}

/* The length of an image's name, without tag and digest. */
static size_t name_len(const char *image)
{
    const char *slash = strrchr(image, '/');
    const char *last = slash ? slash : image;
    return (size_t)(last - image) + strcspn(last, ":@");
}

static char *new_image(const char *image, const json_t *change)
{
    const char *name = json_string_value(json_object_get(change, "newName"));
    const char *tag = json_string_value(json_object_get(change, "newTag"));
    const char *digest = json_string_value(json_object_get(change, "digest"));
    OWN(free) char *old = str_copy_bytes((struct bytes){image, name_len(image)});
    if (str_empty(name))
        name = old;
    if (!str_empty(digest))
        return str_format("%s@%s", name, digest);
    if (!str_empty(tag))
        return str_format("%s:%s", name, tag);
    return str_format("%s%s", name, image + name_len(image));
}

static void change_containers(json_t *containers, const json_t *change)
{
    const char *wanted = json_string_value(json_object_get(change, "name"));
    size_t index;
    json_t *container;
    json_array_foreach(containers, index, container)
    {
        const char *image = json_string_value(json_object_get(container, "image"));
        if (!image || !wanted || name_len(image) != strlen(wanted) || !str_starts(image, wanted))
            continue;
        OWN(free) char *changed = new_image(image, change);
        json_object_set_new(container, "image", json_string(changed));
    }
}

/* Containers, wherever they are: also kinds that nobody knows here have them. */
static void change_images(json_t *tree, const json_t *change)
{
    const char *key;
    json_t *value;
    size_t index;
    json_object_foreach(tree, key, value)
    {
        if (str_equal(key, "containers") || str_equal(key, "initContainers"))
            change_containers(value, change);
        change_images(value, change);
    }
    json_array_foreach(tree, index, value)
    {
        change_images(value, change);
    }
}

bool kustomize_image(struct kustomization *at)
{
    size_t index;
    json_t *change;
    json_array_foreach(json_object_get(at->doc->tree, "images"), index, change)
    {
        OWN(free) char *place = str_format("images[%zu]", index);
        if (json_is_string(json_object_get(change, "newTag")) &&
            json_is_string(json_object_get(change, "digest")))
            return kustomize_fail(at, place, "wants either a newTag or a digest");
        for (size_t i = at->first; i < at->out->count; i++)
            change_images(at->out->objects[i].tree, change);
    }
    return true;
}
