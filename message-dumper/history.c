/* SPDX-License-Identifier: Apache-2.0 */
/* The last events, for GET /events: limited in number and bytes. */
#include "message-dumper/history.h"

#include "base/base64.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <pthread.h>
#include <string.h>

struct entry {
    int64_t received_ns;
    struct ce_event event; /* attributes only */
    char *strings;         /* the event's strings point into it */
    size_t string_bytes;
    struct gcp_message message;
    size_t omitted; /* size of the payload when it was too large to keep, else 0 */
    size_t bytes;   /* approximate size of the entry */
};

/* A ring buffer: the oldest entry is at `first`. */
struct history {
    pthread_mutex_t lock; /* guards the members below */
    struct entry *ring;
    size_t max_events, max_bytes;
    size_t first, count, bytes;
    uint64_t received;
};

struct history *history_open(size_t max_events, size_t max_bytes)
{
    struct history *history = alloc_zeroed(sizeof(*history));
    pthread_mutex_init(&history->lock, NULL);
    history->ring = alloc_zeroed(max_events * sizeof(*history->ring));
    history->max_events = max_events;
    history->max_bytes = max_bytes;
    return history;
}

static void entry_done(struct entry *entry)
{
    json_decref(entry->event.extensions);
    free(entry->strings);
    gcp_message_done(&entry->message);
    *entry = (struct entry){0};
}

static struct entry *entry_at(const struct history *history, size_t index)
{
    return &history->ring[(history->first + index) % history->max_events];
}

static void drop_oldest(struct history *history)
{
    struct entry *oldest = entry_at(history, 0);
    history->bytes -= oldest->bytes;
    entry_done(oldest);
    history->first = (history->first + 1) % history->max_events;
    history->count--;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    while (history->count)
        drop_oldest(history);
    pthread_mutex_destroy(&history->lock);
    free(history->ring);
    free(history);
}

static size_t string_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Copies text to *next and advances *next. */
static char *append(char **next, const char *text)
{
    if (!text)
        return NULL;
    char *copy = *next;
    *next = stpcpy(copy, text) + 1;
    return copy;
}

/* Copies the event's attributes, with one allocation for all strings: this runs for each event. */
static void copy_attributes(struct entry *entry, const struct ce_event *event)
{
    entry->string_bytes = string_size(event->spec_version) + string_size(event->id) +
                          string_size(event->source) + string_size(event->type) +
                          string_size(event->subject) + string_size(event->time) +
                          string_size(event->schema) + string_size(event->content_type);
    char *next = entry->strings = alloc_resize(NULL, entry->string_bytes);
    entry->event = (struct ce_event){
        .spec_version = append(&next, event->spec_version),
        .id = append(&next, event->id),
        .source = append(&next, event->source),
        .type = append(&next, event->type),
        .subject = append(&next, event->subject),
        .time = append(&next, event->time),
        .schema = append(&next, event->schema),
        .content_type = append(&next, event->content_type),
        .extensions = event->extensions ? json_deep_copy(event->extensions) : NULL,
    };
}

static size_t size_of(const struct entry *entry)
{
    size_t bytes = sizeof(*entry) + entry->string_bytes + entry->message.len;
    for (size_t i = 0; i < entry->message.attribute_count; i++)
        bytes += string_size(entry->message.attributes[i].name) +
                 string_size(entry->message.attributes[i].value) + 2 * sizeof(size_t);
    return bytes + json_object_size(entry->event.extensions) * 128;
}

static void fill_entry(struct entry *entry, const struct ce_event *event,
                       struct gcp_message *message, size_t max_bytes)
{
    copy_attributes(entry, event);
    entry->received_ns = timestamp_now_ns();
    entry->message = *message;
    *message = (struct gcp_message){0};
    entry->bytes = size_of(entry);
    if (entry->bytes > max_bytes) {
        entry->omitted = entry->message.len;
        free(move_ptr(&entry->message.data));
        entry->message.len = 0;
        entry->bytes = size_of(entry);
    }
}

void history_add(struct history *history, const struct ce_event *event, struct gcp_message *message)
{
    struct entry entry = {0};
    fill_entry(&entry, event, message, history->max_bytes);

    pthread_mutex_lock(&history->lock);
    history->received++;
    while (history->count && (history->count == history->max_events ||
                              history->bytes + entry.bytes > history->max_bytes))
        drop_oldest(history);
    bool keep = history->max_events && entry.bytes <= history->max_bytes;
    if (keep) {
        *entry_at(history, history->count++) = entry;
        history->bytes += entry.bytes;
    }
    pthread_mutex_unlock(&history->lock);
    if (!keep)
        entry_done(&entry);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

static void set_payload(json_t *object, const struct entry *entry)
{
    const struct gcp_message *message = &entry->message;
    if (entry->omitted) {
        json_object_set_new(object, "payloadOmitted", json_integer((json_int_t)entry->omitted));
    } else if (message->data_error) {
        set_text(object, "payloadError", message->data_error);
    } else if (message->data) {
        bool is_text = !memchr(message->data, '\0', message->len);
        json_t *text =
            is_text ? json_stringn(message->data, message->len) : NULL; /* NULL when not UTF-8 */
        OWN(free) char *base64 = text ? NULL : base64_encode(gcp_message_data(message));
        json_object_set_new(object, text ? "payload" : "payloadBase64",
                            text ? text : json_string(base64));
    }
}

static json_t *message_json(const struct gcp_message *message)
{
    json_t *object = json_object();
    set_text(object, "messageId", message->id);
    set_text(object, "publishTime", message->publish_time);
    set_text(object, "orderingKey", message->ordering_key);
    if (message->attribute_count) {
        json_t *attributes = json_object();
        json_object_set_new(object, "attributes", attributes);
        for (size_t i = 0; i < message->attribute_count; i++)
            set_text(attributes, message->attributes[i].name, message->attributes[i].value);
    }
    return object;
}

static json_t *entry_json(const struct entry *entry)
{
    const struct ce_event *event = &entry->event;
    char received[TIMESTAMP_SIZE];
    timestamp_format(entry->received_ns, received);
    json_t *object = json_pack("{s:s}", "receivedAt", received);
    set_text(object, "specversion", event->spec_version);
    set_text(object, "id", event->id);
    set_text(object, "source", event->source);
    set_text(object, "type", event->type);
    set_text(object, "subject", event->subject);
    set_text(object, "time", event->time);
    set_text(object, "dataschema", event->schema);
    set_text(object, "datacontenttype", event->content_type);
    if (event->extensions)
        json_object_set(object, "extensions", event->extensions);

    json_t *message = message_json(&entry->message);
    if (json_object_size(message))
        json_object_set(object, "message", message);
    json_decref(message);
    set_payload(object, entry);
    return object;
}

json_t *history_json(struct history *history)
{
    pthread_mutex_lock(&history->lock);
    json_t *events = json_array();
    for (size_t i = history->count; i-- > 0;)
        json_array_append_new(events, entry_json(entry_at(history, i)));
    json_t *all =
        json_pack("{s:I, s:o}", "received", (json_int_t)history->received, "events", events);
    pthread_mutex_unlock(&history->lock);
    return all;
}
