/* Messages that a topic or a snapshot keeps, oldest first. */
#include "gcp-local/pubsub/engine/retained_messages.h"

#include "base/str.h"

#include <string.h>

void shelf_add(struct shelf *shelf, struct message *message)
{
    if (shelf->first + shelf->count == shelf->size) {
        if (shelf->first > shelf->size / 2) {
            memmove(shelf->list, shelf->list + shelf->first,
                    shelf->count * sizeof(struct message *));
            shelf->first = 0;
        } else {
            shelf->size = shelf->size ? 2 * shelf->size : 16;
            shelf->list = must_realloc(shelf->list, shelf->size * sizeof(struct message *));
        }
    }
    shelf->list[shelf->first + shelf->count++] = message_ref(message);
}

struct message *shelf_at(const struct shelf *shelf, size_t index)
{
    return shelf->list[shelf->first + index];
}

struct message *shelf_take(struct shelf *shelf)
{
    if (shelf->count == 0)
        return NULL;
    shelf->count--;
    return shelf->list[shelf->first++];
}

void shelf_done(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        message_unref(shelf_at(shelf, i));
    free(shelf->list);
    *shelf = (struct shelf){0};
}
