/* A YAML document that is rewritten: its members change, its comments, order and blank lines stay.
 *
 * Each step changes the text where libyaml found the member, and the tree likewise. The text is
 * then read anew: if it is not the tree, or if a comment is lost, the step fails and says which
 * member has to be laid out more plainly. Paths are like "spec.template"; prefix stands before
 * them. */
#ifndef KN_LOCAL_MIGRATE_YAML_EDIT_H
#define KN_LOCAL_MIGRATE_YAML_EDIT_H

#include "base/err.h"
#include "base/yaml/yaml_nodes.h"

#include <jansson.h>

struct rewrite {
    char *text; /* the document with what stands behind it */
    json_t *tree;
    struct yaml_nodes nodes;
    const char *prefix; /* "", or "items[3]." in a List; borrowed */
};

/* The text must be one document. */
bool rewrite_open(struct bytes text, struct rewrite *rewrite, struct err *err);
void rewrite_done(struct rewrite *rewrite);

/* The value at a path, NULL when there is none. Borrowed until the next step. */
const json_t *rewrite_get(const struct rewrite *rewrite, const char *path);
struct yaml_node *rewrite_node(const struct rewrite *rewrite, const char *path);

/* path: VALUE, a text, becomes path: text. */
bool rewrite_set(struct rewrite *rewrite, const char *path, const char *text, struct err *err);
/* KEY: value becomes key: value. */
bool rewrite_rename(struct rewrite *rewrite, const char *path, const char *key, struct err *err);
/* The member goes; a comment behind it stays. Its value must stand on one line. */
bool rewrite_drop(struct rewrite *rewrite, const char *path, struct err *err);
/* OUTER: {inner: value} becomes key: value. inner is a path within outer; nothing else is there. */
bool rewrite_lift(struct rewrite *rewrite, const char *outer, const char *inner, const char *key,
                  struct err *err);
/* PATH: value becomes key: [value]. */
bool rewrite_list(struct rewrite *rewrite, const char *path, const char *key, struct err *err);
/* PATH: value becomes PATH: {key: value}. */
bool rewrite_wrap(struct rewrite *rewrite, const char *path, const char *key, struct err *err);
/* Puts key: text before the member at the path. */
bool rewrite_insert(struct rewrite *rewrite, const char *path, const char *key, const char *text,
                    struct err *err);
/* The map at the path, from its first member's line on, becomes other lines; tree (taken over) is
 * what they are to mean. */
bool rewrite_replace_new(struct rewrite *rewrite, const char *path, const char *lines, json_t *tree,
                         struct err *err);

static inline void own_rewrite(struct rewrite *local)
{
    rewrite_done(local);
}

#endif
