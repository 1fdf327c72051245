/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML document whose members are changed while its comments, order and blank lines are kept.
 *
 * Each step changes the text where libyaml found the member, and the tree likewise. The text is
 * then parsed again: if the result is not the tree, or a comment is lost, the step fails with a
 * message that says which member to lay out more plainly. Paths are like "spec.template", relative
 * to prefix. */
#ifndef KN_LOCAL_MIGRATE_YAML_EDIT_H
#define KN_LOCAL_MIGRATE_YAML_EDIT_H

#include "base/err.h"
#include "base/yaml/yaml_nodes.h"
#include "kn-local/kinds/migration.h"

#include <jansson.h>

struct yaml_edit {
    struct migration_editor editor;
    char *text; /* the document, with what follows it */
    json_t *tree;
    struct yaml_nodes nodes;
    const char *prefix; /* "", or "items[3]." in a List; borrowed */
};

/* The text must be a single document. */
bool yaml_edit_open(struct bytes text, struct yaml_edit *edit, struct err *err);
void yaml_edit_done(struct yaml_edit *edit);

/* The value at a path, or NULL. Borrowed until the next step. */
const json_t *yaml_edit_get(const struct yaml_edit *edit, const char *path);
struct yaml_node *yaml_edit_node(const struct yaml_edit *edit, const char *path);

/* Does a step that is not composed. A member to be removed must be on one line; a comment after it
 * is kept. An object to be lifted from must have no other members. */
bool yaml_edit_apply(struct yaml_edit *edit, const struct migration_step *migration,
                     struct err *err);
bool yaml_edit_set(struct yaml_edit *edit, const char *path, const char *text, struct err *err);

/* Replaces the members of the object at a path, with all of their lines; tree (takes ownership) is
 * what the new lines must parse to. */
bool yaml_edit_replace_new(struct yaml_edit *edit, const char *path, const char *lines,
                           json_t *tree, struct err *err);

static inline void own_yaml_edit(struct yaml_edit *local)
{
    yaml_edit_done(local);
}

#endif
