/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap whose nodes know their position. */
#include "base/heap.h"

#include "base/alloc.h"

#include <stdlib.h>

static void put(struct heap *heap, uint32_t index, struct heap_node *node)
{
    heap->list[index] = node;
    node->position = index + 1;
}

static void sift_up(struct heap *heap, uint32_t index, struct heap_node *node)
{
    while (index > 0 && heap->list[(index - 1) / 2]->key > node->key) {
        put(heap, index, heap->list[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(heap, index, node);
}

static void sift_down(struct heap *heap, uint32_t index, struct heap_node *node)
{
    for (uint32_t child; (child = 2 * index + 1) < heap->count; index = child) {
        if (child + 1 < heap->count && heap->list[child + 1]->key < heap->list[child]->key)
            child++;
        if (heap->list[child]->key >= node->key)
            break;
        put(heap, index, heap->list[child]);
    }
    put(heap, index, node);
}

void heap_set(struct heap *heap, struct heap_node *node, int64_t key)
{
    if (node->position) {
        int64_t old = node->key;
        node->key = key;
        if (key < old)
            sift_up(heap, node->position - 1, node);
        else if (key > old)
            sift_down(heap, node->position - 1, node);
        return;
    }
    if (heap->count == heap->size) {
        heap->size = heap->size ? heap->size + heap->size / 2 : 16;
        heap->list = alloc_resize(heap->list, heap->size * sizeof(struct heap_node *));
    }
    node->key = key;
    sift_up(heap, heap->count++, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (!node->position)
        return;
    uint32_t index = node->position - 1;
    struct heap_node *last = heap->list[--heap->count];
    node->position = 0;
    if (last == node)
        return;
    if (last->key < node->key)
        sift_up(heap, index, last);
    else
        sift_down(heap, index, last);
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count ? heap->list[0] : NULL;
}

int64_t heap_first_key(const struct heap *heap)
{
    return heap->count ? heap->list[0]->key : INT64_MAX;
}

void heap_done(struct heap *heap)
{
    for (uint32_t i = 0; i < heap->count; i++)
        heap->list[i]->position = 0;
    free(heap->list);
    *heap = (struct heap){0};
}
