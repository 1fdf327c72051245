/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub messages: read from JSON, built and freed. */
#include "gcp/pubsub/message.h"

#include "base/base64.h"
#include "base/str.h"

void gcp_message_done(struct gcp_message *message)
{
    for (size_t i = 0; i < message->attribute_count; i++) {
        free(message->attributes[i].name);
        free(message->attributes[i].value);
    }
    free(message->attributes);
    free(message->data);
    free(message->data_error);
    free(message->id);
    free(message->publish_time);
    free(message->ordering_key);
    free(message->subscription);
    free(message->ack_id);
    *message = (struct gcp_message){0};
}

void gcp_messages_done(struct gcp_messages *messages)
{
    for (size_t i = 0; i < messages->count; i++)
        gcp_message_done(&messages->list[i]);
    free(messages->list);
    *messages = (struct gcp_messages){0};
}

struct bytes gcp_message_data(const struct gcp_message *message)
{
    return (struct bytes){message->data, message->len};
}

const char *gcp_message_attribute(const struct gcp_message *message, const char *name)
{
    for (size_t i = 0; i < message->attribute_count; i++)
        if (str_equal(message->attributes[i].name, name))
            return message->attributes[i].value;
    for (size_t i = 0; i < message->attribute_count; i++)
        if (str_equal_any_case(message->attributes[i].name, name))
            return message->attributes[i].value;
    return NULL;
}

void message_set_data(struct gcp_message *message, struct bytes data)
{
    str_replace(&message->data, data.len ? str_copy_bytes(data) : NULL);
    message->len = data.len;
}

void message_decode(struct gcp_message *message, struct bytes base64, const char *what)
{
    if (base64.len == 0)
        return;
    OWN(buf) struct buf data = {0};
    if (!base64_decode(base64, &data)) {
        message->data_error = str_format("%s is not base64", what);
        return;
    }
    message->len = data.len;
    message->data = buf_take(&data);
}

void message_add_attribute(struct gcp_message *message, struct bytes name, struct bytes value)
{
    /* the capacity is the next power of two */
    size_t count = message->attribute_count;
    if ((count & (count - 1)) == 0)
        message->attributes = alloc_resize(message->attributes, (count ? 2 * count : 1) *
                                                                    sizeof(message->attributes[0]));
    message->attributes[message->attribute_count++] =
        (struct gcp_attribute){str_copy_bytes(name), str_copy_bytes(value)};
}

void message_add_attributes(struct gcp_message *message, struct jread *attributes)
{
    json_t *object = (json_t *)attributes->here;
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        const char *name = json_object_iter_key(i);
        message_add_attribute(message, bytes_of(name), bytes_of(jread_str(attributes, name)));
    }
}

void message_from_json(struct jread *reader, struct gcp_message *message)
{
    message_decode(message, bytes_of(jread_str_or(reader, "data", NULL)), "message.data");
    /* a push has both spellings */
    const char *id = jread_str_or(reader, "messageId", jread_str_or(reader, "message_id", NULL));
    const char *time =
        jread_str_or(reader, "publishTime", jread_str_or(reader, "publish_time", NULL));
    const char *key = jread_str_or(reader, "orderingKey", NULL);
    str_replace(&message->id, str_copy(id));
    str_replace(&message->publish_time, str_copy(time));
    str_replace(&message->ordering_key, str_empty(key) ? NULL : str_copy(key));

    struct jread attributes = jread_obj_or_empty(reader, "attributes");
    message_add_attributes(message, &attributes);
}
