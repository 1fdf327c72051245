/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/engine/engine_journal.h"

#include "base/str.h"

#include <string.h>

static void make_room(struct engine_journal *journal, size_t more)
{
    size_t size = journal->size ? journal->size : 64;
    while (size < journal->count + more)
        size *= 2;
    if (size > journal->size) {
        journal->list = alloc_resize(journal->list, size * sizeof(struct journal_entry));
        journal->size = size;
    }
}

void engine_journal_add(struct engine_journal *journal, struct journal_entry entry)
{
    make_room(journal, 1);
    journal->list[journal->count++] = entry;
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

void engine_journal_prepend(struct engine_journal *to, struct engine_journal *from)
{
    engine_journal_move(from, to);
    struct engine_journal empty = *to;
    *to = *from;
    *from = empty;
}

void engine_journal_done(struct engine_journal *journal)
{
    for (size_t i = 0; i < journal->count; i++) {
        struct journal_entry *entry = &journal->list[i];
        if (entry->kind == JOURNAL_PUT_MESSAGE)
            stored_message_unref(entry->message);
        if (entry->kind == JOURNAL_PUT_RESOURCE) {
            free(entry->name);
            free(entry->config);
        }
    }
    free(journal->list);
    *journal = (struct engine_journal){0};
}
