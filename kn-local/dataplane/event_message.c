/* SPDX-License-Identifier: Apache-2.0 */
/* A CloudEvent on its way: how it is stored, copied and freed. */
#include "kn-local/dataplane/event_message_private.h"

#include "base/base64.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum {
    OVERHEAD = 2048, /* in memory: one delivery, its request, what malloc adds */
};

bool event_message_is_attribute(const char *name)
{
    return (name[0] | 0x20) == 'c' && (name[1] | 0x20) == 'e' && name[2] == '-';
}

/* Fields and their texts follow the event in one block. */
struct event_message *event_message_build(const struct header *fields, size_t count,
                                          struct buf *body)
{
    size_t text_size = 0;
    for (size_t i = 0; i < count; i++)
        text_size += strlen(fields[i].name) + strlen(fields[i].value) + 2;

    struct event_message *event =
        alloc_resize(NULL, sizeof(*event) + count * sizeof(struct header) + text_size);
    struct header *list = (struct header *)(event + 1);
    char *text = (char *)(list + count);
    *event = (struct event_message){
        .headers = {.list = list, .count = count}, .id = "", .source = "", .body = *body};
    *body = (struct buf){0};
    atomic_init(&event->refs, 1);
    event->size = event->body.len + text_size + OVERHEAD;
    for (size_t i = 0; i < count; i++) {
        list[i].name = text;
        text = stpcpy(text, fields[i].name) + 1;
        list[i].value = text;
        text = stpcpy(text, fields[i].value) + 1;
        if (!event_message_is_attribute(list[i].name))
            continue;
        str_lower(list[i].name);
        if (str_equal(list[i].name, "ce-id"))
            event->id = list[i].value;
        else if (str_equal(list[i].name, "ce-source"))
            event->source = list[i].value;
    }
    return event;
}

struct event_message *event_message_new(const struct headers *fields, struct bytes body)
{
    struct buf copy = {0};
    buf_add(&copy, body.data, body.len);
    return event_message_build(fields->list, fields->count, &copy);
}

struct event_message *event_message_hold(struct event_message *event)
{
    atomic_fetch_add_explicit(&event->refs, 1, memory_order_relaxed);
    return event;
}

void event_message_release(struct event_message *event)
{
    if (atomic_fetch_sub(&event->refs, 1) > 1)
        return;
    buf_done(&event->body);
    free(event);
}

void event_message_pack_headers(const struct event_message *event, struct buf *out)
{
    for (size_t i = 0; i < event->headers.count; i++) {
        const struct header *field = &event->headers.list[i];
        buf_add(out, field->name, strlen(field->name) + 1);
        buf_add(out, field->value, strlen(field->value) + 1);
    }
}

/* Takes a string that ends in NUL off the front; NULL when there is none. */
static const char *take_string(struct bytes *from)
{
    const char *text = from->data;
    const char *end = from->len ? memchr(text, '\0', from->len) : NULL;
    if (!end)
        return NULL;
    size_t size = (size_t)(end - text) + 1;
    *from = (struct bytes){text + size, from->len - size};
    return text;
}

struct event_message *event_message_from_store(struct bytes headers, struct bytes body)
{
    OWN(headers) struct headers fields = {0};
    while (headers.len) {
        const char *name = take_string(&headers), *value = take_string(&headers);
        if (!name || !value)
            return NULL;
        /* version 1 of the store kept these two, which each delivery adds by itself */
        if (!str_equal(name, "Prefer") && !str_equal(name, "Kn-Namespace") &&
            !headers_add(&fields, name, value))
            return NULL;
    }
    struct event_message *event = event_message_new(&fields, body);
    if (*event->id)
        return event;
    event_message_release(event);
    return NULL;
}
