/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/engine/stored_message.h"

#include "base/str.h"

#include <string.h>

struct stored_message *stored_message_new(struct bytes ordering_key, struct bytes attributes,
                                          uint32_t count, struct bytes data)
{
    struct stored_message *message = alloc_zeroed(offsetof(struct stored_message, content) +
                                                  ordering_key.len + 1 + attributes.len + data.len);
    message->users = 1;
    message->attribute_count = count;
    message->key_len = (uint32_t)ordering_key.len;
    message->attributes_len = (uint32_t)attributes.len;
    message->data_len = (uint32_t)data.len;

    char *to = message->content;
    if (ordering_key.len)
        memcpy(to, ordering_key.data, ordering_key.len);
    to += ordering_key.len + 1;
    if (attributes.len)
        memcpy(to, attributes.data, attributes.len);
    if (data.len)
        memcpy(to + attributes.len, data.data, data.len);
    return message;
}

struct stored_message *stored_message_ref(struct stored_message *message)
{
    atomic_fetch_add_explicit(&message->users, 1, memory_order_relaxed);
    return message;
}

void stored_message_unref(struct stored_message *message)
{
    if (message && atomic_fetch_sub_explicit(&message->users, 1, memory_order_acq_rel) == 1)
        free(message);
}

const char *stored_message_ordering_key(const struct stored_message *message)
{
    return message->content;
}

struct bytes stored_message_attributes(const struct stored_message *message)
{
    return (struct bytes){message->content + message->key_len + 1, message->attributes_len};
}

struct bytes stored_message_data(const struct stored_message *message)
{
    const char *data = message->content + message->key_len + 1 + message->attributes_len;
    return (struct bytes){data, message->data_len};
}

const char *stored_message_attribute(const struct stored_message *message, const char *name)
{
    const char *position = NULL, *key, *value;
    while (
        stored_message_next_attribute(stored_message_attributes(message), &position, &key, &value))
        if (str_equal(key, name))
            return value;
    return NULL;
}

bool stored_message_next_attribute(struct bytes packed, const char **position, const char **name,
                                   const char **value)
{
    if (!*position)
        *position = packed.data;
    if (packed.len == 0 || *position == packed.data + packed.len)
        return false;
    *name = *position;
    *value = *name + strlen(*name) + 1;
    *position = *value + strlen(*value) + 1;
    return true;
}

void stored_message_pack_attribute(struct buf *packed, const char *name, const char *value)
{
    buf_add(packed, name, strlen(name) + 1);
    buf_add(packed, value, strlen(value) + 1);
}
