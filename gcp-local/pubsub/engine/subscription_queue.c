/* What one subscription still has to deliver. */
#include "gcp-local/pubsub/engine/subscription_queue.h"

#include "base/str.h"
#include "gcp-local/pubsub/engine/ordering_key.h"

#include <string.h>
#include <utlist.h>

/* Entries are small and many: made one by one, each would cost a seventh more. */
enum { BLOCK = 64 };

struct entry_block {
    struct entry_block *next;
    struct entry entries[BLOCK];
};

static struct entry *new_entry(struct backlog *backlog)
{
    if (!backlog->spare) {
        struct entry_block *block = must_alloc(sizeof(*block));
        LL_PREPEND(backlog->blocks, block);
        for (size_t i = 0; i < BLOCK; i++)
            LL_PREPEND(backlog->spare, &block->entries[i]);
    }
    struct entry *entry = backlog->spare;
    LL_DELETE(backlog->spare, entry);
    *entry = (struct entry){0};
    return entry;
}

static void free_blocks(struct backlog *backlog)
{
    struct entry_block *block, *next;
    LL_FOREACH_SAFE(backlog->blocks, block, next)
    {
        free(block);
    }
    backlog->blocks = NULL;
    backlog->spare = NULL;
}

static struct entry *entry_of(struct heap_node *node)
{
    return node ? heap_owner(node, struct entry, node) : NULL;
}

static void set_ready(struct backlog *backlog, struct entry *entry)
{
    entry->state = ENTRY_READY;
    heap_set(&backlog->ready, &entry->node, ++backlog->turns);
}

/* Makes the oldest message of a key ready when no other of the key is under way. */
static void release_head(struct backlog *backlog, const struct key_queue *queue)
{
    struct entry *head = key_queue_head(queue);
    if (head && head->state == ENTRY_BLOCKED)
        set_ready(backlog, head);
}

/* Puts an entry that is in the log in line for delivery. */
static void line_up(struct backlog *backlog, struct entry *entry)
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

struct entry *backlog_add(struct backlog *backlog, struct message *message, enum entry_state state)
{
    struct entry *entry = new_entry(backlog);
    entry->message = message_ref(message);
    entry->state = ENTRY_ACKED;
    DL_APPEND(backlog->log, entry);
    if (state != ENTRY_ACKED) {
        backlog->count++;
        line_up(backlog, entry);
    }
    return entry;
}

/* ---- leases ---- */

static void give_slot(struct backlog *backlog, struct entry *entry)
{
    if (backlog->free_count == 0) {
        uint32_t size = backlog->slot_size ? 2 * backlog->slot_size : 16;
        backlog->slots = must_realloc(backlog->slots, size * sizeof(struct entry *));
        backlog->free_slots = must_realloc(backlog->free_slots, size * sizeof(uint32_t));
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
static void take_out(struct backlog *backlog, struct entry *entry)
{
    heap_remove(entry->state == ENTRY_READY ? &backlog->ready : &backlog->timers, &entry->node);
    if (entry->lease) {
        backlog->slots[entry->slot] = NULL;
        backlog->free_slots[backlog->free_count++] = entry->slot;
        entry->lease = 0;
    }
}

static struct lease lease_entry(struct backlog *backlog, struct entry *entry, int64_t until_ns,
                                int64_t number)
{
    heap_remove(&backlog->ready, &entry->node);
    entry->state = ENTRY_LEASED;
    entry->lease = number;
    entry->attempts++;
    give_slot(backlog, entry);
    heap_set(&backlog->timers, &entry->node, until_ns);
    return (struct lease){message_ref(entry->message), number, entry->slot, entry->attempts};
}

/* Lets the next message of the key follow in the same batch. */
static void line_up_next(struct backlog *backlog, const struct entry *entry)
{
    const struct key_queue *queue = key_queue_of(backlog, entry);
    struct entry *next = queue ? key_queue_next(queue, entry) : NULL;
    if (next && next->state == ENTRY_BLOCKED)
        set_ready(backlog, next);
}

/* Those that were lined up for this batch but did not get in wait for it to be acked. */
static void block_followers(struct backlog *backlog, const struct lease *leases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = backlog->slots[leases[i].slot];
        const struct key_queue *queue = key_queue_of(backlog, entry);
        struct entry *next = queue ? key_queue_next(queue, entry) : NULL;
        if (next && next->state == ENTRY_READY) {
            heap_remove(&backlog->ready, &next->node);
            next->state = ENTRY_BLOCKED;
        }
    }
}

size_t backlog_lease(struct backlog *backlog, int64_t until_ns, int64_t *number, size_t most,
                     size_t most_bytes, bool single, struct lease *out)
{
    size_t count = 0, bytes = 0;
    while (count < most) {
        struct entry *entry = entry_of(heap_first(&backlog->ready));
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

struct entry *backlog_find(const struct backlog *backlog, int64_t number, uint32_t slot)
{
    struct entry *entry = slot < backlog->slot_size ? backlog->slots[slot] : NULL;
    return entry && entry->lease == number ? entry : NULL;
}

void backlog_extend(struct backlog *backlog, struct entry *entry, int64_t until_ns)
{
    heap_set(&backlog->timers, &entry->node, until_ns);
}

static void rest_or_ready(struct backlog *backlog, struct entry *entry, int64_t ready_at_ns)
{
    if (ready_at_ns == 0) {
        set_ready(backlog, entry);
        return;
    }
    entry->state = ENTRY_RESTING;
    heap_set(&backlog->timers, &entry->node, ready_at_ns);
}

void backlog_return(struct backlog *backlog, struct entry *entry, int64_t ready_at_ns)
{
    struct key_queue *queue = key_queue_of(backlog, entry);
    if (!queue) {
        take_out(backlog, entry);
        rest_or_ready(backlog, entry, ready_at_ns);
        return;
    }
    for (struct entry *it = entry; it; it = key_queue_next(queue, it)) {
        if (it->state != ENTRY_LEASED)
            break;
        take_out(backlog, it);
        it->state = ENTRY_BLOCKED;
    }
    if (key_queue_head(queue) == entry)
        rest_or_ready(backlog, entry, ready_at_ns);
}

void backlog_retire(struct backlog *backlog, struct entry *entry)
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

void backlog_drop(struct backlog *backlog, struct entry *entry)
{
    backlog_retire(backlog, entry);
    DL_DELETE(backlog->log, entry);
    message_unref(entry->message);
    LL_PREPEND(backlog->spare, entry);
}

struct entry *backlog_due(const struct backlog *backlog, int64_t now_ns)
{
    struct heap_node *first = heap_first(&backlog->timers);
    return first && first->key <= now_ns ? entry_of(first) : NULL;
}

void backlog_wake(struct backlog *backlog, struct entry *entry)
{
    heap_remove(&backlog->timers, &entry->node);
    set_ready(backlog, entry);
}

static int by_id(const struct entry *a, const struct entry *b)
{
    return (a->message->id > b->message->id) - (a->message->id < b->message->id);
}

void backlog_restart(struct backlog *backlog)
{
    struct entry *entry;
    DL_FOREACH(backlog->log, entry)
    {
        if (entry->state != ENTRY_ACKED)
            take_out(backlog, entry);
    }
    key_queues_done(backlog);
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

void backlog_done(struct backlog *backlog)
{
    heap_done(&backlog->ready);
    heap_done(&backlog->timers);
    key_queues_done(backlog);
    struct entry *entry;
    DL_FOREACH(backlog->log, entry)
    {
        message_unref(entry->message);
    }
    free_blocks(backlog);
    free(backlog->slots);
    free(backlog->free_slots);
    *backlog = (struct backlog){0};
}
