/* SPDX-License-Identifier: Apache-2.0 */
/* A CloudEvent on its way. */
#include "kn-local/dataplane/event_message.h"

#include "base/str.h"
#include "cloudevents/delivery_policy.h"
#include "kn-local/dataplane/event_passthrough.h"

#include <string.h>

/* What a parcel costs besides its body: fields, one delivery, what malloc adds. */
enum { PARCEL_OVERHEAD = 2048 };

/* Knative forwards these; the trace goes on unchanged since there is no tracer between. */
static bool is_forwarded(const char *name)
{
    static const char *const names[] = {"x-request-id", "retry-after", "traceparent", "tracestate",
                                        "b3"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_equal_any_case(name, names[i]))
            return true;
    return str_starts_any_case(name, "knative-") || str_starts_any_case(name, "x-b3-");
}

static void forward(const struct headers *from, struct headers *to)
{
    for (size_t i = 0; i < from->count; i++)
        if (is_forwarded(from->list[i].name))
            headers_add(to, from->list[i].name, from->list[i].value);
}

static void finish(struct event_message *parcel)
{
    atomic_init(&parcel->refs, 1);
    parcel->id = headers_get(&parcel->headers, "ce-id");
    parcel->size = parcel->body.len + PARCEL_OVERHEAD;
}

static bool is_one_event(const struct ce_events *events, struct err *err)
{
    if (events->mode == CE_NONE)
        return err_set(err, ERR_INPUT,
                       "this is no CloudEvent: want ce- fields or the type "
                       "application/cloudevents+json");
    if (events->mode == CE_BATCH)
        return err_set(err, ERR_INPUT, "a batch of CloudEvents is not taken, send one at a time");
    const char *version = events->list[0].spec_version;
    if (!str_equal(version, "1.0") && !str_equal(version, "0.3"))
        return err_set(err, ERR_INPUT, "CloudEvents %s are not taken, want 1.0 or 0.3", version);
    return true;
}

static struct event_message *pack(const struct ce_event *event, const char *ns)
{
    struct event_message *parcel = alloc_zeroed(sizeof(*parcel));
    ce_headers_from_event(event, &parcel->headers);
    headers_set(&parcel->headers, "Kn-Namespace", ns);
    finish(parcel);
    return parcel;
}

/* In binary mode the body needs no look, so it is not copied into the event either. */
static struct bytes body_to_read(const struct headers *headers, const struct buf *body)
{
    const char *type = headers_get(headers, "Content-Type");
    bool structured = type && str_starts_any_case(type, "application/cloudevents");
    return structured || !headers_get(headers, "ce-specversion") ? buf_bytes(body)
                                                                 : (struct bytes){0};
}

static void take_body(struct event_message *parcel, struct buf *body)
{
    parcel->body = *body;
    *body = (struct buf){0};
}

/* Reads the event and writes it anew. */
static struct event_message *repack(const struct headers *headers, struct buf *body,
                                    struct err *err)
{
    OWN(ce_events) struct ce_events events = {0};
    if (!ce_events_from_http(headers, body_to_read(headers, body), &events, err) ||
        !is_one_event(&events, err)) {
        err->status = ERR_INPUT; /* a format that we do not read is no valid event either */
        return NULL;
    }
    const struct ce_event *event = &events.list[0];
    struct event_message *parcel = alloc_zeroed(sizeof(*parcel));
    ce_headers_from_event(event, &parcel->headers);
    if (events.mode == CE_BINARY)
        take_body(parcel, body);
    else if (event->data)
        buf_add(&parcel->body, event->data, event->len);
    return parcel;
}

static struct event_message *pack_plain(const struct headers *headers, struct buf *body)
{
    struct headers fields = {0};
    if (!event_passthrough_copy(headers, &fields))
        return NULL;
    struct event_message *parcel = alloc_zeroed(sizeof(*parcel));
    parcel->headers = fields;
    take_body(parcel, body);
    return parcel;
}

struct event_message *event_message_from_http(const struct headers *headers, struct buf *body,
                                              const char *ns, struct err *err)
{
    struct event_message *parcel = pack_plain(headers, body);
    if (!parcel)
        parcel = repack(headers, body, err);
    if (!parcel)
        return NULL;
    headers_add(&parcel->headers, "Kn-Namespace", ns);
    forward(headers, &parcel->headers);
    finish(parcel);
    return parcel;
}

struct event_message *event_message_from_event(const struct ce_event *event, const char *ns)
{
    struct event_message *parcel = pack(event, ns);
    buf_add(&parcel->body, event->data, event->len);
    finish(parcel);
    return parcel;
}

void event_message_request_reply(struct event_message *parcel)
{
    headers_add(&parcel->headers, "Prefer", "reply");
}

void event_message_pack_headers(const struct event_message *parcel, struct buf *out)
{
    for (size_t i = 0; i < parcel->headers.count; i++) {
        const struct header *field = &parcel->headers.list[i];
        buf_add(out, field->name, strlen(field->name) + 1);
        buf_add(out, field->value, strlen(field->value) + 1);
    }
}

/* Takes a text that ends in NUL off the front; NULL when there is none. */
static const char *take_text(struct bytes *from)
{
    const char *text = from->data;
    const char *end = from->len ? memchr(text, '\0', from->len) : NULL;
    if (!end)
        return NULL;
    size_t size = (size_t)(end - text) + 1;
    *from = (struct bytes){text + size, from->len - size};
    return text;
}

struct event_message *event_message_from_store(struct bytes headers, struct bytes body,
                                               uint64_t number)
{
    OWN(event_message) struct event_message *parcel = alloc_zeroed(sizeof(*parcel));
    atomic_init(&parcel->refs, 1);
    while (headers.len) {
        const char *name = take_text(&headers), *value = take_text(&headers);
        if (!name || !value || !headers_add(&parcel->headers, name, value))
            return NULL;
    }
    buf_add(&parcel->body, body.data, body.len);
    finish(parcel);
    parcel->number = number;
    return parcel->id ? move_ptr(&parcel) : NULL;
}

struct event_message *event_message_dead_letter(const struct event_message *event, const char *ns,
                                                const char *destination, int status,
                                                struct bytes answer, const char *reason)
{
    struct err err = {0};
    OWN(ce_events) struct ce_events events = {0};
    if (!ce_events_from_http(&event->headers, buf_bytes(&event->body), &events, &err))
        abort(); /* it was read from such fields before */
    ce_event_to_dead_letter(&events.list[0], destination, status, answer, reason);
    struct event_message *letter = event_message_from_event(&events.list[0], ns);
    forward(&event->headers, &letter->headers);
    return letter;
}

struct event_message *event_message_hold(struct event_message *parcel)
{
    atomic_fetch_add_explicit(&parcel->refs, 1, memory_order_relaxed);
    return parcel;
}

void event_message_release(struct event_message *parcel)
{
    if (atomic_fetch_sub(&parcel->refs, 1) > 1)
        return;
    event_message_uncharge(parcel);
    headers_done(&parcel->headers);
    buf_done(&parcel->body);
    free(parcel);
}

struct budget *event_message_budget_new(size_t max)
{
    struct budget *budget = alloc_zeroed(sizeof(*budget));
    atomic_init(&budget->refs, 1);
    budget->max = max;
    return budget;
}

void event_message_budget_release(struct budget *budget)
{
    if (atomic_fetch_sub(&budget->refs, 1) == 1)
        free(budget);
}

bool event_message_charge(struct event_message *parcel, struct budget *budget)
{
    size_t before = atomic_fetch_add(&budget->held, parcel->size);
    if (before && before + parcel->size > budget->max) {
        atomic_fetch_sub(&budget->held, parcel->size);
        return false;
    }
    atomic_fetch_add(&budget->refs, 1);
    parcel->budget = budget;
    return true;
}

void event_message_uncharge(struct event_message *parcel)
{
    if (!parcel->budget)
        return;
    atomic_fetch_sub(&parcel->budget->held, parcel->size);
    event_message_budget_release(parcel->budget);
    parcel->budget = NULL;
}

void event_message_settle(struct event_message *parcel, bool well)
{
    if (!well)
        atomic_store(&parcel->failed, true);
    if (atomic_fetch_sub(&parcel->open, 1) == 1 && parcel->settled)
        parcel->settled(parcel, !atomic_load(&parcel->failed), parcel->context);
}
