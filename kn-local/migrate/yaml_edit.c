/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML document that is rewritten step by step, each of them checked. */
#include "kn-local/migrate/yaml_edit.h"

#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/migrate/text_edit.h"

#include <string.h>

static struct bytes text_of(const struct yaml_edit *rewrite)
{
    return bytes_of(rewrite->text);
}

static bool refuse(const char *path, struct err *err)
{
    return err_set(err, ERR_INPUT,
                   "%s cannot be rewritten in this layout; write it without aliases, anchors and "
                   "tags, each member on a line of its own",
                   path);
}

/* Takes the text over. */
static bool read_text(struct yaml_edit *rewrite, char *text, struct err *err)
{
    OWN(yaml_docs) struct yaml_docs docs = {0};
    rewrite->text = text;
    if (!yaml_read(text_of(rewrite), "", &docs, err))
        return false;
    if (docs.count != 1 || !yaml_nodes_read(text_of(rewrite), &rewrite->nodes) ||
        !rewrite->nodes.count)
        return err_set(err, ERR_INPUT, "is not one document");
    rewrite->tree = json_incref(docs.list[0].tree);
    return true;
}

bool yaml_edit_open(struct bytes text, struct yaml_edit *rewrite, struct err *err)
{
    *rewrite = (struct yaml_edit){.prefix = ""};
    return read_text(rewrite, str_copy_bytes(text), err);
}

void yaml_edit_done(struct yaml_edit *rewrite)
{
    json_decref(rewrite->tree);
    yaml_nodes_done(&rewrite->nodes);
    free(rewrite->text);
    *rewrite = (struct yaml_edit){0};
}

struct yaml_node *yaml_edit_node(const struct yaml_edit *rewrite, const char *path)
{
    OWN(free) char *whole = str_format("%s%s", rewrite->prefix, path);
    return yaml_node_at(rewrite->nodes.roots[0], whole);
}

/* One step of a path: a name, then perhaps an index. */
static json_t *json_step(json_t *tree, const char **path)
{
    *path += **path == '.';
    size_t len = strcspn(*path, ".[");
    OWN(free) char *name = str_copy_bytes((struct bytes){*path, len});
    json_t *value = len > 0 ? json_object_get(tree, name) : tree;
    *path += len;
    if (**path == '[') {
        value = json_array_get(value, strtoul(*path + 1, NULL, 10));
        *path = strchr(*path, ']') + 1;
    }
    return value;
}

static json_t *json_at(json_t *tree, const char *prefix, const char *path)
{
    while (tree && *prefix)
        tree = json_step(tree, &prefix);
    while (tree && *path)
        tree = json_step(tree, &path);
    return tree;
}

const json_t *yaml_edit_get(const struct yaml_edit *rewrite, const char *path)
{
    return json_at(rewrite->tree, rewrite->prefix, path);
}

/* The map that holds the member at a path. */
static json_t *holder(json_t *tree, const char *prefix, const char *path)
{
    const char *dot = strrchr(path, '.');
    OWN(free) char *above = str_copy_bytes((struct bytes){path, dot ? (size_t)(dot - path) : 0});
    return json_at(tree, prefix, above);
}

static const char *last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* A step under way: the member, the text's edits, and the tree that it is to become. */
struct step {
    struct yaml_edit *rewrite;
    const char *path;
    struct bytes text;
    struct yaml_node *node;
    struct text_edit edits;
    json_t *want, *holder;
};

static void own_step(struct step *step)
{
    text_edit_done(&step->edits);
    json_decref(step->want);
}

static bool step_open(struct yaml_edit *rewrite, const char *path, struct step *step,
                      struct err *err)
{
    *step = (struct step){.rewrite = rewrite, .path = path, .text = text_of(rewrite)};
    step->node = yaml_edit_node(rewrite, path);
    step->want = json_deep_copy(rewrite->tree);
    step->holder = holder(step->want, rewrite->prefix, path);
    return (step->node && step->node->key && json_is_object(step->holder)) || refuse(path, err);
}

/* Whether a text says what is wanted, with the comments of before. Fills in fresh. */
static bool says(const struct step *step, char *text, struct yaml_edit *fresh)
{
    struct err unread = {0};
    fresh->prefix = step->rewrite->prefix;
    if (!text || !read_text(fresh, text, &unread) || !json_equal(fresh->tree, step->want))
        return false;
    OWN(free) char *before = text_line_comments(step->text, &step->rewrite->nodes);
    OWN(free) char *after = text_line_comments(text_of(fresh), &fresh->nodes);
    return str_equal(before, after);
}

static bool step_done(struct step *step, struct err *err)
{
    OWN(yaml_edit) struct yaml_edit fresh = {0};
    if (!says(step, text_edit_apply(&step->edits, step->text), &fresh))
        return refuse(step->path, err);
    yaml_edit_done(step->rewrite);
    *step->rewrite = fresh;
    fresh = (struct yaml_edit){0};
    return true;
}

/* A word in the quotes that another part of the text has: JSON is YAML, too. The caller frees. */
static char *quoted_as(const struct step *step, const struct yaml_node *like, const char *word)
{
    char quote = step->text.data[like->start];
    return quote == '"' || quote == '\'' ? str_format("%c%s%c", quote, word, quote)
                                         : str_copy(word);
}

static void rename_key(struct step *step, const struct yaml_node *node, const char *key)
{
    OWN(free) char *word = quoted_as(step, node->key, key);
    text_edit_add(&step->edits, node->key->start, node->key->end, word);
}

/* Whether a value stands below its key, on lines of its own. */
static bool is_below(const struct step *step, const struct yaml_node *node)
{
    return node->type == YAML_NODE_MAPPING && !node->flow && node->first &&
           node->start >= text_line_next(step->text, node->key->end) &&
           text_line_begins_at(step->text, node->first->key->start);
}

/* Moves a member's value in the tree to another name, before another value takes its place. */
static json_t *take_value(struct step *step)
{
    const char *name = last_name(step->path);
    json_t *value = json_incref(json_object_get(step->holder, name));
    json_object_del(step->holder, name);
    return value;
}

bool yaml_edit_set(struct yaml_edit *rewrite, const char *path, const char *text, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    if (step.node->type != YAML_NODE_SCALAR)
        return refuse(path, err);
    json_object_set_new(step.holder, last_name(path), json_string(text));
    OWN(free) char *word = quoted_as(&step, step.node, text);
    text_edit_add(&step.edits, step.node->start, step.node->end, word);
    return step_done(&step, err);
}

bool yaml_edit_rename(struct yaml_edit *rewrite, const char *path, const char *key, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    json_object_set_new(step.holder, key, take_value(&step));
    rename_key(&step, step.node, key);
    return step_done(&step, err);
}

/* In {a: 1, b: 2}: the member and one comma. */
static void drop_flow(struct step *step)
{
    const struct yaml_node *node = step->node;
    size_t start = node->key->start;
    size_t end = node->end;
    if (node->next)
        end = node->next->key->start;
    else if (node->previous)
        start = node->previous->end;
    text_edit_add(&step->edits, start, end, "");
}

/* The line, but a comment on it stays. */
static void drop_line(struct step *step)
{
    size_t start = step->node->key->start;
    size_t comment = text_line_comment(step->text, step->node->end);
    if (comment < text_line_end(step->text, start))
        text_edit_add(&step->edits, start, comment, "");
    else
        text_edit_add(&step->edits, text_line_start(step->text, start),
                      text_line_next(step->text, comment), "");
}

bool yaml_edit_remove(struct yaml_edit *rewrite, const char *path, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    json_object_del(step.holder, last_name(path));
    size_t key = step.node->key->start;
    if (step.node->parent->flow)
        drop_flow(&step);
    else if (text_line_begins_at(step.text, key) && step.node->end <= text_line_end(step.text, key))
        drop_line(&step);
    else
        return refuse(path, err);
    return step_done(&step, err);
}

/* The lines between the outer key and the inner value: keys go, comments move left. */
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
            text_edit_indent(&step->edits, text, line, column);
        else if (comment < text_line_end(text, line)) {
            OWN(free) char *spaces = str_format("%*s", (int)column, "");
            text_edit_add(&step->edits, line, comment, spaces);
        } else if (text_line_indent(text, line) < text_line_end(text, line) - line)
            text_edit_add(&step->edits, line, following, "");
        line = following;
    }
    text_edit_shift(&step->edits, text, inner_line, text_line_member_end(text, step->node),
                    -(long)lift);
}

/* The value at a path, whose maps hold nothing else. */
static const struct yaml_node *only_member(struct yaml_node *outer, const char *path)
{
    const struct yaml_node *inner = yaml_node_at(outer, path);
    for (const struct yaml_node *node = inner; node && node != outer; node = node->parent)
        if (node->previous || node->next)
            return NULL;
    return inner;
}

bool yaml_edit_lift(struct yaml_edit *rewrite, const char *outer, const char *inner,
                    const char *key, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, outer, &step, err))
        return false;
    const struct yaml_node *node = only_member(step.node, inner);
    if (!node)
        return refuse(outer, err);
    json_auto_t *value = take_value(&step);
    json_object_set(step.holder, key, json_at(value, "", inner));
    if (is_below(&step, node)) {
        rename_key(&step, step.node, key);
        lift_lines(&step, node);
    } else {
        OWN(free) char *word = quoted_as(&step, step.node->key, key);
        OWN(free) char *start = str_format("%s: ", word);
        text_edit_add(&step.edits, step.node->key->start, node->start, start);
        text_edit_add(&step.edits, node->end, step.node->end, "");
    }
    return step_done(&step, err);
}

/* The first member of a map below its key gets the dash; comments above it move with it. */
static void list_lines(struct step *step)
{
    struct bytes text = step->text;
    const struct yaml_node *node = step->node;
    size_t column = text_line_column(text, node->key->start);
    size_t child = text_line_column(text, node->first->key->start);
    size_t first_line = text_line_start(text, node->first->key->start);
    text_edit_shift(&step->edits, text, text_line_next(text, node->key->end), first_line,
                    (long)column - (long)child);
    text_edit_indent(&step->edits, text, first_line, column);
    text_edit_add(&step->edits, node->first->key->start, node->first->key->start, "- ");
    text_edit_shift(&step->edits, text, text_line_next(text, first_line),
                    text_line_member_end(text, node), (long)column + 2 - (long)child);
}

bool yaml_edit_list(struct yaml_edit *rewrite, const char *path, const char *key, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    json_object_set_new(step.holder, key, json_pack("[o]", take_value(&step)));
    rename_key(&step, step.node, key);
    if (is_below(&step, step.node)) {
        list_lines(&step);
    } else {
        text_edit_add(&step.edits, step.node->start, step.node->start, "[");
        text_edit_add(&step.edits, step.node->end, step.node->end, "]");
    }
    return step_done(&step, err);
}

static void wrap_lines(struct step *step, const char *key)
{
    struct bytes text = step->text;
    const struct yaml_node *node = step->node;
    size_t column = text_line_column(text, node->first->key->start);
    size_t from = text_line_next(text, node->key->end);
    OWN(free) char *line = str_format("%*s%s:%s", (int)column, "", key, text_line_ending(text));
    text_edit_add(&step->edits, from, from, line);
    text_edit_shift(&step->edits, text, from, text_line_member_end(text, node),
                    (long)column - (long)text_line_column(text, node->key->start));
}

bool yaml_edit_wrap(struct yaml_edit *rewrite, const char *path, const char *key, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    json_object_set_new(step.holder, last_name(path), json_pack("{s:o}", key, take_value(&step)));
    if (is_below(&step, step.node)) {
        wrap_lines(&step, key);
    } else {
        OWN(free) char *word = quoted_as(&step, step.node->key, key);
        OWN(free) char *start = str_format("{%s: ", word);
        text_edit_add(&step.edits, step.node->start, step.node->start, start);
        text_edit_add(&step.edits, step.node->end, step.node->end, "}");
    }
    return step_done(&step, err);
}

bool yaml_edit_insert(struct yaml_edit *rewrite, const char *path, const char *key,
                      const char *text, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    json_object_set_new(step.holder, key, json_string(text));
    OWN(free) char *name = quoted_as(&step, step.node->key, key);
    OWN(free) char *value = quoted_as(&step, step.node->key, text);
    size_t at = step.node->key->start;
    OWN(free) char *more = step.node->parent->flow
                               ? str_format("%s: %s, ", name, value)
                               : str_format("%s: %s%s%*s", name, value, text_line_ending(step.text),
                                            (int)text_line_column(step.text, at), "");
    text_edit_add(&step.edits, at, at, more);
    return step_done(&step, err);
}

bool yaml_edit_replace_new(struct yaml_edit *rewrite, const char *path, const char *lines,
                           json_t *tree, struct err *err)
{
    json_auto_t *value = tree;
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    if (!is_below(&step, step.node))
        return refuse(path, err);
    json_object_set(step.holder, last_name(path), value);
    text_edit_add(&step.edits, text_line_next(step.text, step.node->key->end),
                  text_line_member_end(step.text, step.node), lines);
    return step_done(&step, err);
}
