/* SPDX-License-Identifier: Apache-2.0 */
/* The positions of the nodes of a YAML text, for edits that keep its comments. */
#ifndef BASE_YAML_YAML_NODES_H
#define BASE_YAML_YAML_NODES_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum yaml_node_type { YAML_NODE_SCALAR, YAML_NODE_MAPPING, YAML_NODE_SEQUENCE, YAML_NODE_ALIAS };

/* A value or a key. start…end, in bytes, includes its anchor and tag. */
struct yaml_node {
    enum yaml_node_type type;
    bool flow;      /* {…} or […] */
    bool decorated; /* has an anchor or a tag */
    size_t start, end;
    size_t line;           /* from 1 */
    char *text;            /* of a YAML_NODE_SCALAR */
    struct yaml_node *key; /* of a value in a map */
    struct yaml_node *parent, *previous, *next, *first, *last;
    struct yaml_node *following; /* in the list of all nodes */
};

struct yaml_nodes {
    struct yaml_node **roots; /* one per document */
    size_t *starts;           /* of each document: at its --- if it has one */
    size_t count;
    struct yaml_node *all; /* in their order in the text */
};

/* Reads a text that yaml_read accepts; false for another one. Borrows nothing. */
bool yaml_nodes_read(struct bytes text, struct yaml_nodes *nodes);

/* The value at a path such as "spec.containers[0].image", or NULL. Does not follow aliases. */
struct yaml_node *yaml_node_at(struct yaml_node *root, const char *path);

void yaml_nodes_done(struct yaml_nodes *nodes);

static inline void own_yaml_nodes(struct yaml_nodes *local)
{
    yaml_nodes_done(local);
}

#endif
