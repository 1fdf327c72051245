/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine changed, for the store to write down in the same order. */
#include "gcp-local/pubsub/engine/engine_journal.h"

#include "base/str.h"

#include <string.h>

static void make_room(struct engine_journal *changes, size_t more)
{
    size_t size = changes->size ? changes->size : 64;
    while (size < changes->count + more)
        size *= 2;
    if (size > changes->size) {
        changes->list = alloc_resize(changes->list, size * sizeof(struct journal_entry));
        changes->size = size;
    }
}

void engine_journal_add(struct engine_journal *changes, struct journal_entry change)
{
    make_room(changes, 1);
    changes->list[changes->count++] = change;
}

void engine_journal_move(struct engine_journal *to, struct engine_journal *from)
{
    if (to->count == 0) {
        struct engine_journal empty = *to;
        *to = *from;
        *from = empty;
        return;
    }
    make_room(to, from->count);
    if (from->count)
        memcpy(to->list + to->count, from->list, from->count * sizeof(struct journal_entry));
    to->count += from->count;
    from->count = 0;
}

void engine_journal_done(struct engine_journal *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        struct journal_entry *change = &changes->list[i];
        if (change->kind == JOURNAL_PUT_MESSAGE)
            stored_message_unref(change->message);
        if (change->kind == JOURNAL_PUT_RESOURCE) {
            free(change->name);
            free(change->config);
        }
    }
    free(changes->list);
    *changes = (struct engine_journal){0};
}
