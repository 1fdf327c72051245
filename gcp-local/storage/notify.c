/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a bucket's notification configs what happened to an object. */
#include "gcp-local/storage/notify.h"

#include "base/log.h"
#include "base/str.h"

#include <string.h>

static const char *text_of(const json_t *config, const char *key)
{
    const char *text = json_string_value(json_object_get(config, key));
    return text ? text : "";
}

bool notify_wanted(const struct notify_event *event, const json_t *config)
{
    if (!str_starts(event->object->name, text_of(config, "object_name_prefix")))
        return false;
    const json_t *types = json_object_get(config, "event_types");
    bool wanted = json_array_size(types) == 0; /* all */
    for (size_t i = 0; i < json_array_size(types); i++)
        wanted = wanted || str_equal(json_string_value(json_array_get(types, i)), event->type);
    return wanted;
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

/* A message that is to be published. */
struct message {
    char *topic;
    json_t *attributes;
    bool payload;
};

/* Messages collected while the catalog is locked, to be published afterwards. */
struct collecting {
    const struct notify_event *event;
    struct message *list;
    size_t count;
};

static void collect(int64_t id, const json_t *config, void *to)
{
    struct collecting *all = to;
    if (!notify_wanted(all->event, config))
        return;
    all->list = alloc_resize(all->list, (all->count + 1) * sizeof(*all->list));
    all->list[all->count++] = (struct message){
        .topic = str_copy(text_of(config, "topic") + strlen("//pubsub.googleapis.com/")),
        .attributes = notify_attributes(all->event, id, config, timestamp_now_ns()),
        .payload = str_equal(text_of(config, "payload_format"), "JSON_API_V1"),
    };
}

static void publish(struct storage *storage, const struct message *message, struct bytes payload)
{
    struct err err = {0};
    struct bytes data = message->payload ? payload : (struct bytes){0};
    if (!storage->options.publish(message->topic, message->attributes, data,
                                  storage->options.context, &err))
        log_warning("storage: cannot notify %s: %s", message->topic, err.text);
}

void notify(struct storage *storage, const struct notify_event *event, const char *base)
{
    if (!storage->options.publish)
        return;
    struct err err = {0};
    struct collecting all = {.event = event};
    if (!catalog_each_config(storage->catalog, event->object->bucket, collect, &all, &err))
        log_warning("storage: cannot read notification configs: %s", err.text);
    if (all.count == 0)
        return;

    json_auto_t *resource = storage_object_to_json(event->object, base);
    OWN(free) char *payload = json_dumps(resource, JSON_INDENT(2));
    for (size_t i = 0; i < all.count; i++) {
        publish(storage, &all.list[i], bytes_of(payload));
        free(all.list[i].topic);
        json_decref(all.list[i].attributes);
    }
    free(all.list);
}
