/* SPDX-License-Identifier: Apache-2.0 */
/* Sources get the template of a pod: members of their spec move into it, with their comments. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "kn-local/kinds/gcp_pubsub_source.h"
#include "kn-local/kinds/kinds.h"
#include "kn-local/migrate/convert.h"
#include "kn-local/migrate/text_line.h"

#include <string.h>

/* The old spec, and the lines of the new one. */
struct pod_edit {
    struct bytes text;
    const struct yaml_node *spec;
    const json_t *tree; /* of the spec */
    size_t column;      /* of the spec's members */
    struct buf lines;
};

static void own_pod_edit(struct pod_edit *pod)
{
    buf_done(&pod->lines);
}

static bool pod_open(struct yaml_edit *edit, struct pod_edit *pod, struct err *err)
{
    const struct yaml_node *spec = yaml_edit_node(edit, "spec");
    if (!spec || spec->type != YAML_NODE_MAPPING || spec->flow || !spec->first)
        return err_set(err, ERR_INPUT,
                       "spec cannot be converted in this layout; write its members on lines of "
                       "their own, without braces");
    *pod = (struct pod_edit){
        .text = bytes_of(edit->text), .spec = spec, .tree = yaml_edit_get(edit, "spec")};
    pod->column = text_line_column(pod->text, spec->first->key->start);
    return true;
}

/* Adds a line, indented deeper than the spec's members by a number of columns. */
static void put(struct pod_edit *pod, size_t deeper, const char *text)
{
    buf_add_format(&pod->lines, "%*s%s%s", (int)(pod->column + deeper), "", text,
                   text_line_ending(pod->text));
}

/* Where the lines of a member start, with the comments above it. */
static size_t lines_start(const struct pod_edit *pod, const struct yaml_node *node)
{
    size_t before = node->previous ? node->previous->end : node->parent->key->end;
    return text_line_next(pod->text, before);
}

/* Adds the comments of the lines from start to end, one a line. */
static void put_comments(struct pod_edit *pod, size_t start, size_t end, size_t deeper)
{
    for (size_t line = start; line < end; line = text_line_next(pod->text, line)) {
        size_t indent = text_line_indent(pod->text, line);
        size_t at = text_line_is_comment(pod->text, line) ? line + indent
                                                          : text_line_comment(pod->text, line);
        size_t last = text_line_end(pod->text, line);
        OWN(free) char *comment = str_copy_bytes((struct bytes){pod->text.data + at, last - at});
        if (*comment)
            put(pod, deeper, comment);
    }
}

/* Adds the comments above a member, and blank lines unless it is the first of a list item. */
static void put_lines_above(struct pod_edit *pod, const struct yaml_node *node, size_t deeper,
                            bool blanks)
{
    size_t end = text_line_start(pod->text, node->key->start);
    for (size_t line = lines_start(pod, node); line < end; line = text_line_next(pod->text, line))
        if (text_line_is_comment(pod->text, line))
            put_comments(pod, line, line + 1, deeper);
        else if (blanks)
            buf_add_text(&pod->lines, text_line_ending(pod->text));
}

/* Adds the lines of a member with its comments, moved to the right; dash: it is the first of a list
 * item. */
static void put_member(struct pod_edit *pod, const struct yaml_node *node, size_t deeper, bool dash)
{
    size_t key_line = text_line_start(pod->text, node->key->start);
    put_lines_above(pod, node, dash ? deeper - 2 : deeper, !dash);
    for (size_t line = key_line; line < node->end; line = text_line_next(pod->text, line)) {
        size_t end = text_line_end(pod->text, line);
        size_t indent = dash && line == key_line ? text_line_indent(pod->text, line) : 0;
        OWN(free) char *rest =
            str_copy_bytes((struct bytes){pod->text.data + line + indent, end - line - indent});
        if (indent)
            buf_add_format(&pod->lines, "%*s- %s%s", (int)(pod->column + deeper - 2), "", rest,
                           text_line_ending(pod->text));
        else
            buf_add_format(&pod->lines, "%*s%s%s", *rest ? (int)deeper : 0, "", rest,
                           text_line_ending(pod->text));
    }
}

/* The member of the old spec that has this very value; NULL for a new value. */
static const struct yaml_node *find_member(const struct pod_edit *pod, const char *key,
                                           const json_t *value)
{
    bool shared = json_is_boolean(value) || json_is_null(value); /* by all trees */
    for (const struct yaml_node *node = pod->spec->first; value && node; node = node->next)
        if (json_object_get(pod->tree, node->key->text) == value &&
            (!shared || str_equal(node->key->text, key)))
            return node;
    return NULL;
}

/* The comments of what a list item is made of go above it. */
static void put_item_comments(struct pod_edit *pod, const json_t *item, size_t deeper)
{
    const struct yaml_node *node = find_member(pod, "value", json_object_get(item, "value"));
    if (node)
        put_lines_above(pod, node, deeper, false);
    const json_t *secret_name = json_at(item, "secret.secretName");
    node = find_member(pod, "", json_object_get(pod->tree, "gcpCredsSecret"));
    if (node && secret_name && secret_name == json_at(pod->tree, "gcpCredsSecret.name"))
        put_comments(pod, lines_start(pod, node), text_line_next(pod->text, node->end), deeper);
}

/* Adds the lines of an object; members of the old spec in it keep their text and comments. */
static void put_object(struct pod_edit *pod, const json_t *object, size_t deeper, bool dash)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const struct yaml_node *node = find_member(pod, key, value);
        size_t end = node ? text_line_end(pod->text, node->end) : 0;
        OWN(free) char *text =
            node ? str_copy_bytes((struct bytes){pod->text.data + node->start, end - node->start})
            : json_is_string(value) ? str_copy(json_string_value(value))
                                    : str_copy(json_is_true(value) ? "true" : "");
        OWN(free) char *line =
            str_format("%s%s:%s%s", dash ? "- " : "", key, *text ? " " : "", text);
        size_t index;
        json_t *item;
        if (node && str_equal(node->key->text, key))
            put_member(pod, node, deeper, dash);
        else
            put(pod, dash ? deeper - 2 : deeper, line);
        if (!node && json_is_object(value))
            put_object(pod, value, deeper + 2, false);
        json_array_foreach(node ? NULL : value, index, item)
        {
            put_item_comments(pod, item, deeper);
            put_object(pod, item, deeper + 2, true);
        }
        dash = false;
    }
}

static bool replace_spec_new(struct yaml_edit *edit, struct pod_edit *pod, json_t *spec,
                             struct err *err)
{
    size_t start = text_line_next(pod->text, pod->spec->end);
    put_object(pod, spec, 0, false);
    put_comments(pod, start, text_line_member_end(pod->text, pod->spec), 0);
    return yaml_edit_replace_new(edit, "spec", pod->lines.data, spec, err);
}

bool convert_gcp_pod(struct yaml_edit *edit, struct err *err)
{
    OWN(pod_edit) struct pod_edit pod = {0};
    struct validation_error problem = {0};
    const json_t *object = yaml_edit_get(edit, "");
    if (!pod_open(edit, &pod, err))
        return false;
    if (!kind_validate(&kind_gcp_pubsub_source, object, NULL, &problem))
        return err_set(err, ERR_INPUT, "%s %s", problem.path, problem.text);
    json_t *pod_spec =
        gcp_pubsub_source_pod_spec(object, "docker.io/{username}/pubsub-source:v1",
                                   json_object_get(pod.tree, "gcpCredsSecret") != NULL);
    return replace_spec_new(edit, &pod,
                            json_pack("{s:{s:o}, s:O}", "template", "spec", pod_spec, "sink",
                                      json_object_get(pod.tree, "sink")),
                            err);
}

bool convert_container_pod(struct yaml_edit *edit, struct err *err)
{
    static const char *const of_container[] = {"image", "args", "env"};
    OWN(pod_edit) struct pod_edit pod = {0};
    if (!pod_open(edit, &pod, err))
        return false;
    json_auto_t *container = json_object();
    json_t *pod_spec =
        json_pack("{s:O*, s:[O]}", "serviceAccountName",
                  json_object_get(pod.tree, "serviceAccountName"), "containers", container);
    json_t *spec = json_pack("{s:{s:o}}", "template", "spec", pod_spec);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)pod.tree, key, value)
    {
        size_t i = 0;
        while (i < ARRAY_SIZE(of_container) && !str_equal(of_container[i], key))
            i++;
        if (i < ARRAY_SIZE(of_container))
            json_object_set(container, key, value);
        else if (!str_equal(key, "serviceAccountName"))
            json_object_set(spec, key, value);
    }
    return replace_spec_new(edit, &pod, spec, err);
}
