/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of 2019, and of the years after it, rewritten in the words of today. */
#include "kn-local/migrate/convert.h"

#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/kinds/kinds.h"
#include "kn-local/kinds/object.h"
#include "kn-local/migrate/text_edit.h"

#include <string.h>

/* A file under way. */
struct file {
    const char *name;
    struct bytes text;
    const struct manifest_listener *listener;
    size_t errors;
};

/* What comes out must be what kn-local takes. */
static bool check_converted(const struct yaml_edit *rewrite, struct err *err)
{
    struct err unknown = {0};
    const json_t *object = yaml_edit_get(rewrite, "");
    const struct kind *kind = kind_of_object(object, &unknown);
    struct validation_error problem = {0};
    return !kind || kind_validate(kind, object, NULL, &problem) ||
           err_set(err, ERR_INPUT, "%s %s", problem.path, problem.text);
}

/* Whether an object is to be changed; false and err (if set) when it is not, or cannot be. */
static const struct conversion *wanted(const json_t *object, struct err *err)
{
    const char *version = json_string_value(json_object_get(object, "apiVersion"));
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *way_out = NULL;
    if (!version || !kind)
        return NULL;
    const struct conversion *conversion = convert_table_find(version, kind);
    if (!conversion && convert_table_removed(version, kind, &way_out))
        err_set(err, ERR_INPUT, "kind %.80s of %.80s has no counterpart: %s", kind, version,
                way_out);
    return conversion;
}

static bool renew(struct yaml_edit *rewrite, const struct conversion *conversion, struct err *err)
{
    return convert_table_check_fields(rewrite, err) && conversion->steps(rewrite, err) &&
           (!conversion->new_kind || yaml_edit_set(rewrite, "kind", conversion->new_kind, err)) &&
           yaml_edit_set(rewrite, "apiVersion", conversion->api_version, err) &&
           check_converted(rewrite, err);
}

/* An error opens with the path that it is about. */
static void tell_failed(struct file *file, const struct yaml_doc *doc, const char *prefix,
                        const struct err *err)
{
    size_t len = strcspn(err->text, " ");
    OWN(free) char *path = str_format("%s%.*s", prefix, (int)len, err->text);
    OWN(free) char *line = str_format("%s:%zu: %s", file->name, yaml_line(doc, path), err->text);
    file->listener->failed(line, file->listener->context);
    file->errors++;
}

static void tell_note(const struct file *file, const struct yaml_doc *doc, const char *prefix,
                      const json_t *object, const char *note)
{
    OWN(free) char *path = str_format("%skind", prefix);
    OWN(free) char *line =
        str_format("%s:%zu: %s %s %s", file->name, yaml_line(doc, path),
                   json_string_value(json_object_get(object, "kind")), object_name(object), note);
    file->listener->done(line, file->listener->context);
}

static void convert_object(struct file *file, const struct yaml_doc *doc, struct yaml_edit *rewrite,
                           const json_t *object, const char *prefix)
{
    struct err err = {0};
    const struct conversion *conversion = wanted(object, &err);
    rewrite->prefix = prefix;
    bool done = err.status == 0 && (!conversion || renew(rewrite, conversion, &err));
    rewrite->prefix = "";
    if (!done)
        tell_failed(file, doc, prefix, &err);
    else if (conversion && conversion->note)
        tell_note(file, doc, prefix, object, conversion->note);
}

static void convert_items(struct file *file, const struct yaml_doc *doc, struct yaml_edit *rewrite)
{
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(doc->tree, "items"), index, item)
    {
        OWN(free) char *prefix = str_format("items[%zu].", index);
        convert_object(file, doc, rewrite, item, prefix);
    }
}

static void convert_doc(struct file *file, const struct yaml_doc *doc, struct bytes part,
                        struct buf *out)
{
    struct err err = {0};
    OWN(yaml_edit) struct yaml_edit rewrite = {0};
    if (!json_is_object(doc->tree)) {
        buf_add(out, part.data, part.len);
        return;
    }
    if (!yaml_edit_open(part, &rewrite, &err)) {
        tell_failed(file, doc, "", &err);
        return;
    }
    if (str_equal(json_string_value(json_object_get(doc->tree, "kind")), "List"))
        convert_items(file, doc, &rewrite);
    else
        convert_object(file, doc, &rewrite, doc->tree, "");
    buf_add_text(out, rewrite.text);
}

/* Each document is a part of the text: from the line where it begins to the next one. */
static void convert_docs(struct file *file, const struct yaml_docs *docs,
                         const struct yaml_nodes *nodes, struct buf *out)
{
    size_t start = docs->count ? text_line_start(file->text, nodes->starts[0]) : file->text.len;
    buf_add(out, file->text.data, start);
    for (size_t i = 0; i < docs->count; i++) {
        size_t end = i + 1 < docs->count ? text_line_start(file->text, nodes->starts[i + 1])
                                         : file->text.len;
        struct bytes part = {file->text.data + start, end - start};
        convert_doc(file, &docs->list[i], part, out);
        start = end;
    }
}

size_t convert_text(const char *name, struct bytes text, struct buf *out,
                    const struct manifest_listener *listener)
{
    struct file file = {name, text, listener, 0};
    struct err err = {0};
    OWN(yaml_docs) struct yaml_docs docs = {0};
    OWN(yaml_nodes) struct yaml_nodes nodes = {0};
    if (yaml_read(text, name, &docs, &err) && yaml_nodes_read(text, &nodes) &&
        nodes.count == docs.count) {
        convert_docs(&file, &docs, &nodes, out);
        return file.errors;
    }
    if (!err.status)
        err_set(&err, ERR_INPUT, "%s:1: cannot be rewritten in this layout", name);
    listener->failed(err.text, listener->context);
    return 1;
}
