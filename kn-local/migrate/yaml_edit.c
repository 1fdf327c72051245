/* A YAML document that is rewritten step by step, each of them checked. */
#include "kn-local/migrate/yaml_edit.h"

#include "base/str.h"
#include "base/yaml/yaml.h"
#include "kn-local/migrate/text_edit.h"

#include <string.h>

static struct bytes text_of(const struct rewrite *rewrite)
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

/* ---- reading --------------------------------------------------------------------------------- */

/* Takes the text over. */
static bool read_text(struct rewrite *rewrite, char *text, struct err *err)
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

bool rewrite_open(struct bytes text, struct rewrite *rewrite, struct err *err)
{
    *rewrite = (struct rewrite){.prefix = ""};
    return read_text(rewrite, str_copy_bytes(text), err);
}

void rewrite_done(struct rewrite *rewrite)
{
    json_decref(rewrite->tree);
    yaml_nodes_done(&rewrite->nodes);
    free(rewrite->text);
    *rewrite = (struct rewrite){0};
}

struct yaml_node *rewrite_node(const struct rewrite *rewrite, const char *path)
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

const json_t *rewrite_get(const struct rewrite *rewrite, const char *path)
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

/* ---- one step -------------------------------------------------------------------------------- */

/* A step under way: the member, the text's edits, and the tree that it is to become. */
struct step {
    struct rewrite *rewrite;
    const char *path;
    struct bytes text;
    struct yaml_node *node;
    struct edits edits;
    json_t *want, *holder;
};

static void own_step(struct step *step)
{
    edits_done(&step->edits);
    json_decref(step->want);
}

static bool step_open(struct rewrite *rewrite, const char *path, struct step *step, struct err *err)
{
    *step = (struct step){.rewrite = rewrite, .path = path, .text = text_of(rewrite)};
    step->node = rewrite_node(rewrite, path);
    step->want = json_deep_copy(rewrite->tree);
    step->holder = holder(step->want, rewrite->prefix, path);
    return (step->node && step->node->key && json_is_object(step->holder)) || refuse(path, err);
}

/* Whether a text says what is wanted, with the comments of before. Fills in fresh. */
static bool says(const struct step *step, char *text, struct rewrite *fresh)
{
    struct err unread = {0};
    fresh->prefix = step->rewrite->prefix;
    if (!text || !read_text(fresh, text, &unread) || !json_equal(fresh->tree, step->want))
        return false;
    OWN(free) char *before = comments_of(step->text, &step->rewrite->nodes);
    OWN(free) char *after = comments_of(text_of(fresh), &fresh->nodes);
    return str_equal(before, after);
}

static bool step_done(struct step *step, struct err *err)
{
    OWN(rewrite) struct rewrite fresh = {0};
    if (!says(step, edits_apply(&step->edits, step->text), &fresh))
        return refuse(step->path, err);
    rewrite_done(step->rewrite);
    *step->rewrite = fresh;
    fresh = (struct rewrite){0};
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
    edits_add(&step->edits, node->key->start, node->key->end, word);
}

/* Whether a value stands below its key, on lines of its own. */
static bool is_below(const struct step *step, const struct yaml_node *node)
{
    return node->type == NODE_MAP && !node->flow && node->first &&
           node->start >= line_after(step->text, node->key->end) &&
           opens_line(step->text, node->first->key->start);
}

/* Moves a member's value in the tree to another name, before another value takes its place. */
static json_t *take_value(struct step *step)
{
    const char *name = last_name(step->path);
    json_t *value = json_incref(json_object_get(step->holder, name));
    json_object_del(step->holder, name);
    return value;
}

/* ---- the steps ------------------------------------------------------------------------------- */

bool rewrite_set(struct rewrite *rewrite, const char *path, const char *text, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    if (step.node->type != NODE_TEXT)
        return refuse(path, err);
    json_object_set_new(step.holder, last_name(path), json_string(text));
    OWN(free) char *word = quoted_as(&step, step.node, text);
    edits_add(&step.edits, step.node->start, step.node->end, word);
    return step_done(&step, err);
}

bool rewrite_rename(struct rewrite *rewrite, const char *path, const char *key, struct err *err)
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
    edits_add(&step->edits, start, end, "");
}

/* The line, but a comment on it stays. */
static void drop_line(struct step *step)
{
    size_t start = step->node->key->start;
    size_t comment = comment_behind(step->text, step->node->end);
    if (comment < line_end(step->text, start))
        edits_add(&step->edits, start, comment, "");
    else
        edits_add(&step->edits, line_start(step->text, start), line_after(step->text, comment), "");
}

bool rewrite_drop(struct rewrite *rewrite, const char *path, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    json_object_del(step.holder, last_name(path));
    size_t key = step.node->key->start;
    if (step.node->parent->flow)
        drop_flow(&step);
    else if (opens_line(step.text, key) && step.node->end <= line_end(step.text, key))
        drop_line(&step);
    else
        return refuse(path, err);
    return step_done(&step, err);
}

/* The lines between the outer key and the inner value: keys go, comments move left. */
static void lift_lines(struct step *step, const struct yaml_node *inner)
{
    struct bytes text = step->text;
    size_t outer_column = column_of(text, step->node->key->start);
    size_t lift = column_of(text, inner->key->start) - outer_column;
    size_t column = column_of(text, inner->first->key->start) - lift;
    size_t inner_line = line_after(text, inner->key->start);
    for (size_t line = line_after(text, step->node->key->start); line < inner_line;) {
        size_t following = line_after(text, line);
        size_t comment = comment_behind(text, line);
        if (line_is_comment(text, line))
            edits_indent(&step->edits, text, line, column);
        else if (comment < line_end(text, line)) {
            OWN(free) char *spaces = str_format("%*s", (int)column, "");
            edits_add(&step->edits, line, comment, spaces);
        } else if (line_indent(text, line) < line_end(text, line) - line)
            edits_add(&step->edits, line, following, "");
        line = following;
    }
    edits_shift(&step->edits, text, inner_line, member_end(text, step->node), -(long)lift);
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

bool rewrite_lift(struct rewrite *rewrite, const char *outer, const char *inner, const char *key,
                  struct err *err)
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
        edits_add(&step.edits, step.node->key->start, node->start, start);
        edits_add(&step.edits, node->end, step.node->end, "");
    }
    return step_done(&step, err);
}

/* The first member of a map below its key gets the dash; comments above it move with it. */
static void list_lines(struct step *step)
{
    struct bytes text = step->text;
    const struct yaml_node *node = step->node;
    size_t column = column_of(text, node->key->start);
    size_t child = column_of(text, node->first->key->start);
    size_t first_line = line_start(text, node->first->key->start);
    edits_shift(&step->edits, text, line_after(text, node->key->end), first_line,
                (long)column - (long)child);
    edits_indent(&step->edits, text, first_line, column);
    edits_add(&step->edits, node->first->key->start, node->first->key->start, "- ");
    edits_shift(&step->edits, text, line_after(text, first_line), member_end(text, node),
                (long)column + 2 - (long)child);
}

bool rewrite_list(struct rewrite *rewrite, const char *path, const char *key, struct err *err)
{
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    json_object_set_new(step.holder, key, json_pack("[o]", take_value(&step)));
    rename_key(&step, step.node, key);
    if (is_below(&step, step.node)) {
        list_lines(&step);
    } else {
        edits_add(&step.edits, step.node->start, step.node->start, "[");
        edits_add(&step.edits, step.node->end, step.node->end, "]");
    }
    return step_done(&step, err);
}

static void wrap_lines(struct step *step, const char *key)
{
    struct bytes text = step->text;
    const struct yaml_node *node = step->node;
    size_t column = column_of(text, node->first->key->start);
    size_t from = line_after(text, node->key->end);
    OWN(free) char *line = str_format("%*s%s:%s", (int)column, "", key, line_break(text));
    edits_add(&step->edits, from, from, line);
    edits_shift(&step->edits, text, from, member_end(text, node),
                (long)column - (long)column_of(text, node->key->start));
}

bool rewrite_wrap(struct rewrite *rewrite, const char *path, const char *key, struct err *err)
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
        edits_add(&step.edits, step.node->start, step.node->start, start);
        edits_add(&step.edits, step.node->end, step.node->end, "}");
    }
    return step_done(&step, err);
}

bool rewrite_insert(struct rewrite *rewrite, const char *path, const char *key, const char *text,
                    struct err *err)
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
                               : str_format("%s: %s%s%*s", name, value, line_break(step.text),
                                            (int)column_of(step.text, at), "");
    edits_add(&step.edits, at, at, more);
    return step_done(&step, err);
}

bool rewrite_replace_new(struct rewrite *rewrite, const char *path, const char *lines, json_t *tree,
                         struct err *err)
{
    json_auto_t *value = tree;
    OWN(step) struct step step;
    if (!step_open(rewrite, path, &step, err))
        return false;
    if (!is_below(&step, step.node))
        return refuse(path, err);
    json_object_set(step.holder, last_name(path), value);
    edits_add(&step.edits, line_after(step.text, step.node->key->end),
              member_end(step.text, step.node), lines);
    return step_done(&step, err);
}
