/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of a YAML text stand, for those who change a text and keep its comments. */
#ifndef BASE_YAML_YAML_NODES_H
#define BASE_YAML_YAML_NODES_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum yaml_node_type { YAML_NODE_SCALAR, YAML_NODE_MAPPING, YAML_NODE_SEQUENCE, YAML_NODE_ALIAS };

/* A value or a key. In start…end, counted in bytes, stand its anchor and tag, too. */
struct yaml_node {
    enum yaml_node_type type;
    bool flow;      /* {…} or […] */
    bool decorated; /* has an anchor or a tag */
    size_t start, end;
    size_t line;           /* from 1 */
    char *text;            /* of a YAML_NODE_SCALAR */
    struct yaml_node *key; /* of the member of a map */
    struct yaml_node *parent, *previous, *next, *first, *last;
    struct yaml_node *made; /* the one that was made after it */
};

struct yaml_nodes {
    struct yaml_node **roots; /* one a document */
    size_t *starts;           /* where each document begins: at its --- if it has one */
    size_t count;
    struct yaml_node *made; /* all of them, in their order in the text */
};

/* Reads a text that yaml_read took. False when it is none such. Borrows nothing. */
bool yaml_nodes_read(struct bytes text, struct yaml_nodes *nodes);

/* The value at a path such as "spec.containers[0].image"; NULL when there is none. Does not look
 * behind aliases. */
struct yaml_node *yaml_node_at(struct yaml_node *root, const char *path);

void yaml_nodes_done(struct yaml_nodes *nodes);

static inline void own_yaml_nodes(struct yaml_nodes *local)
{
    yaml_nodes_done(local);
}

#endif
