/* SPDX-License-Identifier: Apache-2.0 */
/* A queue by key: what is in it has a struct heap_node, and the smallest key is found first. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_HEAP_H
#define GCP_LOCAL_PUBSUB_ENGINE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* All zero is in no heap. */
struct heap_node {
    int64_t key;
    uint32_t place; /* index + 1; 0 = in no heap */
};

/* All zero is empty. */
struct heap {
    struct heap_node **list;
    uint32_t count, size;
};

/* Adds a node, or moves it when it is in already. */
void heap_set(struct heap *heap, struct heap_node *node, int64_t key);

/* Takes a node out; nothing when it is in no heap. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* The node with the smallest key, or NULL. */
struct heap_node *heap_first(const struct heap *heap);

/* Forgets all nodes and frees the heap's own memory. */
void heap_done(struct heap *heap);

/* The struct around a node. */
#define heap_container_of(node, type, member)                                                      \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
