/* SPDX-License-Identifier: Apache-2.0 */
/* The ordering keys of a backlog. */
#include "gcp-local/pubsub/engine/key_queue.h"

#include "base/str.h"

#include <string.h>
#include <uthash.h>

struct key_queue {
    struct queue_entry **list; /* first…first+count are in use */
    size_t first, count, size;
    UT_hash_handle hh;
    char key[];
};

struct key_queue *key_queue_of(struct subscription_queue *backlog, const struct queue_entry *entry)
{
    const char *key = stored_message_ordering_key(entry->message);
    if (!backlog->ordered || !*key)
        return NULL;
    struct key_queue *queue = NULL;
    HASH_FIND_STR(backlog->keys, key, queue);
    if (!queue) {
        queue = alloc_zeroed(sizeof(*queue) + strlen(key) + 1);
        strcpy(queue->key, key);
        HASH_ADD_STR(backlog->keys, key, queue);
    }
    return queue;
}

static void make_room(struct key_queue *queue)
{
    if (queue->first > queue->size / 2) {
        memmove(queue->list, queue->list + queue->first,
                queue->count * sizeof(struct queue_entry *));
        queue->first = 0;
    } else {
        queue->size = queue->size ? 2 * queue->size : 4;
        queue->list = alloc_resize(queue->list, queue->size * sizeof(struct queue_entry *));
    }
}

void key_queue_add(struct key_queue *queue, struct queue_entry *entry)
{
    if (queue->first + queue->count == queue->size)
        make_room(queue);
    queue->list[queue->first + queue->count++] = entry;
}

/* Where the entry is: near the head, as only what was leased is looked for. */
static size_t place_of(const struct key_queue *queue, const struct queue_entry *entry)
{
    size_t i = queue->first;
    while (i < queue->first + queue->count && queue->list[i] != entry)
        i++;
    return i;
}

bool key_queue_remove(struct subscription_queue *backlog, struct key_queue *queue,
                      const struct queue_entry *entry)
{
    size_t place = place_of(queue, entry), end = queue->first + queue->count;
    if (place < end) {
        /* close the gap from the head's side: it is the short one */
        memmove(queue->list + queue->first + 1, queue->list + queue->first,
                (place - queue->first) * sizeof(struct queue_entry *));
        queue->first++;
        queue->count--;
    }
    if (queue->count)
        return true;
    HASH_DEL(backlog->keys, queue);
    free(queue->list);
    free(queue);
    return false;
}

struct queue_entry *key_queue_head(const struct key_queue *queue)
{
    return queue->count ? queue->list[queue->first] : NULL;
}

struct queue_entry *key_queue_next(const struct key_queue *queue, const struct queue_entry *entry)
{
    size_t place = place_of(queue, entry) + 1;
    return place < queue->first + queue->count ? queue->list[place] : NULL;
}

bool key_queue_busy(const struct key_queue *queue)
{
    /* leases are given from the head on, and a failure ends all leases behind it */
    const struct queue_entry *head = key_queue_head(queue);
    return head && (head->state == ENTRY_LEASED || head->state == ENTRY_BACKOFF);
}

void key_queue_free_all(struct subscription_queue *backlog)
{
    struct key_queue *queue, *next;
    HASH_ITER(hh, backlog->keys, queue, next)
    {
        HASH_DEL(backlog->keys, queue);
        free(queue->list);
        free(queue);
    }
}
