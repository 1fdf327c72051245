/* SPDX-License-Identifier: Apache-2.0 */
/* A folder with a kustomization becomes the objects that it stands for. */
#include "kn-local/manifests/kustomize.h"

#include "base/file.h"
#include "base/str.h"
#include "kn-local/kinds/schema.h"
#include "kn-local/manifests/kustomize_private.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 4 << 20, MOST_FILES = 1000, MOST_OBJECTS = 2000, MOST_LEVELS = 32 };

static const struct schema_field target[] = {
    STRING("group"),
    STRING("version"),
    STRING("kind"),
    STRING("name"),
    STRING("namespace"),
    STRING("labelSelector"),
    END,
};
static const struct schema_field patch[] = {
    STRING("path"),
    STRING("patch"),
    OBJECT(target, "target"),
    END,
};
static const struct schema_field label_place[] = {
    STRING("path", .required = true),
    BOOLEAN("create"),
    STRING("group"),
    STRING("version"),
    STRING("kind"),
    END,
};
static const struct schema_field label[] = {
    STRING_MAP("pairs", .required = true),
    BOOLEAN("includeSelectors"),
    LIST(label_place, "fields"),
    END,
};
static const struct schema_field image[] = {
    STRING("name", .required = true), STRING("newName"), STRING("newTag"), STRING("digest"), END,
};
static const char *const kinds[] = {"Kustomization", "Component", NULL};
static const struct schema_field kustomization[] = {
    STRING("apiVersion"),
    STRING("kind", .values = kinds),
    OBJECT(schema_metadata, "metadata"),
    STRING_LIST("resources"),
    STRING_LIST("components"),
    LIST(patch, "patches"),
    STRING("namespace"),
    LIST(label, "labels"),
    LIST(image, "images"),
    END,
};

bool kustomize_fail(const struct kustomization *at, const char *place, const char *fmt, ...)
{
    char text[sizeof(at->err->text)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return err_set(at->err, ERR_INPUT, "%s:%zu: %s%s%s", at->file->path, yaml_line(at->doc, place),
                   place, *place ? " " : "", text);
}

static bool check(const struct kustomization *at)
{
    struct validation_error problem = {0};
    if (kind_validate_fields(kustomization, at->doc->tree, &problem))
        return true;
    if (!problem.unknown_field)
        return kustomize_fail(at, problem.path, "%s", problem.text);
    return kustomize_fail(at, problem.path,
                          "%s; for all of kustomize: kubectl kustomize DIR | kn-local up -f -",
                          problem.text);
}

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Where a folder really is, told from here when it is below. NULL when there is none. */
static char *plain_path(const char *path)
{
    char real[PATH_MAX];
    char here[PATH_MAX];
    if (!realpath(path, real))
        return NULL;
    size_t len = getcwd(here, sizeof(here)) ? strlen(here) : 0;
    bool below = len > 1 && str_starts(real, here) && real[len] == '/';
    return str_copy(below ? real + len + 1 : real);
}

static char *kustomization_of(const char *folder)
{
    static const char *const names[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        OWN(free) char *path = str_format("%s/%s", folder, names[i]);
        if (access(path, F_OK) == 0)
            return move_ptr(&path);
    }
    return NULL;
}

bool kustomize_is(const char *folder)
{
    OWN(free) char *path = kustomization_of(folder);
    return path != NULL;
}

/* Reads a file and keeps it; the path is taken over. NULL and err, which names it. */
static const struct kustomize_file *keep_file(struct kustomize *out, char *path, struct err *err)
{
    out->files = alloc_resize(out->files, (out->file_count + 1) * sizeof(*out->files));
    struct kustomize_file *file = alloc_zeroed(sizeof(*file));
    out->files[out->file_count++] = file;
    file->path = path;
    OWN(buf) struct buf text = {.max = MAX_FILE};
    if (out->file_count > MOST_FILES)
        err_set(err, ERR_INPUT, "%s: more than %d files are named", path, MOST_FILES);
    else if (file_read(path, &text, err) && yaml_read(buf_bytes(&text), path, &file->docs, err))
        return file;
    return NULL;
}

const struct kustomize_file *kustomize_open(const struct kustomization *at, const char *place,
                                            const char *name)
{
    json_auto_t *relative = json_string(name);
    if (schema_rule_relative_path(relative)) {
        kustomize_fail(at, place, "is \"%.100s\": a file must be in this folder or below", name);
        return NULL;
    }
    struct err err = {0};
    const struct kustomize_file *file =
        keep_file(at->out, str_format("%s/%s", at->folder, name), &err);
    if (!file && str_starts(err.text, at->out->files[at->out->file_count - 1]->path))
        *at->err = err; /* it tells its own line */
    else if (!file)
        kustomize_fail(at, place, "is wrong: %s", err.text);
    return file;
}

static const char *meta(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(json_object_get(object, "metadata"), key));
}

static bool same_object(const json_t *a, const json_t *b)
{
    const char *versions[] = {json_string_value(json_object_get(a, "apiVersion")),
                              json_string_value(json_object_get(b, "apiVersion"))};
    const char *slashes[] = {strchr(versions[0], '/'), strchr(versions[1], '/')};
    size_t lens[] = {slashes[0] ? (size_t)(slashes[0] - versions[0]) : 0,
                     slashes[1] ? (size_t)(slashes[1] - versions[1]) : 0};
    return lens[0] == lens[1] && memcmp(versions[0], versions[1], lens[0]) == 0 &&
           json_equal(json_object_get(a, "kind"), json_object_get(b, "kind")) &&
           str_equal(meta(a, "name"), meta(b, "name")) &&
           str_equal(meta(a, "namespace"), meta(b, "namespace"));
}

/* No two objects of a kustomization may be the same one. */
static bool check_twice(const struct kustomization *at)
{
    const struct kustomize *out = at->out;
    for (size_t i = at->first; i < out->count; i++)
        for (size_t j = at->first; j < i; j++)
            if (same_object(out->objects[i].tree, out->objects[j].tree))
                return kustomize_fail(
                    at, "resources", "name %.60s %.100s twice: %s:%zu and %s:%zu",
                    json_string_value(json_object_get(out->objects[i].tree, "kind")),
                    meta(out->objects[i].tree, "name"), out->objects[j].file,
                    out->objects[j].doc->line, out->objects[i].file, out->objects[i].doc->line);
    return true;
}

static bool add_object(const struct kustomization *at, const char *place,
                       const struct kustomize_file *file, const struct yaml_doc *doc)
{
    struct kustomize *out = at->out;
    if (json_is_null(doc->tree)) /* nothing between two lines of --- */
        return true;
    if (!json_is_string(json_object_get(doc->tree, "apiVersion")) ||
        !json_is_string(json_object_get(doc->tree, "kind")) || !meta(doc->tree, "name"))
        return err_set(at->err, ERR_INPUT, "%s:%zu: want an object with apiVersion, kind and name",
                       file->path, doc->line);
    if (out->count == MOST_OBJECTS)
        return kustomize_fail(at, place, "is too much: at most %d objects", MOST_OBJECTS);
    out->objects = alloc_resize(out->objects, (out->count + 1) * sizeof(*out->objects));
    out->objects[out->count++] =
        (struct kustomize_object){json_deep_copy(doc->tree), file->path, doc};
    return true;
}

static bool add_file(const struct kustomization *at, const char *place, const char *name)
{
    const struct kustomize_file *file = kustomize_open(at, place, name);
    for (size_t i = 0; file && i < file->docs.count; i++)
        if (!add_object(at, place, file, &file->docs.list[i]))
            return false;
    return file != NULL;
}

static bool read_folder(const struct kustomization *user, const char *path, const char *place,
                        const char *kind, struct kustomize *out, struct err *err);

/* One entry of resources (a file or a folder) or components (a folder). */
static bool add_entry(const struct kustomization *at, const char *list, size_t index,
                      const char *name)
{
    bool resource = str_equal(list, "resources");
    OWN(free) char *place = str_format("%s[%zu]", list, index);
    if (!name || *name == '/' || strstr(name, "://"))
        return kustomize_fail(at, place, "wants a path that leads from here to a %s",
                              resource ? "file or folder" : "folder");
    OWN(free) char *path = str_format("%s/%s", at->folder, name);
    if (is_folder(path) || !resource)
        return read_folder(at, path, place, resource ? kinds[0] : kinds[1], at->out, at->err);
    return add_file(at, place, name);
}

static bool add_entries(const struct kustomization *at, const char *list)
{
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(at->doc->tree, list), index, item)
    {
        if (!add_entry(at, list, index, json_string_value(item)))
            return false;
    }
    return true;
}

/* In kustomize's order: a patch is written against what the parts gave, an image by its old name.
 */
static bool follow(struct kustomization *at)
{
    return add_entries(at, "resources") && add_entries(at, "components") && kustomize_patch(at) &&
           kustomize_namespace(at) && kustomize_label(at) && kustomize_image(at) && check_twice(at);
}

/* Whether the kustomization uses itself, or the chain that leads to it is too long. */
static bool in_a_circle(const struct kustomization *user, const char *folder)
{
    size_t levels = 0;
    for (; user; user = user->user, levels++)
        if (str_equal(user->folder, folder) || levels == MOST_LEVELS)
            return true;
    return false;
}

static bool no_folder(const struct kustomization *user, const char *path, const char *place,
                      const char *why, struct err *err)
{
    return user ? kustomize_fail(user, place, "%s", why)
                : err_set(err, ERR_INPUT, "%s: %s", path, why);
}

static bool has_kind(const struct kustomization *at, const char *kind)
{
    const char *own = json_string_value(json_object_get(at->doc->tree, "kind"));
    return str_equal(own ? own : kinds[0], kind) ||
           kustomize_fail(at, "kind", "is %s; %s", own ? own : kinds[0],
                          str_equal(kind, kinds[0]) ? "a Component belongs under components"
                                                    : "components wants a Component");
}

static bool read_folder(const struct kustomization *user, const char *path, const char *place,
                        const char *kind, struct kustomize *out, struct err *err)
{
    OWN(free) char *folder = plain_path(path);
    OWN(free) char *file_path = folder ? kustomization_of(folder) : NULL;
    if (!file_path)
        return no_folder(user, path, place, "leads to no folder with a kustomization.yaml", err);
    if (in_a_circle(user, folder))
        return no_folder(user, path, place, "leads back to itself", err);
    const struct kustomize_file *file = keep_file(out, move_ptr(&file_path), err);
    if (!file)
        return false;
    struct kustomization at = {out, user, folder, file, file->docs.list, out->count, err};
    if (user && str_equal(kind, kinds[1]))
        at.first = user->first;
    if (file->docs.count != 1 || !json_is_object(at.doc->tree))
        return err_set(err, ERR_INPUT, "%s:1: want one kustomization", file->path);
    return check(&at) && has_kind(&at, kind) && follow(&at);
}

bool kustomize_read(const char *folder, struct kustomize *out, struct err *err)
{
    *out = (struct kustomize){0};
    return read_folder(NULL, folder, "", kinds[0], out, err);
}

void kustomize_done(struct kustomize *kustomize)
{
    for (size_t i = 0; i < kustomize->count; i++)
        json_decref(kustomize->objects[i].tree);
    for (size_t i = 0; i < kustomize->file_count; i++) {
        yaml_docs_done(&kustomize->files[i]->docs);
        free(kustomize->files[i]->path);
        free(kustomize->files[i]);
    }
    free(kustomize->objects);
    free(kustomize->files);
    *kustomize = (struct kustomize){0};
}
