/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes events of objects as a bucket's notification configs say. */
#include "gcp-local/storage/notify.h"

#include "base/log.h"
#include "base/str.h"

#include <string.h>

static const char *text_of(const json_t *config, const char *key)
{
    const char *text = json_string_value(json_object_get(config, key));
    return text ? text : "";
}

bool notify_selects(const struct notify_event *event, const json_t *config)
{
    if (!str_starts(event->object->name, text_of(config, "object_name_prefix")))
        return false;
    const json_t *types = json_object_get(config, "event_types");
    bool selected = json_array_size(types) == 0; /* all types */
    for (size_t i = 0; i < json_array_size(types); i++)
        selected = selected || str_equal(json_string_value(json_array_get(types, i)), event->type);
    return selected;
}

static void set_number(json_t *attributes, const char *key, int64_t number)
{
    if (number)
        json_object_set_new(attributes, key, json_sprintf("%lld", (long long)number));
}

json_t *notify_attributes(const struct notify_event *event, int64_t id, const json_t *config,
                          int64_t now_ns)
{
    const struct storage_object *object = event->object;
    char time[TIMESTAMP_SIZE];
    timestamp_format(now_ns - now_ns % 1000, time);

    json_t *attributes = json_object();
    json_object_update(attributes, json_object_get(config, "custom_attributes"));
    json_object_update_new(attributes,
                           json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "eventType", event->type,
                                     "bucketId", object->bucket, "objectId", object->name,
                                     "payloadFormat", text_of(config, "payload_format"),
                                     "eventTime", time, "notificationConfig",
                                     json_sprintf("projects/_/buckets/%s/notificationConfigs/%lld",
                                                  object->bucket, (long long)id)));
    set_number(attributes, "objectGeneration", object->generation);
    set_number(attributes, "overwroteGeneration", event->overwrote);
    set_number(attributes, "overwrittenByGeneration", event->overwritten_by);
    return attributes;
}

struct message {
    char *topic;
    json_t *attributes;
    bool has_payload;
};

/* The messages for an event: collected while the catalog is locked, published afterwards. */
struct messages {
    const struct notify_event *event;
    struct message *list;
    size_t count;
};

static void add_message(int64_t id, const json_t *config, void *context)
{
    struct messages *messages = context;
    if (!notify_selects(messages->event, config))
        return;
    messages->list = alloc_resize(messages->list, (messages->count + 1) * sizeof(*messages->list));
    messages->list[messages->count++] = (struct message){
        .topic = str_copy(text_of(config, "topic") + strlen("//pubsub.googleapis.com/")),
        .attributes = notify_attributes(messages->event, id, config, timestamp_now_ns()),
        .has_payload = str_equal(text_of(config, "payload_format"), "JSON_API_V1"),
    };
}

void notify(struct storage *storage, const struct notify_event *event, const char *base)
{
    const struct storage_options *options = &storage->options;
    if (!options->publish)
        return;
    struct err err = {0};
    struct messages messages = {.event = event};
    if (!catalog_each_config(storage->catalog, event->object->bucket, add_message, &messages, &err))
        log_warning("storage: cannot read notification configs: %s", err.text);
    if (messages.count == 0)
        return;

    json_auto_t *resource = storage_object_to_json(event->object, base);
    OWN(free) char *payload = json_dumps(resource, JSON_INDENT(2));
    for (size_t i = 0; i < messages.count; i++) {
        struct message *message = &messages.list[i];
        struct bytes data = message->has_payload ? bytes_of(payload) : (struct bytes){0};
        struct err failure = {0};
        if (!options->publish(message->topic, message->attributes, data, options->context,
                              &failure))
            log_warning("storage: cannot notify %s: %s", message->topic, failure.text);
        free(message->topic);
        json_decref(message->attributes);
    }
    free(messages.list);
}
