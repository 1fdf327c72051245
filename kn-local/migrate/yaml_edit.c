/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML document that is edited step by step, each of them checked. */
#include "kn-local/migrate/yaml_edit.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/migrate/text_edit.h"
#include "kn-local/migrate/text_line.h"

#include <string.h>

static struct bytes text_of(const struct yaml_edit *edit)
{
    return bytes_of(edit->text);
}

static bool fail_layout(const char *path, struct err *err)
{
    return err_set(err, ERR_INPUT,
                   "%s cannot be converted in this layout; write it without aliases, anchors and "
                   "tags, each member on a line of its own",
                   path);
}

/* Takes ownership of the text. */
static bool read_text(struct yaml_edit *edit, char *text, struct err *err)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    edit->text = text;
    if (!yaml_read(text_of(edit), "", &docs, err))
        return false;
    if (docs.count != 1 || !yaml_nodes_read(text_of(edit), &edit->nodes) || !edit->nodes.count)
        return err_set(err, ERR_INPUT, "is not a single document");
    edit->tree = json_incref(docs.list[0].tree);
    return true;
}

static const json_t *edited_object(struct migration_editor *editor)
{
    return yaml_edit_get((struct yaml_edit *)editor, "");
}

static bool apply_step(struct migration_editor *editor, const struct migration_step *step,
                       struct err *err)
{
    return yaml_edit_apply((struct yaml_edit *)editor, step, err);
}

bool yaml_edit_open(struct bytes text, struct yaml_edit *edit, struct err *err)
{
    *edit = (struct yaml_edit){.editor = {edited_object, apply_step}, .prefix = ""};
    return read_text(edit, str_copy_bytes(text), err);
}

void yaml_edit_done(struct yaml_edit *edit)
{
    json_decref(edit->tree);
    yaml_nodes_done(&edit->nodes);
    free(edit->text);
    *edit = (struct yaml_edit){0};
}

struct yaml_node *yaml_edit_node(const struct yaml_edit *edit, const char *path)
{
    OWN(free) char *whole = str_format("%s%s", edit->prefix, path);
    return yaml_node_at(edit->nodes.roots[0], whole);
}

const json_t *yaml_edit_get(const struct yaml_edit *edit, const char *path)
{
    return json_at(json_at(edit->tree, edit->prefix), path);
}

/* A step being done: the member, the changes of the text, and the tree that the text must give. */
struct step {
    struct yaml_edit *edit;
    const char *path;
    struct bytes text;
    struct yaml_node *node;
    struct text_edit changes;
    json_t *expected;
};

static void own_step(struct step *step)
{
    text_edit_done(&step->changes);
    json_decref(step->expected);
}

static bool step_open(struct yaml_edit *edit, const char *path, struct step *step, struct err *err)
{
    *step = (struct step){.edit = edit, .path = path, .text = text_of(edit)};
    step->node = yaml_edit_node(edit, path);
    step->expected = json_deep_copy(edit->tree);
    return (step->node && step->node->key) || fail_layout(path, err);
}

/* True if a text parses to the expected tree and has the same comments as before; reparsed receives
 * the result. */
static bool matches(const struct step *step, char *text, struct yaml_edit *reparsed)
{
    struct err ignored = {0};
    reparsed->editor = step->edit->editor;
    reparsed->prefix = step->edit->prefix;
    if (!text || !read_text(reparsed, text, &ignored) ||
        !json_equal(reparsed->tree, step->expected))
        return false;
    OWN(free) char *before = text_line_comments(step->text, &step->edit->nodes);
    OWN(free) char *after = text_line_comments(text_of(reparsed), &reparsed->nodes);
    return str_equal(before, after);
}

static bool step_done(struct step *step, struct err *err)
{
    OWN(yaml_edit) struct yaml_edit reparsed = {0};
    if (!matches(step, text_edit_apply(&step->changes, step->text), &reparsed))
        return fail_layout(step->path, err);
    yaml_edit_done(step->edit);
    *step->edit = reparsed;
    reparsed = (struct yaml_edit){0};
    return true;
}

/* A word in the same quotes as another part of the text: JSON is YAML, too. The caller frees. */
static char *quoted_as(const struct step *step, const struct yaml_node *like, const char *word)
{
    char quote = step->text.data[like->start];
    return quote == '"' || quote == '\'' ? str_format("%c%s%c", quote, word, quote)
                                         : str_copy(word);
}

static void rename_key(struct step *step, const struct yaml_node *node, const char *key)
{
    OWN(free) char *word = quoted_as(step, node->key, key);
    text_edit_add(&step->changes, node->key->start, node->key->end, word);
}

/* Whether a value is below its key, on lines of its own. */
static bool is_below(const struct step *step, const struct yaml_node *node)
{
    return node->type == YAML_NODE_MAPPING && !node->flow && node->first &&
           node->start >= text_line_next(step->text, node->key->end) &&
           text_line_begins_at(step->text, node->first->key->start);
}

/* In {a: 1, b: 2}: the member and one comma. */
static void remove_flow(struct step *step)
{
    const struct yaml_node *node = step->node;
    size_t start = node->key->start;
    size_t end = node->end;
    if (node->next)
        end = node->next->key->start;
    else if (node->previous)
        start = node->previous->end;
    text_edit_add(&step->changes, start, end, "");
}

/* Removes the line, but keeps a comment on it. */
static void remove_line(struct step *step)
{
    size_t start = step->node->key->start;
    size_t comment = text_line_comment(step->text, step->node->end);
    if (comment < text_line_end(step->text, start))
        text_edit_add(&step->changes, start, comment, "");
    else
        text_edit_add(&step->changes, text_line_start(step->text, start),
                      text_line_next(step->text, comment), "");
}

static bool remove_member(struct step *step)
{
    size_t key = step->node->key->start;
    if (step->node->parent->flow)
        remove_flow(step);
    else if (text_line_begins_at(step->text, key) &&
             step->node->end <= text_line_end(step->text, key))
        remove_line(step);
    else
        return false;
    return true;
}

/* Removes the keys between the outer key and the inner value; comments move to the left. */
static void lift_lines(struct step *step, const struct yaml_node *inner)
{
    struct bytes text = step->text;
    size_t outer_column = text_line_column(text, step->node->key->start);
    size_t lift = text_line_column(text, inner->key->start) - outer_column;
    size_t column = text_line_column(text, inner->first->key->start) - lift;
    size_t inner_line = text_line_next(text, inner->key->start);
    for (size_t line = text_line_next(text, step->node->key->start); line < inner_line;) {
        size_t following = text_line_next(text, line);
        size_t comment = text_line_comment(text, line);
        if (text_line_is_comment(text, line))
            text_edit_indent(&step->changes, text, line, column);
        else if (comment < text_line_end(text, line)) {
            OWN(free) char *spaces = str_format("%*s", (int)column, "");
            text_edit_add(&step->changes, line, comment, spaces);
        } else if (text_line_indent(text, line) < text_line_end(text, line) - line)
            text_edit_add(&step->changes, line, following, "");
        line = following;
    }
    text_edit_shift(&step->changes, text, inner_line, text_line_member_end(text, step->node),
                    -(long)lift);
}

/* The value at a path; NULL when an object on the path has other members. */
static const struct yaml_node *only_member(struct yaml_node *outer, const char *path)
{
    const struct yaml_node *inner = yaml_node_at(outer, path);
    for (const struct yaml_node *node = inner; node && node != outer; node = node->parent)
        if (node->previous || node->next)
            return NULL;
    return inner;
}

static bool lift(struct step *step, const char *inner, const char *key)
{
    const struct yaml_node *node = only_member(step->node, inner);
    if (node && is_below(step, node)) {
        rename_key(step, step->node, key);
        lift_lines(step, node);
    } else if (node) {
        OWN(free) char *word = quoted_as(step, step->node->key, key);
        OWN(free) char *start = str_format("%s: ", word);
        text_edit_add(&step->changes, step->node->key->start, node->start, start);
        text_edit_add(&step->changes, node->end, step->node->end, "");
    }
    return node != NULL;
}

/* Puts the dash before the first member of a map below its key; comments above it move with it. */
static void list_lines(struct step *step)
{
    struct bytes text = step->text;
    const struct yaml_node *node = step->node;
    size_t column = text_line_column(text, node->key->start);
    size_t child = text_line_column(text, node->first->key->start);
    size_t first_line = text_line_start(text, node->first->key->start);
    text_edit_shift(&step->changes, text, text_line_next(text, node->key->end), first_line,
                    (long)column - (long)child);
    text_edit_indent(&step->changes, text, first_line, column);
    text_edit_add(&step->changes, node->first->key->start, node->first->key->start, "- ");
    text_edit_shift(&step->changes, text, text_line_next(text, first_line),
                    text_line_member_end(text, node), (long)column + 2 - (long)child);
}

static void make_list(struct step *step, const char *key)
{
    rename_key(step, step->node, key);
    if (is_below(step, step->node)) {
        list_lines(step);
    } else {
        text_edit_add(&step->changes, step->node->start, step->node->start, "[");
        text_edit_add(&step->changes, step->node->end, step->node->end, "]");
    }
}

static void wrap_lines(struct step *step, const char *key)
{
    struct bytes text = step->text;
    const struct yaml_node *node = step->node;
    size_t column = text_line_column(text, node->first->key->start);
    size_t from = text_line_next(text, node->key->end);
    OWN(free) char *line = str_format("%*s%s:%s", (int)column, "", key, text_line_ending(text));
    text_edit_add(&step->changes, from, from, line);
    text_edit_shift(&step->changes, text, from, text_line_member_end(text, node),
                    (long)column - (long)text_line_column(text, node->key->start));
}

static void wrap(struct step *step, const char *key)
{
    if (is_below(step, step->node)) {
        wrap_lines(step, key);
    } else {
        OWN(free) char *word = quoted_as(step, step->node->key, key);
        OWN(free) char *start = str_format("{%s: ", word);
        text_edit_add(&step->changes, step->node->start, step->node->start, start);
        text_edit_add(&step->changes, step->node->end, step->node->end, "}");
    }
}

static void insert(struct step *step, const char *key, const char *text)
{
    OWN(free) char *name = quoted_as(step, step->node->key, key);
    OWN(free) char *value = quoted_as(step, step->node->key, text);
    size_t start = step->node->key->start;
    OWN(free) char *member =
        step->node->parent->flow
            ? str_format("%s: %s, ", name, value)
            : str_format("%s: %s%s%*s", name, value, text_line_ending(step->text),
                         (int)text_line_column(step->text, start), "");
    text_edit_add(&step->changes, start, start, member);
}

static bool set(struct step *step, const char *text)
{
    if (step->node->type != YAML_NODE_SCALAR)
        return false;
    OWN(free) char *word = quoted_as(step, step->node, text);
    text_edit_add(&step->changes, step->node->start, step->node->end, word);
    return true;
}

static bool edit_text(struct step *step, const struct migration_step *migration)
{
    switch (migration->op) {
    case MIGRATION_REMOVE:
        return remove_member(step);
    case MIGRATION_SET:
        return set(step, migration->value);
    case MIGRATION_INSERT:
        insert(step, migration->key, migration->value);
        return true;
    case MIGRATION_RENAME:
        rename_key(step, step->node, migration->key);
        return true;
    case MIGRATION_LIFT:
        return lift(step, migration->value, migration->key);
    case MIGRATION_LIST:
        make_list(step, migration->key);
        return true;
    case MIGRATION_WRAP:
        wrap(step, migration->key);
        return true;
    default:
        return false;
    }
}

bool yaml_edit_apply(struct yaml_edit *edit, const struct migration_step *migration,
                     struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(edit, migration->path, &step, err))
        return false;
    if (!edit_text(&step, migration) ||
        !migration_edit_tree(json_at(step.expected, edit->prefix), migration))
        return fail_layout(migration->path, err);
    return step_done(&step, err);
}

bool yaml_edit_set(struct yaml_edit *edit, const char *path, const char *text, struct err *err)
{
    return yaml_edit_apply(
        edit, &(struct migration_step){.op = MIGRATION_SET, .path = path, .value = text}, err);
}

bool yaml_edit_replace_new(struct yaml_edit *edit, const char *path, const char *lines,
                           json_t *tree, struct err *err)
{
    json_auto_t *value = tree;
    OWN(step) struct step step;
    if (!step_open(edit, path, &step, err))
        return false;
    json_t *old = json_at(json_at(step.expected, edit->prefix), path);
    if (!is_below(&step, step.node) || !json_is_object(old))
        return fail_layout(path, err);
    json_object_clear(old);
    json_object_update(old, value);
    text_edit_add(&step.changes, text_line_next(step.text, step.node->key->end),
                  text_line_member_end(step.text, step.node), lines);
    return step_done(&step, err);
}
