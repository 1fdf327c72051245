/* What the engine changed, for the store to write down in the same order. */
#include "gcp-local/pubsub/engine/journal_entry.h"

#include "base/str.h"

#include <string.h>

static void make_room(struct changes *changes, size_t more)
{
    size_t size = changes->size ? changes->size : 64;
    while (size < changes->count + more)
        size *= 2;
    if (size > changes->size) {
        changes->list = must_realloc(changes->list, size * sizeof(struct change));
        changes->size = size;
    }
}

void changes_add(struct changes *changes, struct change change)
{
    make_room(changes, 1);
    changes->list[changes->count++] = change;
}

void changes_move(struct changes *to, struct changes *from)
{
    if (to->count == 0) {
        struct changes empty = *to;
        *to = *from;
        *from = empty;
        return;
    }
    make_room(to, from->count);
    if (from->count)
        memcpy(to->list + to->count, from->list, from->count * sizeof(struct change));
    to->count += from->count;
    from->count = 0;
}

void changes_done(struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        struct change *change = &changes->list[i];
        if (change->kind == CHANGE_PUT_MESSAGE)
            message_unref(change->message);
        if (change->kind == CHANGE_PUT_RESOURCE) {
            free(change->name);
            free(change->config);
        }
    }
    free(changes->list);
    *changes = (struct changes){0};
}
