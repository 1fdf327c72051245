/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/engine/retained_messages.h"

#include "base/str.h"

#include <string.h>

void retained_messages_add(struct retained_messages *retained, struct stored_message *message)
{
    if (retained->first + retained->count == retained->size) {
        if (retained->first > retained->size / 2) {
            memmove(retained->list, retained->list + retained->first,
                    retained->count * sizeof(struct stored_message *));
            retained->first = 0;
        } else {
            retained->size = retained->size ? 2 * retained->size : 16;
            retained->list =
                alloc_resize(retained->list, retained->size * sizeof(struct stored_message *));
        }
    }
    retained->list[retained->first + retained->count++] = stored_message_ref(message);
}

struct stored_message *retained_messages_at(const struct retained_messages *retained, size_t index)
{
    return retained->list[retained->first + index];
}

struct stored_message *retained_messages_take(struct retained_messages *retained)
{
    if (retained->count == 0)
        return NULL;
    retained->count--;
    return retained->list[retained->first++];
}

void retained_messages_done(struct retained_messages *retained)
{
    for (size_t i = 0; i < retained->count; i++)
        stored_message_unref(retained_messages_at(retained, i));
    free(retained->list);
    *retained = (struct retained_messages){0};
}
