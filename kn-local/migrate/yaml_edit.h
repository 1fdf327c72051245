/* SPDX-License-Identifier: Apache-2.0 */
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

struct yaml_edit {
    char *text; /* the document with what stands behind it */
    json_t *tree;
    struct yaml_nodes nodes;
    const char *prefix; /* "", or "items[3]." in a List; borrowed */
};

/* The text must be one document. */
bool yaml_edit_open(struct bytes text, struct yaml_edit *rewrite, struct err *err);
void yaml_edit_done(struct yaml_edit *rewrite);

/* The value at a path, NULL when there is none. Borrowed until the next step. */
const json_t *yaml_edit_get(const struct yaml_edit *rewrite, const char *path);
struct yaml_node *yaml_edit_node(const struct yaml_edit *rewrite, const char *path);

/* path: VALUE, a text, becomes path: text. */
bool yaml_edit_set(struct yaml_edit *rewrite, const char *path, const char *text, struct err *err);
/* KEY: value becomes key: value. */
bool yaml_edit_rename(struct yaml_edit *rewrite, const char *path, const char *key,
                      struct err *err);
/* The member goes; a comment behind it stays. Its value must stand on one line. */
bool yaml_edit_remove(struct yaml_edit *rewrite, const char *path, struct err *err);
/* OUTER: {inner: value} becomes key: value. inner is a path within outer; nothing else is there. */
bool yaml_edit_lift(struct yaml_edit *rewrite, const char *outer, const char *inner,
                    const char *key, struct err *err);
/* PATH: value becomes key: [value]. */
bool yaml_edit_list(struct yaml_edit *rewrite, const char *path, const char *key, struct err *err);
/* PATH: value becomes PATH: {key: value}. */
bool yaml_edit_wrap(struct yaml_edit *rewrite, const char *path, const char *key, struct err *err);
/* Puts key: text before the member at the path. */
bool yaml_edit_insert(struct yaml_edit *rewrite, const char *path, const char *key,
                      const char *text, struct err *err);
/* The map at the path, from its first member's line on, becomes other lines; tree (taken over) is
 * what they are to mean. */
bool yaml_edit_replace_new(struct yaml_edit *rewrite, const char *path, const char *lines,
                           json_t *tree, struct err *err);

static inline void own_yaml_edit(struct yaml_edit *local)
{
    yaml_edit_done(local);
}

#endif
