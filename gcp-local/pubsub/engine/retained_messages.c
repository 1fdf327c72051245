/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that a topic or a snapshot keeps, oldest first. */
#include "gcp-local/pubsub/engine/retained_messages.h"

#include "base/str.h"

#include <string.h>

void retained_messages_add(struct retained_messages *shelf, struct stored_message *message)
{
    if (shelf->first + shelf->count == shelf->size) {
        if (shelf->first > shelf->size / 2) {
            memmove(shelf->list, shelf->list + shelf->first,
                    shelf->count * sizeof(struct stored_message *));
            shelf->first = 0;
        } else {
            shelf->size = shelf->size ? 2 * shelf->size : 16;
            shelf->list = alloc_resize(shelf->list, shelf->size * sizeof(struct stored_message *));
        }
    }
    shelf->list[shelf->first + shelf->count++] = stored_message_ref(message);
}

struct stored_message *retained_messages_at(const struct retained_messages *shelf, size_t index)
{
    return shelf->list[shelf->first + index];
}

struct stored_message *retained_messages_take(struct retained_messages *shelf)
{
    if (shelf->count == 0)
        return NULL;
    shelf->count--;
    return shelf->list[shelf->first++];
}

void retained_messages_done(struct retained_messages *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        stored_message_unref(retained_messages_at(shelf, i));
    free(shelf->list);
    *shelf = (struct retained_messages){0};
}
