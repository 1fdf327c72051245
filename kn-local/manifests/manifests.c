/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest files become objects. */
#include "kn-local/manifests/manifests.h"

#include "base/file.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/manifests/kustomization.h"
#include "kn-local/store/admission.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 16 << 20 };

static size_t fail(const struct manifest_listener *listener, const char *text)
{
    listener->failed(text, listener->context);
    return 1;
}

static void tell_done(const struct manifest_listener *listener, const json_t *object,
                      const char *result)
{
    struct err err = {0};
    const struct kind *kind = kind_of_object(object, &err);
    OWN(free) char *line = str_format("%s%s%s/%s %s", kind->singular, *kind->group ? "." : "",
                                      kind->group, object_name(object), result);
    listener->done(line, listener->context);
}

/* doc is NULL for an object that kubectl rendered: file is then the kustomization's folder. */
static size_t apply_one(struct object_store *objects, const char *file, const struct yaml_doc *doc,
                        const json_t *object, const char *prefix,
                        const struct manifest_listener *listener)
{
    const char *result = NULL;
    struct validation_error problem = {0};
    struct err err = {0};
    if (admission_apply(objects, object, "default", &result, &problem, &err)) {
        tell_done(listener, object, result);
        return 0;
    }
    OWN(free) char *path = str_format("%s%s%s", prefix, *prefix ? "." : "", problem.path);
    const char *kind = json_string_value(json_object_get(object, "kind"));
    OWN(free) char *line = doc ? str_format("%s:%zu: %s", file, yaml_line(doc, path), err.text)
                               : str_format("%s: %s %s: %s", file, kind ? kind : "object",
                                            object_name(object), err.text);
    return fail(listener, line);
}

static size_t apply_list(struct object_store *objects, const char *file, const struct yaml_doc *doc,
                         const json_t *items, const struct manifest_listener *listener)
{
    size_t errors = 0;
    size_t index;
    json_t *item;
    json_array_foreach(items, index, item)
    {
        OWN(free) char *prefix = str_format("items[%zu]", index);
        errors += apply_one(objects, file, doc, item, prefix, listener);
    }
    return errors;
}

static size_t apply_doc(struct object_store *objects, const char *file, const struct yaml_doc *doc,
                        const struct manifest_listener *listener)
{
    if (json_is_null(doc->tree)) /* nothing between two lines of --- */
        return 0;
    if (!json_is_object(doc->tree)) {
        OWN(free) char *line = str_format("%s:%zu: must be an object", file, doc->line);
        return fail(listener, line);
    }
    if (str_equal(json_string_value(json_object_get(doc->tree, "kind")), "List"))
        return apply_list(objects, file, doc, json_object_get(doc->tree, "items"), listener);
    return apply_one(objects, file, doc, doc->tree, "", listener);
}

size_t manifests_apply_text(struct object_store *objects, const char *name, struct bytes text,
                            const struct manifest_listener *listener)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    size_t errors = 0;
    bool whole = yaml_read(text, name, &docs, &err);
    for (size_t i = 0; i < docs.count; i++)
        errors += apply_doc(objects, name, &docs.list[i], listener);
    return whole ? errors : errors + fail(listener, err.text);
}

size_t manifests_apply_rendered(struct object_store *objects, const char *folder, struct bytes text,
                                const struct manifest_listener *listener)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    struct err err = {0};
    size_t errors = 0;
    if (!yaml_read(text, folder, &docs, &err))
        return fail(listener, err.text);
    for (size_t i = 0; i < docs.count; i++)
        if (json_is_object(docs.list[i].tree))
            errors += apply_one(objects, folder, NULL, docs.list[i].tree, "", listener);
    return errors;
}

static size_t apply_file(struct object_store *objects, const char *path,
                         const struct manifest_listener *listener)
{
    OWN(buf) struct buf text = {.max = MAX_FILE};
    struct err err = {0};
    if (!file_read(path, &text, &err))
        return fail(listener, err.text);
    return manifests_apply_text(objects, path, buf_bytes(&text), listener);
}

static size_t apply_input(struct object_store *objects, const struct manifest_listener *listener)
{
    OWN(buf) struct buf text = {.max = MAX_FILE};
    struct err err = {0};
    if (!file_read("/dev/stdin", &text, &err))
        return fail(listener, err.text);
    return manifests_apply_text(objects, "stdin", buf_bytes(&text), listener);
}

static int is_manifest(const struct dirent *entry)
{
    static const char *const endings[] = {".yaml", ".yml", ".json"};
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
        if (*entry->d_name != '.' && str_ends(entry->d_name, endings[i]))
            return !kustomization_is_name(entry->d_name);
    return 0;
}

static size_t apply_folder(struct object_store *objects, const char *path,
                           const struct manifest_listener *listener)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_manifest, alphasort);
    size_t errors = 0;
    if (count <= 0) {
        OWN(free) char *base = str_format("%s/base", path);
        OWN(free) char *line = str_format(
            "%s: contains no manifest (.yaml, .yml, .json); subfolders are not read%s%s", path,
            access(base, F_OK) == 0 ? ", try -f " : "", access(base, F_OK) == 0 ? base : "");
        errors = fail(listener, line);
    }
    for (int i = 0; i < count; i++) {
        OWN(free) char *file = str_format("%s/%s", path, entries[i]->d_name);
        errors += apply_file(objects, file, listener);
        free(entries[i]);
    }
    free(entries);
    return errors;
}

size_t manifests_apply(struct object_store *objects, const char *path,
                       const struct manifest_listener *listener)
{
    struct stat about;
    if (str_equal(path, "-"))
        return apply_input(objects, listener);
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return apply_file(objects, path, listener);
    OWN(free) char *plain = str_copy(path);
    size_t len = strlen(plain);
    while (len > 1 && plain[len - 1] == '/')
        plain[--len] = '\0';
    return apply_folder(objects, plain, listener);
}
