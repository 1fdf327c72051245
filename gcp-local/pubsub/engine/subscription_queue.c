/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/engine/subscription_queue.h"

#include "base/str.h"
#include "gcp-local/pubsub/engine/key_queue.h"

#include <string.h>
#include <utlist.h>

/* Entries are small and many: allocated one by one, each would cost a seventh more. */
enum { BLOCK_SIZE = 64 };

struct queue_entry_block {
    struct queue_entry_block *next;
    struct queue_entry entries[BLOCK_SIZE];
};

static struct queue_entry *new_entry(struct subscription_queue *queue)
{
    if (!queue->free_entries) {
        struct queue_entry_block *block = alloc_zeroed(sizeof(*block));
        LL_PREPEND(queue->blocks, block);
        for (size_t i = 0; i < BLOCK_SIZE; i++)
            LL_PREPEND(queue->free_entries, &block->entries[i]);
    }
    struct queue_entry *entry = queue->free_entries;
    LL_DELETE(queue->free_entries, entry);
    *entry = (struct queue_entry){0};
    return entry;
}

static void free_blocks(struct subscription_queue *queue)
{
    struct queue_entry_block *block, *next;
    LL_FOREACH_SAFE(queue->blocks, block, next)
    {
        free(block);
    }
    queue->blocks = NULL;
    queue->free_entries = NULL;
}

static struct queue_entry *entry_of(struct heap_node *node)
{
    return node ? heap_container_of(node, struct queue_entry, node) : NULL;
}

/* The queue of the entry's ordering key; NULL when its order does not matter. */
static struct key_queue *key_of(struct subscription_queue *queue, const struct queue_entry *entry)
{
    return queue->ordered ? key_queue_of(&queue->keys, entry) : NULL;
}

static void set_ready(struct subscription_queue *queue, struct queue_entry *entry)
{
    entry->state = ENTRY_READY;
    heap_set(&queue->ready, &entry->node, ++queue->sequence);
}

/* Makes the oldest message of a key ready; to be called when none of the key is in delivery. */
static void ready_head(struct subscription_queue *queue, const struct key_queue *key_queue)
{
    struct queue_entry *head = key_queue_head(key_queue);
    if (head && head->state == ENTRY_BLOCKED)
        set_ready(queue, head);
}

static void enqueue(struct subscription_queue *queue, struct queue_entry *entry)
{
    struct key_queue *key_queue = key_of(queue, entry);
    if (!key_queue) {
        set_ready(queue, entry);
        return;
    }
    entry->state = ENTRY_BLOCKED;
    key_queue_add(key_queue, entry);
    ready_head(queue, key_queue);
}

struct queue_entry *subscription_queue_add(struct subscription_queue *queue,
                                           struct stored_message *message,
                                           enum queue_entry_state state)
{
    struct queue_entry *entry = new_entry(queue);
    entry->message = stored_message_ref(message);
    entry->state = ENTRY_ACKED;
    DL_APPEND(queue->log, entry);
    if (state != ENTRY_ACKED) {
        queue->count++;
        enqueue(queue, entry);
    }
    return entry;
}

static void assign_slot(struct subscription_queue *queue, struct queue_entry *entry)
{
    if (queue->free_count == 0) {
        uint32_t size = queue->slot_count ? 2 * queue->slot_count : 16;
        queue->slots = alloc_resize(queue->slots, size * sizeof(struct queue_entry *));
        queue->free_slots = alloc_resize(queue->free_slots, size * sizeof(uint32_t));
        for (uint32_t slot = size; slot-- > queue->slot_count;) {
            queue->slots[slot] = NULL;
            queue->free_slots[queue->free_count++] = slot;
        }
        queue->slot_count = size;
    }
    entry->slot = queue->free_slots[--queue->free_count];
    queue->slots[entry->slot] = entry;
}

/* Removes an entry from its heap, and ends its lease. */
static void end_delivery(struct subscription_queue *queue, struct queue_entry *entry)
{
    heap_remove(entry->state == ENTRY_READY ? &queue->ready : &queue->timers, &entry->node);
    if (entry->lease) {
        queue->slots[entry->slot] = NULL;
        queue->free_slots[queue->free_count++] = entry->slot;
        entry->lease = 0;
    }
}

static struct lease lease_entry(struct subscription_queue *queue, struct queue_entry *entry,
                                int64_t until_ns, int64_t number)
{
    heap_remove(&queue->ready, &entry->node);
    entry->state = ENTRY_LEASED;
    entry->lease = number;
    entry->attempts++;
    assign_slot(queue, entry);
    heap_set(&queue->timers, &entry->node, until_ns);
    return (struct lease){stored_message_ref(entry->message), number, entry->slot, entry->attempts};
}

/* Makes the next message of the key ready for the same batch. */
static void ready_next(struct subscription_queue *queue, const struct queue_entry *entry)
{
    const struct key_queue *key_queue = key_of(queue, entry);
    struct queue_entry *next = key_queue ? key_queue_next(key_queue, entry) : NULL;
    if (next && next->state == ENTRY_BLOCKED)
        set_ready(queue, next);
}

/* What was made ready for this batch but is not in it waits until the batch is acked. */
static void block_followers(struct subscription_queue *queue, const struct lease *leases,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct queue_entry *entry = queue->slots[leases[i].slot];
        const struct key_queue *key_queue = key_of(queue, entry);
        struct queue_entry *next = key_queue ? key_queue_next(key_queue, entry) : NULL;
        if (next && next->state == ENTRY_READY) {
            heap_remove(&queue->ready, &next->node);
            next->state = ENTRY_BLOCKED;
        }
    }
}

size_t subscription_queue_lease(struct subscription_queue *queue, int64_t until_ns, int64_t *number,
                                size_t max, size_t max_bytes, bool single, struct lease *out)
{
    size_t count = 0, bytes = 0;
    while (count < max) {
        struct queue_entry *entry = entry_of(heap_first(&queue->ready));
        if (!entry)
            break;
        bytes += entry->message->data_len + entry->message->attributes_len;
        if (count > 0 && bytes > max_bytes)
            break;
        out[count++] = lease_entry(queue, entry, until_ns, (*number)++);
        if (queue->ordered && !single)
            ready_next(queue, entry);
    }
    if (queue->ordered && !single)
        block_followers(queue, out, count);
    return count;
}

struct queue_entry *subscription_queue_find(const struct subscription_queue *queue, int64_t number,
                                            uint32_t slot)
{
    struct queue_entry *entry = slot < queue->slot_count ? queue->slots[slot] : NULL;
    return entry && entry->lease == number ? entry : NULL;
}

void subscription_queue_extend(struct subscription_queue *queue, struct queue_entry *entry,
                               int64_t until_ns)
{
    heap_set(&queue->timers, &entry->node, until_ns);
}

static void retry_at(struct subscription_queue *queue, struct queue_entry *entry,
                     int64_t ready_at_ns)
{
    if (ready_at_ns == 0) {
        set_ready(queue, entry);
        return;
    }
    entry->state = ENTRY_BACKOFF;
    heap_set(&queue->timers, &entry->node, ready_at_ns);
}

void subscription_queue_requeue(struct subscription_queue *queue, struct queue_entry *entry,
                                int64_t ready_at_ns)
{
    struct key_queue *key_queue = key_of(queue, entry);
    if (!key_queue) {
        end_delivery(queue, entry);
        retry_at(queue, entry, ready_at_ns);
        return;
    }
    for (struct queue_entry *follower = entry; follower;
         follower = key_queue_next(key_queue, follower)) {
        if (follower->state != ENTRY_LEASED)
            break;
        end_delivery(queue, follower);
        follower->state = ENTRY_BLOCKED;
    }
    if (key_queue_head(key_queue) == entry)
        retry_at(queue, entry, ready_at_ns);
}

void subscription_queue_ack(struct subscription_queue *queue, struct queue_entry *entry)
{
    if (entry->state == ENTRY_ACKED)
        return;
    end_delivery(queue, entry);
    entry->state = ENTRY_ACKED;
    queue->count--;
    struct key_queue *key_queue = key_of(queue, entry);
    if (key_queue && key_queue_remove(&queue->keys, key_queue, entry) && !key_queue_busy(key_queue))
        ready_head(queue, key_queue);
}

void subscription_queue_remove(struct subscription_queue *queue, struct queue_entry *entry)
{
    subscription_queue_ack(queue, entry);
    DL_DELETE(queue->log, entry);
    stored_message_unref(entry->message);
    LL_PREPEND(queue->free_entries, entry);
}

struct queue_entry *subscription_queue_due(const struct subscription_queue *queue, int64_t now_ns)
{
    struct heap_node *first = heap_first(&queue->timers);
    return first && first->key <= now_ns ? entry_of(first) : NULL;
}

void subscription_queue_end_backoff(struct subscription_queue *queue, struct queue_entry *entry)
{
    heap_remove(&queue->timers, &entry->node);
    set_ready(queue, entry);
}

static int by_id(const struct queue_entry *a, const struct queue_entry *b)
{
    return (a->message->id > b->message->id) - (a->message->id < b->message->id);
}

void subscription_queue_requeue_all(struct subscription_queue *queue)
{
    struct queue_entry *entry;
    DL_FOREACH(queue->log, entry)
    {
        if (entry->state != ENTRY_ACKED)
            end_delivery(queue, entry);
    }
    key_queue_free_all(&queue->keys);
    DL_SORT(queue->log, by_id);
    queue->count = 0;
    DL_FOREACH(queue->log, entry)
    {
        if (entry->state == ENTRY_ACKED)
            continue;
        queue->count++;
        enqueue(queue, entry);
    }
}

void subscription_queue_done(struct subscription_queue *queue)
{
    heap_done(&queue->ready);
    heap_done(&queue->timers);
    key_queue_free_all(&queue->keys);
    struct queue_entry *entry;
    DL_FOREACH(queue->log, entry)
    {
        stored_message_unref(entry->message);
    }
    free_blocks(queue);
    free(queue->slots);
    free(queue->free_slots);
    *queue = (struct subscription_queue){0};
}
