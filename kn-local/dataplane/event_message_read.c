/* SPDX-License-Identifier: Apache-2.0 */
/* Reads events of requests and answers. The binary mode is the usual case and costs one copy. */
#include "kn-local/dataplane/event_message_private.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <ctype.h>
#include <string.h>

enum {
    MAX_NAME = 64,    /* of an attribute, in both modes */
    MAX_FIELDS = 100, /* of an event, and forwarded ones */
};

/* What the Content-Type says about the event's mode. */
enum mode { MODE_BINARY, MODE_STRUCTURED, MODE_BATCH, MODE_OTHER };

static enum mode mode_of(const char *content_type)
{
    static const char prefix[] = "application/cloudevents";
    if (!content_type)
        return MODE_BINARY;
    const char *text = content_type + strspn(content_type, " \t");
    if (!str_starts_any_case(text, prefix))
        return MODE_BINARY;
    text += strlen(prefix);
    size_t len = strcspn(text, "; \t");
    if (len == strlen("+json") && strncasecmp(text, "+json", len) == 0)
        return MODE_STRUCTURED;
    return len == strlen("-batch+json") && strncasecmp(text, "-batch+json", len) == 0 ? MODE_BATCH
                                                                                      : MODE_OTHER;
}

static bool has_control(const char *value)
{
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if (*c < 0x20 || *c == 0x7F)
            return true;
    return false;
}

/* Whether Knative forwards a field; the trace of a reply is that of the request. */
static bool is_trace(const char *name)
{
    return str_equal_any_case(name, "traceparent") || str_equal_any_case(name, "tracestate") ||
           str_equal_any_case(name, "baggage");
}

static bool is_forwarded(const char *name)
{
    switch (name[0] | 0x20) {
    case 'x':
        return str_equal_any_case(name, "x-request-id") || str_starts_any_case(name, "x-b3-");
    case 'k':
        return str_starts_any_case(name, "knative-");
    case 'r':
        return str_equal_any_case(name, "retry-after");
    default:
        return false;
    }
}

static bool is_content_type(const char *name)
{
    return (name[0] | 0x20) == 'c' && str_equal_any_case(name, "Content-Type");
}

/* The fields that an event keeps, borrowed from where they came. */
struct fields {
    struct header list[MAX_FIELDS];
    size_t count;
};

static bool add(struct fields *fields, const struct header *field, struct err *err)
{
    if (fields->count == MAX_FIELDS)
        return err_set(err, ERR_INPUT, "the event has over %d header fields", MAX_FIELDS);
    fields->list[fields->count++] = *field;
    return true;
}

static bool name_valid(const char *name)
{
    const char *c = name;
    while (isalnum((unsigned char)*c))
        c++;
    return *c == '\0' && c > name && c - name <= MAX_NAME;
}

/* An absolute URI starts with a scheme: a letter, then letters, digits, "+-.", then a colon. */
static bool is_absolute(const char *text)
{
    if (!isalpha((unsigned char)*text))
        return false;
    while (*text && (isalnum((unsigned char)*text) || strchr("+-.", *text)))
        text++;
    return *text == ':';
}

/* Checks one attribute by its name without "ce-". */
static bool attribute_valid(const char *name, const char *value, struct err *err)
{
    if (!name_valid(name))
        return err_set(err, ERR_INPUT,
                       "CloudEvent: attribute %.80s: want at most %d letters and digits", name,
                       MAX_NAME);
    if (has_control(value))
        return err_set(err, ERR_INPUT, "CloudEvent: attribute %s has a control character", name);
    if (str_equal_any_case(name, "datacontenttype"))
        return err_set(err, ERR_INPUT,
                       "CloudEvent: header ce-datacontenttype is not allowed, use Content-Type");
    if (str_equal_any_case(name, "data"))
        return err_set(err, ERR_INPUT, "CloudEvent: no attribute may be named data");
    if (str_equal_any_case(name, "time") && *value && !timestamp_parse(value, NULL))
        return err_set(err, ERR_INPUT, "CloudEvent: time is %s, want RFC 3339", value);
    if (str_equal_any_case(name, "dataschema") && *value && !is_absolute(value))
        return err_set(err, ERR_INPUT, "CloudEvent: dataschema is %s, want an absolute URI", value);
    return true;
}

/* An empty optional attribute counts as absent, an empty extension stays. */
static bool is_absent(const char *name, const char *value)
{
    return !*value && (str_equal_any_case(name, "subject") || str_equal_any_case(name, "time") ||
                       str_equal_any_case(name, "dataschema"));
}

static bool is_twice(const struct fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (str_equal_any_case(fields->list[i].name, name))
            return true;
    return false;
}

/* Collects ce- fields and the Content-Type, each at most once. */
static bool collect_attributes(const struct headers *from, struct fields *fields, struct err *err)
{
    uint64_t seen = 0; /* a bit for each hash of a name */
    for (size_t i = 0; i < from->count; i++) {
        const struct header *field = &from->list[i];
        const char *name = field->name + 3;
        bool attribute = event_message_is_attribute(field->name);
        if (!attribute && !is_content_type(field->name))
            continue;
        if (attribute ? !attribute_valid(name, field->value, err)
                      : has_control(field->value) &&
                            !err_set(err, ERR_INPUT, "Content-Type has a control character"))
            return false;
        uint64_t bit = UINT64_C(1) << ((strlen(name) + (unsigned)(name[0] | 0x20) * 5) & 63);
        if (seen & bit && is_twice(fields, field->name)) {
            if (!attribute)
                continue; /* the first counts */
            return err_set(err, ERR_INPUT, "CloudEvent: header %s is there twice", field->name);
        }
        seen |= bit;
        if (!(attribute && is_absent(name, field->value)) && !add(fields, field, err))
            return false;
    }
    return true;
}

static bool collect_forwarded(const struct headers *from, bool (*wanted)(const char *name),
                              struct fields *fields, struct err *err)
{
    for (size_t i = 0; i < from->count; i++)
        if (wanted(from->list[i].name) && !has_control(from->list[i].value) &&
            !add(fields, &from->list[i], err))
            return false;
    return true;
}

static const char *value_of(const struct fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (str_equal_any_case(fields->list[i].name, name))
            return fields->list[i].value;
    return NULL;
}

static bool version_known(const char *version)
{
    return str_equal(version, "1.0") || str_equal(version, "0.3");
}

/* Whether all that the specification requires is there. */
static bool is_complete(const struct fields *fields, struct err *err)
{
    static const char *const required[] = {"ce-specversion", "ce-id", "ce-type", "ce-source"};
    for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
        const char *value = value_of(fields, required[i]);
        if (!value || !value[strspn(value, " ")])
            return err_set(err, ERR_INPUT, "CloudEvent: %s is %s", required[i] + strlen("ce-"),
                           value ? "empty" : "missing");
    }
    const char *version = value_of(fields, "ce-specversion");
    return version_known(version) ||
           err_set(err, ERR_INPUT, "CloudEvents %s are not taken, want 1.0 or 0.3", version);
}

struct event_message *event_message_from_http(const struct headers *headers, struct buf *body,
                                              struct err *err)
{
    OWN(headers) struct headers json_fields = {0};
    OWN(buf) struct buf data = {0};
    struct fields fields;
    fields.count = 0;
    enum mode mode = mode_of(headers_get(headers, "Content-Type"));
    bool binary = headers_get(headers, "ce-specversion") != NULL;
    if (mode == MODE_BATCH) {
        err_set(err, ERR_INPUT, "a batch of CloudEvents is not taken; send one at a time");
        return NULL;
    }
    if (mode == MODE_OTHER && !binary) {
        err_set(err, ERR_INPUT, "this event format is not read here; want JSON or binary mode");
        return NULL;
    }
    if (mode != MODE_STRUCTURED && !binary) {
        err_set(err, ERR_INPUT,
                "this is not a CloudEvent; want ce- fields or the type "
                "application/cloudevents+json");
        return NULL;
    }
    bool ok = mode == MODE_STRUCTURED
                  ? event_message_read_json(buf_bytes(body), &json_fields, &data, err) &&
                        collect_attributes(&json_fields, &fields, err)
                  : collect_attributes(headers, &fields, err);
    if (!ok || !is_complete(&fields, err) ||
        !collect_forwarded(headers, is_forwarded, &fields, err) ||
        !collect_forwarded(headers, is_trace, &fields, err))
        return NULL;
    return event_message_build(fields.list, fields.count, mode == MODE_STRUCTURED ? &data : body);
}

bool event_message_from_answer(const struct headers *headers, struct buf *body,
                               const struct event_message *event, struct event_message **reply,
                               struct err *err)
{
    OWN(headers) struct headers json_fields = {0};
    OWN(buf) struct buf data = {0};
    struct fields fields;
    fields.count = 0;
    *reply = NULL;
    enum mode mode = mode_of(headers_get(headers, "Content-Type"));
    const char *version = headers_get(headers, "ce-specversion");
    if (mode == MODE_BATCH)
        return err_set(err, ERR_UPSTREAM, "the reply is a batch of CloudEvents");
    if (mode == MODE_STRUCTURED) {
        if (!event_message_read_json(buf_bytes(body), &json_fields, &data, err))
            return err_wrap(err, "the reply");
        version = headers_get(&json_fields, "ce-specversion");
        if (!version_known(version))
            return err_set(err, ERR_UPSTREAM, "the reply is of CloudEvents version %s",
                           version ? version : "unknown");
    } else if (!version || !version_known(version)) {
        return true;
    }
    if (!collect_attributes(mode == MODE_STRUCTURED ? &json_fields : headers, &fields, err))
        return err_wrap(err, "the reply");
    if (!collect_forwarded(headers, is_forwarded, &fields, err) ||
        !collect_forwarded(&event->headers, is_trace, &fields, err))
        return false;
    *reply = event_message_build(fields.list, fields.count, mode == MODE_STRUCTURED ? &data : body);
    return true;
}
