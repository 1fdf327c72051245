/* SPDX-License-Identifier: Apache-2.0 */
/* A priority queue: what is in it has a struct heap_node; the smallest key comes first. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member of what is in a heap. All zero: in no heap. */
struct heap_node {
    int64_t key;
    uint32_t position; /* index + 1; 0 = in no heap */
};

/* All zero is an empty heap. */
struct heap {
    struct heap_node **list;
    uint32_t count, size;
};

/* Adds a node, or moves it when the heap has it already. */
void heap_set(struct heap *heap, struct heap_node *node, int64_t key);

/* Removes a node; does nothing when it is in no heap. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* Whether the node is in a heap. */
static inline bool heap_contains(const struct heap_node *node)
{
    return node->position != 0;
}

/* The node with the smallest key, or NULL. */
struct heap_node *heap_first(const struct heap *heap);

/* Its key; INT64_MAX when the heap is empty. */
int64_t heap_first_key(const struct heap *heap);

/* Removes all nodes and frees the heap's own memory. */
void heap_done(struct heap *heap);

/* The struct around a node. */
#define heap_container_of(node, type, member)                                                      \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
