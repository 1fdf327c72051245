/* SPDX-License-Identifier: Apache-2.0 */
/* Converts manifests of older versions, such as those of 2019, to today's. */
#include "kn-local/migrate/convert.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/kinds/kinds.h"
#include "kn-local/kinds/object.h"
#include "kn-local/migrate/text_line.h"

#include <string.h>

/* A file being converted. */
struct conversion {
    const char *name;
    struct bytes text;
    const struct manifest_listener *listener;
    size_t errors;
};

/* The result must be what kn-local accepts. */
static bool check_converted(const struct yaml_edit *edit, struct err *err)
{
    struct err unknown = {0};
    const json_t *object = yaml_edit_get(edit, "");
    const struct kind *kind = kind_of_object(object, &unknown);
    struct validation_error problem = {0};
    return !kind || kind_validate(kind, object, NULL, &problem) ||
           err_set(err, ERR_INPUT, "%s %s", problem.path, problem.text);
}

/* NULL when an object stays as it is; also err when it cannot. */
static const struct migration *find_migration(const json_t *object, struct err *err)
{
    const char *version = json_text_at(object, "apiVersion");
    const char *kind = json_text_at(object, "kind");
    const char *advice = NULL;
    if (!version || !kind)
        return NULL;
    const struct migration *migration = migration_find(version, kind);
    if (!migration && convert_table_removed(version, kind, &advice))
        err_set(err, ERR_INPUT, "kind %.80s of %.80s has no counterpart: %s", kind, version,
                advice);
    return migration;
}

static bool migrate(struct yaml_edit *edit, const struct migration *migration, struct err *err)
{
    return convert_table_check_fields(edit, err) &&
           migration_run(migration->steps, &edit->editor, err) &&
           (!migration->new_kind || yaml_edit_set(edit, "kind", migration->new_kind, err)) &&
           yaml_edit_set(edit, "apiVersion", migration->api_version, err) &&
           check_converted(edit, err);
}

/* An error begins with the path that it is about. */
static void report_error(struct conversion *file, const struct yaml_doc *doc, const char *prefix,
                         const struct err *err)
{
    size_t len = strcspn(err->text, " ");
    OWN(free) char *path = str_format("%s%.*s", prefix, (int)len, err->text);
    OWN(free) char *line = str_format("%s:%zu: %s", file->name, yaml_line(doc, path), err->text);
    file->listener->failed(line, file->listener->context);
    file->errors++;
}

static void report_note(const struct conversion *file, const struct yaml_doc *doc,
                        const char *prefix, const json_t *object, const char *note)
{
    OWN(free) char *path = str_format("%skind", prefix);
    OWN(free) char *line = str_format("%s:%zu: %s %s %s", file->name, yaml_line(doc, path),
                                      json_text_at(object, "kind"), object_name(object), note);
    file->listener->done(line, file->listener->context);
}

static void convert_object(struct conversion *file, const struct yaml_doc *doc,
                           struct yaml_edit *edit, const json_t *object, const char *prefix)
{
    struct err err = {0};
    const struct migration *migration = find_migration(object, &err);
    edit->prefix = prefix;
    bool done = err.status == 0 && (!migration || migrate(edit, migration, &err));
    edit->prefix = "";
    if (!done)
        report_error(file, doc, prefix, &err);
    else if (migration && migration->note)
        report_note(file, doc, prefix, object, migration->note);
}

static bool apply_step(struct migration_editor *editor, const struct migration_step *step,
                       struct err *err)
{
    struct yaml_edit *edit = (struct yaml_edit *)editor;
    return step->op == MIGRATION_CONTAINER_POD ? convert_container_pod(edit, err)
           : step->op == MIGRATION_GCP_POD     ? convert_gcp_pod(edit, err)
                                               : yaml_edit_apply(edit, step, err);
}

static void convert_doc(struct conversion *file, const struct yaml_doc *doc, struct bytes part,
                        struct buf *out)
{
    struct err err = {0};
    OWN(yaml_edit) struct yaml_edit edit = {0};
    if (!json_is_object(doc->tree)) {
        buf_add(out, part.data, part.len);
        return;
    }
    if (!yaml_edit_open(part, &edit, &err)) {
        report_error(file, doc, "", &err);
        return;
    }
    edit.editor.apply = apply_step;
    if (str_equal(json_text_at(doc->tree, "kind"), "List")) {
        size_t index;
        json_t *item;
        json_array_foreach(json_object_get(doc->tree, "items"), index, item)
        {
            OWN(free) char *prefix = str_format("items[%zu].", index);
            convert_object(file, doc, &edit, item, prefix);
        }
    } else {
        convert_object(file, doc, &edit, doc->tree, "");
    }
    buf_add_text(out, edit.text);
}

/* A document is the part of the text from the line where it begins to the next document. */
static void convert_docs(struct conversion *file, const struct yaml_docs *docs,
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
    struct conversion file = {name, text, listener, 0};
    struct err err = {0};
    OWN(yaml_docs) struct yaml_docs docs = {0};
    OWN(yaml_nodes) struct yaml_nodes nodes = {0};
    if (yaml_read(text, name, &docs, &err) && yaml_nodes_read(text, &nodes) &&
        nodes.count == docs.count) {
        convert_docs(&file, &docs, &nodes, out);
        return file.errors;
    }
    if (!err.status)
        err_set(&err, ERR_INPUT, "%s:1: cannot be converted in this layout", name);
    listener->failed(err.text, listener->context);
    return 1;
}
