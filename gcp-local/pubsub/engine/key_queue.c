/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/engine/key_queue.h"

#include "base/str.h"

#include <string.h>
#include <uthash.h>

struct key_queue {
    struct queue_entry **list; /* first to first + count - 1 are in use */
    size_t first, count, size;
    UT_hash_handle hh;
    char key[];
};

struct key_queue *key_queue_of(struct key_queue **keys, const struct queue_entry *entry)
{
    const char *key = stored_message_ordering_key(entry->message);
    if (!*key)
        return NULL;
    struct key_queue *key_queue = NULL;
    HASH_FIND_STR(*keys, key, key_queue);
    if (!key_queue) {
        key_queue = alloc_zeroed(sizeof(*key_queue) + strlen(key) + 1);
        strcpy(key_queue->key, key);
        HASH_ADD_STR(*keys, key, key_queue);
    }
    return key_queue;
}

static void make_room(struct key_queue *key_queue)
{
    if (key_queue->first > key_queue->size / 2) {
        memmove(key_queue->list, key_queue->list + key_queue->first,
                key_queue->count * sizeof(struct queue_entry *));
        key_queue->first = 0;
    } else {
        key_queue->size = key_queue->size ? 2 * key_queue->size : 4;
        key_queue->list =
            alloc_resize(key_queue->list, key_queue->size * sizeof(struct queue_entry *));
    }
}

void key_queue_add(struct key_queue *key_queue, struct queue_entry *entry)
{
    if (key_queue->first + key_queue->count == key_queue->size)
        make_room(key_queue);
    key_queue->list[key_queue->first + key_queue->count++] = entry;
}

/* Where an entry is. Only leased ones are looked for, so it is near the head. */
static size_t index_of(const struct key_queue *key_queue, const struct queue_entry *entry)
{
    size_t i = key_queue->first;
    while (i < key_queue->first + key_queue->count && key_queue->list[i] != entry)
        i++;
    return i;
}

bool key_queue_remove(struct key_queue **keys, struct key_queue *key_queue,
                      const struct queue_entry *entry)
{
    size_t index = index_of(key_queue, entry), end = key_queue->first + key_queue->count;
    if (index < end) {
        /* close the gap from the side of the head, the shorter one */
        memmove(key_queue->list + key_queue->first + 1, key_queue->list + key_queue->first,
                (index - key_queue->first) * sizeof(struct queue_entry *));
        key_queue->first++;
        key_queue->count--;
    }
    if (key_queue->count)
        return true;
    HASH_DEL(*keys, key_queue);
    free(key_queue->list);
    free(key_queue);
    return false;
}

struct queue_entry *key_queue_head(const struct key_queue *key_queue)
{
    return key_queue->count ? key_queue->list[key_queue->first] : NULL;
}

struct queue_entry *key_queue_next(const struct key_queue *key_queue,
                                   const struct queue_entry *entry)
{
    size_t index = index_of(key_queue, entry) + 1;
    return index < key_queue->first + key_queue->count ? key_queue->list[index] : NULL;
}

bool key_queue_busy(const struct key_queue *key_queue)
{
    /* leases are given from the head on, and a failure ends all leases after it */
    const struct queue_entry *head = key_queue_head(key_queue);
    return head && (head->state == ENTRY_LEASED || head->state == ENTRY_BACKOFF);
}

void key_queue_free_all(struct key_queue **keys)
{
    struct key_queue *key_queue, *next;
    HASH_ITER(hh, *keys, key_queue, next)
    {
        HASH_DEL(*keys, key_queue);
        free(key_queue->list);
        free(key_queue);
    }
}
