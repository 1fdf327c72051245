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
    for (size_t i = 0; i < COUNT(names); i++)
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

static void finish(struct parcel *parcel)
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

static struct parcel *pack(const struct ce_event *event, const char *ns)
{
    struct parcel *parcel = must_alloc(sizeof(*parcel));
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

static void take_body(struct parcel *parcel, struct buf *body)
{
    parcel->body = *body;
    *body = (struct buf){0};
}

/* Reads the event and writes it anew. */
static struct parcel *repack(const struct headers *headers, struct buf *body, struct err *err)
{
    OWN(ce_events) struct ce_events events = {0};
    if (!events_from_http(headers, body_to_read(headers, body), &events, err) ||
        !is_one_event(&events, err)) {
        err->status = ERR_INPUT; /* a format that we do not read is no valid event either */
        return NULL;
    }
    const struct ce_event *event = &events.list[0];
    struct parcel *parcel = must_alloc(sizeof(*parcel));
    ce_headers_from_event(event, &parcel->headers);
    if (events.mode == CE_BINARY)
        take_body(parcel, body);
    else if (event->data)
        buf_add(&parcel->body, event->data, event->len);
    return parcel;
}

static struct parcel *pack_plain(const struct headers *headers, struct buf *body)
{
    struct headers fields = {0};
    if (!plain_event_copy(headers, &fields))
        return NULL;
    struct parcel *parcel = must_alloc(sizeof(*parcel));
    parcel->headers = fields;
    take_body(parcel, body);
    return parcel;
}

struct parcel *parcel_from_http(const struct headers *headers, struct buf *body, const char *ns,
                                struct err *err)
{
    struct parcel *parcel = pack_plain(headers, body);
    if (!parcel)
        parcel = repack(headers, body, err);
    if (!parcel)
        return NULL;
    headers_add(&parcel->headers, "Kn-Namespace", ns);
    forward(headers, &parcel->headers);
    finish(parcel);
    return parcel;
}

struct parcel *parcel_from_event(const struct ce_event *event, const char *ns)
{
    struct parcel *parcel = pack(event, ns);
    buf_add(&parcel->body, event->data, event->len);
    finish(parcel);
    return parcel;
}

void parcel_ask(struct parcel *parcel)
{
    headers_add(&parcel->headers, "Prefer", "reply");
}

void parcel_pack_headers(const struct parcel *parcel, struct buf *out)
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

struct parcel *parcel_from_store(struct bytes headers, struct bytes body, uint64_t number)
{
    OWN(parcel) struct parcel *parcel = must_alloc(sizeof(*parcel));
    atomic_init(&parcel->refs, 1);
    while (headers.len) {
        const char *name = take_text(&headers), *value = take_text(&headers);
        if (!name || !value || !headers_add(&parcel->headers, name, value))
            return NULL;
    }
    buf_add(&parcel->body, body.data, body.len);
    finish(parcel);
    parcel->number = number;
    return parcel->id ? give(&parcel) : NULL;
}

struct parcel *parcel_dead_letter(const struct parcel *event, const char *ns,
                                  const char *destination, int status, struct bytes answer,
                                  const char *reason)
{
    struct err err = {0};
    OWN(ce_events) struct ce_events events = {0};
    if (!events_from_http(&event->headers, buf_bytes(&event->body), &events, &err))
        abort(); /* it was read from such fields before */
    delivery_dead_letter(&events.list[0], destination, status, answer, reason);
    struct parcel *letter = parcel_from_event(&events.list[0], ns);
    forward(&event->headers, &letter->headers);
    return letter;
}

struct parcel *parcel_hold(struct parcel *parcel)
{
    atomic_fetch_add_explicit(&parcel->refs, 1, memory_order_relaxed);
    return parcel;
}

void parcel_release(struct parcel *parcel)
{
    if (atomic_fetch_sub(&parcel->refs, 1) > 1)
        return;
    parcel_uncharge(parcel);
    headers_done(&parcel->headers);
    buf_done(&parcel->body);
    free(parcel);
}

struct budget *budget_new(size_t max)
{
    struct budget *budget = must_alloc(sizeof(*budget));
    atomic_init(&budget->refs, 1);
    budget->max = max;
    return budget;
}

void budget_release(struct budget *budget)
{
    if (atomic_fetch_sub(&budget->refs, 1) == 1)
        free(budget);
}

bool parcel_charge(struct parcel *parcel, struct budget *budget)
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

void parcel_uncharge(struct parcel *parcel)
{
    if (!parcel->budget)
        return;
    atomic_fetch_sub(&parcel->budget->held, parcel->size);
    budget_release(parcel->budget);
    parcel->budget = NULL;
}

void parcel_settle(struct parcel *parcel, bool well)
{
    if (!well)
        atomic_store(&parcel->failed, true);
    if (atomic_fetch_sub(&parcel->open, 1) == 1 && parcel->settled)
        parcel->settled(parcel, !atomic_load(&parcel->failed), parcel->context);
}
