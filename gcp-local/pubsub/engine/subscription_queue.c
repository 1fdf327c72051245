/* SPDX-License-Identifier: Apache-2.0 */
/* What one subscription still has to deliver. */
#include "gcp-local/pubsub/engine/subscription_queue.h"

#include "base/str.h"
#include "gcp-local/pubsub/engine/key_queue.h"

#include <string.h>
#include <utlist.h>

/* Entries are small and many: made one by one, each would cost a seventh more. */
enum { BLOCK = 64 };

struct queue_entry_block {
    struct queue_entry_block *next;
    struct queue_entry entries[BLOCK];
};

static struct queue_entry *new_entry(struct subscription_queue *backlog)
{
    if (!backlog->spare) {
        struct queue_entry_block *block = alloc_zeroed(sizeof(*block));
        LL_PREPEND(backlog->blocks, block);
        for (size_t i = 0; i < BLOCK; i++)
            LL_PREPEND(backlog->spare, &block->entries[i]);
    }
    struct queue_entry *entry = backlog->spare;
    LL_DELETE(backlog->spare, entry);
    *entry = (struct queue_entry){0};
    return entry;
}

static void free_blocks(struct subscription_queue *backlog)
{
    struct queue_entry_block *block, *next;
    LL_FOREACH_SAFE(backlog->blocks, block, next)
    {
        free(block);
    }
    backlog->blocks = NULL;
    backlog->spare = NULL;
}

static struct queue_entry *entry_of(struct heap_node *node)
{
    return node ? heap_container_of(node, struct queue_entry, node) : NULL;
}

static void set_ready(struct subscription_queue *backlog, struct queue_entry *entry)
{
    entry->state = ENTRY_READY;
    heap_set(&backlog->ready, &entry->node, ++backlog->turns);
}

/* Makes the oldest message of a key ready when no other of the key is under way. */
static void release_head(struct subscription_queue *backlog, const struct key_queue *queue)
{
    struct queue_entry *head = key_queue_head(queue);
    if (head && head->state == ENTRY_BLOCKED)
        set_ready(backlog, head);
}

/* Puts an entry that is in the log in line for delivery. */
static void line_up(struct subscription_queue *backlog, struct queue_entry *entry)
{
    struct key_queue *queue = key_queue_of(backlog, entry);
    if (!queue) {
        set_ready(backlog, entry);
        return;
    }
    entry->state = ENTRY_BLOCKED;
    key_queue_add(queue, entry);
    release_head(backlog, queue);
}

struct queue_entry *subscription_queue_add(struct subscription_queue *backlog,
                                           struct stored_message *message,
                                           enum queue_entry_state state)
{
    struct queue_entry *entry = new_entry(backlog);
    entry->message = stored_message_ref(message);
    entry->state = ENTRY_ACKED;
    DL_APPEND(backlog->log, entry);
    if (state != ENTRY_ACKED) {
        backlog->count++;
        line_up(backlog, entry);
    }
    return entry;
}

static void give_slot(struct subscription_queue *backlog, struct queue_entry *entry)
{
    if (backlog->free_count == 0) {
        uint32_t size = backlog->slot_size ? 2 * backlog->slot_size : 16;
        backlog->slots = alloc_resize(backlog->slots, size * sizeof(struct queue_entry *));
        backlog->free_slots = alloc_resize(backlog->free_slots, size * sizeof(uint32_t));
        for (uint32_t slot = size; slot-- > backlog->slot_size;) {
            backlog->slots[slot] = NULL;
            backlog->free_slots[backlog->free_count++] = slot;
        }
        backlog->slot_size = size;
    }
    entry->slot = backlog->free_slots[--backlog->free_count];
    backlog->slots[entry->slot] = entry;
}

/* Out of the heap that it is in, and its lease ended. */
static void take_out(struct subscription_queue *backlog, struct queue_entry *entry)
{
    heap_remove(entry->state == ENTRY_READY ? &backlog->ready : &backlog->timers, &entry->node);
    if (entry->lease) {
        backlog->slots[entry->slot] = NULL;
        backlog->free_slots[backlog->free_count++] = entry->slot;
        entry->lease = 0;
    }
}

static struct lease lease_entry(struct subscription_queue *backlog, struct queue_entry *entry,
                                int64_t until_ns, int64_t number)
{
    heap_remove(&backlog->ready, &entry->node);
    entry->state = ENTRY_LEASED;
    entry->lease = number;
    entry->attempts++;
    give_slot(backlog, entry);
    heap_set(&backlog->timers, &entry->node, until_ns);
    return (struct lease){stored_message_ref(entry->message), number, entry->slot, entry->attempts};
}

/* Lets the next message of the key follow in the same batch. */
static void line_up_next(struct subscription_queue *backlog, const struct queue_entry *entry)
{
    const struct key_queue *queue = key_queue_of(backlog, entry);
    struct queue_entry *next = queue ? key_queue_next(queue, entry) : NULL;
    if (next && next->state == ENTRY_BLOCKED)
        set_ready(backlog, next);
}

/* Those that were lined up for this batch but did not get in wait for it to be acked. */
static void block_followers(struct subscription_queue *backlog, const struct lease *leases,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct queue_entry *entry = backlog->slots[leases[i].slot];
        const struct key_queue *queue = key_queue_of(backlog, entry);
        struct queue_entry *next = queue ? key_queue_next(queue, entry) : NULL;
        if (next && next->state == ENTRY_READY) {
            heap_remove(&backlog->ready, &next->node);
            next->state = ENTRY_BLOCKED;
        }
    }
}

size_t subscription_queue_lease(struct subscription_queue *backlog, int64_t until_ns,
                                int64_t *number, size_t most, size_t most_bytes, bool single,
                                struct lease *out)
{
    size_t count = 0, bytes = 0;
    while (count < most) {
        struct queue_entry *entry = entry_of(heap_first(&backlog->ready));
        if (!entry)
            break;
        bytes += entry->message->data_len + entry->message->attributes_len;
        if (count > 0 && bytes > most_bytes)
            break;
        out[count++] = lease_entry(backlog, entry, until_ns, (*number)++);
        if (backlog->ordered && !single)
            line_up_next(backlog, entry);
    }
    if (backlog->ordered && !single)
        block_followers(backlog, out, count);
    return count;
}

struct queue_entry *subscription_queue_find(const struct subscription_queue *backlog,
                                            int64_t number, uint32_t slot)
{
    struct queue_entry *entry = slot < backlog->slot_size ? backlog->slots[slot] : NULL;
    return entry && entry->lease == number ? entry : NULL;
}

void subscription_queue_extend(struct subscription_queue *backlog, struct queue_entry *entry,
                               int64_t until_ns)
{
    heap_set(&backlog->timers, &entry->node, until_ns);
}

static void rest_or_ready(struct subscription_queue *backlog, struct queue_entry *entry,
                          int64_t ready_at_ns)
{
    if (ready_at_ns == 0) {
        set_ready(backlog, entry);
        return;
    }
    entry->state = ENTRY_BACKOFF;
    heap_set(&backlog->timers, &entry->node, ready_at_ns);
}

void subscription_queue_requeue(struct subscription_queue *backlog, struct queue_entry *entry,
                                int64_t ready_at_ns)
{
    struct key_queue *queue = key_queue_of(backlog, entry);
    if (!queue) {
        take_out(backlog, entry);
        rest_or_ready(backlog, entry, ready_at_ns);
        return;
    }
    for (struct queue_entry *it = entry; it; it = key_queue_next(queue, it)) {
        if (it->state != ENTRY_LEASED)
            break;
        take_out(backlog, it);
        it->state = ENTRY_BLOCKED;
    }
    if (key_queue_head(queue) == entry)
        rest_or_ready(backlog, entry, ready_at_ns);
}

void subscription_queue_ack(struct subscription_queue *backlog, struct queue_entry *entry)
{
    if (entry->state == ENTRY_ACKED)
        return;
    take_out(backlog, entry);
    entry->state = ENTRY_ACKED;
    backlog->count--;
    struct key_queue *queue = key_queue_of(backlog, entry);
    if (queue && key_queue_remove(backlog, queue, entry) && !key_queue_busy(queue))
        release_head(backlog, queue);
}

void subscription_queue_remove(struct subscription_queue *backlog, struct queue_entry *entry)
{
    subscription_queue_ack(backlog, entry);
    DL_DELETE(backlog->log, entry);
    stored_message_unref(entry->message);
    LL_PREPEND(backlog->spare, entry);
}

struct queue_entry *subscription_queue_due(const struct subscription_queue *backlog, int64_t now_ns)
{
    struct heap_node *first = heap_first(&backlog->timers);
    return first && first->key <= now_ns ? entry_of(first) : NULL;
}

void subscription_queue_end_backoff(struct subscription_queue *backlog, struct queue_entry *entry)
{
    heap_remove(&backlog->timers, &entry->node);
    set_ready(backlog, entry);
}

static int by_id(const struct queue_entry *a, const struct queue_entry *b)
{
    return (a->message->id > b->message->id) - (a->message->id < b->message->id);
}

void subscription_queue_requeue_all(struct subscription_queue *backlog)
{
    struct queue_entry *entry;
    DL_FOREACH(backlog->log, entry)
    {
        if (entry->state != ENTRY_ACKED)
            take_out(backlog, entry);
    }
    key_queue_free_all(backlog);
    DL_SORT(backlog->log, by_id);
    backlog->count = 0;
    DL_FOREACH(backlog->log, entry)
    {
        if (entry->state == ENTRY_ACKED)
            continue;
        backlog->count++;
        line_up(backlog, entry);
    }
}

void subscription_queue_done(struct subscription_queue *backlog)
{
    heap_done(&backlog->ready);
    heap_done(&backlog->timers);
    key_queue_free_all(backlog);
    struct queue_entry *entry;
    DL_FOREACH(backlog->log, entry)
    {
        stored_message_unref(entry->message);
    }
    free_blocks(backlog);
    free(backlog->slots);
    free(backlog->free_slots);
    *backlog = (struct subscription_queue){0};
}
