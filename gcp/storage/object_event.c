/* SPDX-License-Identifier: Apache-2.0 */
/* Extracts a Storage notification from a CloudEvent, an HTTP request or a Pub/Sub message. */
#include "base/own.h"
#include "base/str.h"
#include "gcp/pubsub/message.h"

#include <string.h>

void gcp_object_event_done(struct gcp_object_event *event)
{
    free(event->type);
    free(event->bucket);
    free(event->object);
    *event = (struct gcp_object_event){0};
}

/* The types of Storage's CloudEvents, today's and those before 2020, and of notifications. */
static const struct {
    const char *ce_type, *type;
} types[] = {
    {"google.cloud.storage.object.v1.finalized", "OBJECT_FINALIZE"},
    {"google.cloud.storage.object.v1.archived", "OBJECT_ARCHIVE"},
    {"google.cloud.storage.object.v1.deleted", "OBJECT_DELETE"},
    {"google.cloud.storage.object.v1.metadataUpdated", "OBJECT_METADATA_UPDATE"},
    {"com.google.cloud.storage.object.finalize", "OBJECT_FINALIZE"},
    {"com.google.cloud.storage.object.archive", "OBJECT_ARCHIVE"},
    {"com.google.cloud.storage.object.delete", "OBJECT_DELETE"},
    {"com.google.cloud.storage.object.metadataUpdate", "OBJECT_METADATA_UPDATE"},
};

static const char *notification_type(const char *ce_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_equal(ce_type, types[i].ce_type))
            return types[i].type;
    return NULL;
}

static bool is_notification(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_equal(type, types[i].type))
            return true;
    return false;
}

/* The text after the first `separator`; NULL when there is none. */
static const char *after(const char *text, const char *separator)
{
    const char *found = text ? strstr(text, separator) : NULL;
    return found && found[strlen(separator)] ? found + strlen(separator) : NULL;
}

/* The subject is "objects/OBJECT"; before 2020 it was "OBJECT". */
static const char *subject_object(const struct gcp_envelope *envelope)
{
    const char *subject = envelope->subject;
    if (!subject || str_starts(envelope->type, "com."))
        return subject;
    return str_starts(subject, "objects/") ? after(subject, "objects/") : NULL;
}

/* Sets the members that are not set yet from an object resource. */
static bool read_resource(struct bytes body, struct gcp_object_event *event, struct err *err)
{
    json_auto_t *tree = json_from_bytes(body, "storage object", ERR_INPUT, err);
    if (!tree)
        return false;
    struct jread reader = jread_open(tree, "storage object", ERR_INPUT, err);
    if (!event->bucket)
        event->bucket = str_copy(jread_str_or(&reader, "bucket", NULL));
    if (!event->object)
        event->object = str_copy(jread_str_or(&reader, "name", NULL));
    if (!event->generation)
        event->generation = jread_int64_or(&reader, "generation", 0, INT64_MAX, 0);
    return jread_ok(&reader);
}

/* A CloudEvent from Storage: the object is in the body, else in source and subject. */
static bool read_event(const struct gcp_envelope *envelope, const char *type,
                       struct gcp_object_event *event, struct err *err)
{
    event->type = str_copy(type);
    if (envelope->body.len && !read_resource(envelope->body, event, err))
        return false;
    if (!event->bucket)
        event->bucket = str_copy(after(envelope->source, "/buckets/"));
    if (!event->object)
        event->object = str_copy(subject_object(envelope));
    return true;
}

/* A notification: the object is in the attributes, else in the payload. */
bool gcp_object_event_from_message(const struct gcp_message *message,
                                   struct gcp_object_event *event, struct err *err)
{
    if (message->data_error)
        return err_set(err, ERR_INPUT, "%s", message->data_error);
    const char *type = gcp_message_attribute(message, "eventType");
    if (!is_notification(type))
        return true;

    event->type = str_copy(type);
    event->bucket = str_copy(gcp_message_attribute(message, "bucketId"));
    event->object = str_copy(gcp_message_attribute(message, "objectId"));
    str_int(gcp_message_attribute(message, "objectGeneration"), 0, INT64_MAX, &event->generation);
    if ((event->bucket && event->object) || message->len == 0)
        return true;
    return read_resource(gcp_message_data(message), event, err);
}

bool gcp_object_event_from_envelope(const struct gcp_envelope *envelope,
                                    struct gcp_object_event *event, struct err *err)
{
    const char *type = notification_type(envelope->type);
    if (type)
        return read_event(envelope, type, event, err);

    OWN(gcp_message) struct gcp_message message = {0};
    return gcp_message_from_envelope(envelope, &message, err) &&
           gcp_object_event_from_message(&message, event, err);
}
