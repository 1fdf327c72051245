/* SPDX-License-Identifier: Apache-2.0 */
/* Converts a Pub/Sub message to a CloudEvent. */
#include "pubsub-source/message_event.h"

#include "base/base64.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "cloudevents/http.h"

#include <stdlib.h>
#include <string.h>

bool message_event_extension_valid(const char *name)
{
    static const char *const reserved[] = {
        "id",         "source",          "type", "specversion", "time",
        "dataschema", "datacontenttype", "data", "subject"};
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
        if (str_equal(name, reserved[i]))
            return false;
    return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")];
}

/* Sets id, source (takes it), type, and the time in its shortest form. */
static void set_attributes(struct ce_event *event, const struct gcp_message *message,
                           const char *type, char *source)
{
    event->spec_version = str_copy("1.0");
    event->id = str_copy(message->id);
    event->type = str_copy(type);
    event->source = source;
    int64_t time_ns;
    if (message->publish_time && timestamp_parse(message->publish_time, &time_ns)) {
        char text[TIMESTAMP_SIZE];
        timestamp_format(time_ns, text);
        event->time = str_copy(text);
    }
}

static void set_json(struct ce_event *event, json_t *body)
{
    OWN(free) char *text = json_to_text(body);
    ce_set_data(event, "application/json", bytes_of(text));
}

static json_t *attributes_json(const struct gcp_message *message)
{
    json_t *attributes = json_object();
    for (size_t i = 0; i < message->attribute_count; i++)
        json_object_set_new(attributes, message->attributes[i].name,
                            json_string(message->attributes[i].value));
    return attributes;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

/* As from Pub/Sub push and Eventarc: empty members are absent. */
static void fill_message_published(const struct gcp_message *message, const char *topic,
                                   struct ce_event *event)
{
    set_attributes(event, message, "google.cloud.pubsub.topic.v1.messagePublished",
                   str_format("//pubsub.googleapis.com/%s", topic));

    json_t *inner = json_object();
    if (message->attribute_count)
        json_object_set_new(inner, "attributes", attributes_json(message));
    OWN(free) char *data = base64_encode(gcp_message_data(message));
    set_text(inner, "data", *data ? data : NULL);
    set_text(inner, "messageId", message->id);
    set_text(inner, "message_id", message->id);
    set_text(inner, "orderingKey", message->ordering_key);
    set_text(inner, "publishTime", event->time);
    set_text(inner, "publish_time", event->time);

    json_auto_t *body = json_pack("{s:o}", "message", inner);
    set_text(body, "subscription", message->subscription);
    if (message->delivery_attempt)
        json_object_set_new(body, "deliveryAttempt", json_integer(message->delivery_attempt));
    set_json(event, body);
}

/* As from GcpPubSubSource in 2019: four members, null when empty, and no "projects/" in source. */
static void fill_legacy(const struct gcp_message *message, const char *topic,
                        struct ce_event *event)
{
    const char *short_topic = topic + (str_starts(topic, "projects/") ? strlen("projects/") : 0);
    set_attributes(event, message, "google.pubsub.topic.publish",
                   str_format("//pubsub.googleapis.com/%s", short_topic));

    OWN(free) char *data = base64_encode(gcp_message_data(message));
    json_auto_t *body =
        json_pack("{s:s, s:s?, s:o, s:s?}", "ID", message->id, "Data", *data ? data : NULL,
                  "Attributes", message->attribute_count ? attributes_json(message) : json_null(),
                  "PublishTime", event->time);
    set_json(event, body);
}

/* The event type for a notification's eventType; NULL when unknown. */
static const char *storage_type(const char *event_type)
{
    static const struct {
        const char *attribute, *type;
    } types[] = {
        {"OBJECT_FINALIZE", "google.cloud.storage.object.v1.finalized"},
        {"OBJECT_DELETE", "google.cloud.storage.object.v1.deleted"},
        {"OBJECT_ARCHIVE", "google.cloud.storage.object.v1.archived"},
        {"OBJECT_METADATA_UPDATE", "google.cloud.storage.object.v1.metadataUpdated"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_equal(event_type, types[i].attribute))
            return types[i].type;
    return NULL;
}

static bool fill_storage(const struct gcp_message *message, struct ce_event *event, struct err *err)
{
    const char *type = storage_type(gcp_message_attribute(message, "eventType"));
    const char *bucket = gcp_message_attribute(message, "bucketId");
    const char *object = gcp_message_attribute(message, "objectId");
    if (!type || str_empty(bucket) || str_empty(object))
        return err_set(err, ERR_INPUT,
                       "not a Storage notification: attribute eventType, bucketId or objectId is "
                       "missing or unknown");
    set_attributes(event, message, type,
                   str_format("//storage.googleapis.com/projects/_/buckets/%s", bucket));
    event->subject = str_format("objects/%s", object);
    ce_set_extension(event, "bucket", bucket);
    if (message->len)
        ce_set_data(event, "application/json", gcp_message_data(message));
    return true;
}

/* CloudEvents' protocol binding for Pub/Sub: attributes correspond to HTTP header fields. */
static bool is_event(const struct gcp_message *message)
{
    const char *content_type = gcp_message_attribute(message, "Content-Type");
    return gcp_message_attribute(message, "ce-specversion") ||
           (content_type && str_starts_any_case(content_type, "application/cloudevents+json"));
}

static bool fill_inner_event(const struct gcp_message *message, struct ce_event *event,
                             struct err *err)
{
    OWN(headers) struct headers headers = {0};
    for (size_t i = 0; i < message->attribute_count; i++)
        headers_add(&headers, message->attributes[i].name, message->attributes[i].value);
    OWN(ce_events) struct ce_events events = {0};
    if (!ce_events_from_http(&headers, gcp_message_data(message), &events, err))
        return err_wrap(err, "not a valid CloudEvent");
    ce_event_copy(&events.list[0], event);
    return true;
}

enum { MAX_NAME_LEN = 256 }; /* of an attribute in Pub/Sub */

/* Converts the name of a message attribute; false when no valid name results. */
static bool extension_name(const char *attribute, char name[MAX_NAME_LEN + 1])
{
    size_t len = 0;
    for (; *attribute && len < MAX_NAME_LEN; attribute++) {
        char c = *attribute >= 'A' && *attribute <= 'Z' ? (char)(*attribute | 0x20) : *attribute;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            name[len++] = c;
    }
    name[len] = '\0';
    return message_event_extension_valid(name);
}

static bool is_printable(const char *text)
{
    while ((unsigned char)*text >= ' ' && *text != 0x7F)
        text++;
    return !*text;
}

static void fill_raw(const struct gcp_message *message, const char *topic, struct ce_event *event)
{
    set_attributes(event, message, "google.cloud.pubsub.topic.v1.messagePublished",
                   str_format("//pubsub.googleapis.com/%s", topic));
    for (size_t i = 0; i < message->attribute_count; i++) {
        char name[MAX_NAME_LEN + 1];
        const char *value = message->attributes[i].value;
        if (extension_name(message->attributes[i].name, name) && is_printable(value))
            ce_set_extension(event, name, value);
    }
    ce_set_extension(event, "contenttype", NULL); /* that is the data's */
    const char *content_type = gcp_message_attribute(message, "Content-Type");
    if (message->len)
        ce_set_data(event, content_type ? content_type : "application/octet-stream",
                    gcp_message_data(message));
}

/* traceparent, 00-TRACE(32)-SPAN(16)-FLAGS(2): Google's client libraries set it as an attribute. */
static void copy_traceparent(const struct gcp_message *message, struct ce_event *event)
{
    static const char *const names[] = {"googclient_traceparent", "traceparent"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *trace = gcp_message_attribute(message, names[i]);
        if (trace && strlen(trace) == 55 && !trace[strspn(trace, "0123456789abcdef-")])
            ce_set_extension(event, "traceparent", trace);
    }
    const char *state = gcp_message_attribute(message, "tracestate");
    if (state && ce_extension(event, "traceparent"))
        ce_set_extension(event, "tracestate", state);
}

static void set_overrides(const struct pubsub_source_config *config, struct ce_event *event)
{
    const char *name;
    json_t *value;
    json_object_foreach(config->extensions, name, value)
    {
        ce_set_extension(event, name, json_string_value(value));
    }
}

bool message_event_from_message(const struct gcp_message *message, const char *topic,
                                const struct pubsub_source_config *config, struct ce_event *event,
                                struct err *err)
{
    switch (config->form) {
    case EVENT_FORM_MESSAGE_PUBLISHED:
        fill_message_published(message, topic, event);
        break;
    case EVENT_FORM_LEGACY:
        fill_legacy(message, topic, event);
        break;
    case EVENT_FORM_STORAGE:
        if (!fill_storage(message, event, err))
            return false;
        break;
    case EVENT_FORM_RAW:
        if (!is_event(message))
            fill_raw(message, topic, event);
        else if (!fill_inner_event(message, event, err))
            return false;
        break;
    }
    copy_traceparent(message, event);
    set_overrides(config, event);
    return ce_event_valid(event, err);
}
