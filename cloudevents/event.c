/* SPDX-License-Identifier: Apache-2.0 */
/* A CloudEvent as a value. */
#include "cloudevents/event.h"

#include "base/random.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <ctype.h>
#include <string.h>

void ce_event_done(struct ce_event *event)
{
    free(event->spec_version);
    free(event->id);
    free(event->source);
    free(event->type);
    free(event->subject);
    free(event->time);
    free(event->schema);
    free(event->content_type);
    json_decref(event->extensions);
    free(event->data);
    *event = (struct ce_event){0};
}

struct bytes ce_data(const struct ce_event *event)
{
    return (struct bytes){event->data, event->len};
}

void ce_event_copy(const struct ce_event *event, struct ce_event *copy)
{
    *copy = (struct ce_event){
        .spec_version = str_copy(event->spec_version),
        .id = str_copy(event->id),
        .source = str_copy(event->source),
        .type = str_copy(event->type),
        .subject = str_copy(event->subject),
        .time = str_copy(event->time),
        .schema = str_copy(event->schema),
        .content_type = str_copy(event->content_type),
        .extensions = event->extensions ? json_deep_copy(event->extensions) : NULL,
        .data = event->data ? str_copy_bytes(ce_data(event)) : NULL,
        .len = event->len,
    };
}

void ce_set_data(struct ce_event *event, const char *content_type, struct bytes data)
{
    str_replace(&event->data, str_copy_bytes(data));
    event->len = data.len;
    if (content_type)
        str_replace(&event->content_type, str_copy(content_type));
}

static void set_extension(struct ce_event *event, const char *name, json_t *value)
{
    if (!event->extensions)
        event->extensions = json_object();
    json_object_set_new(event->extensions, name, value);
}

void ce_set_extension(struct ce_event *event, const char *name, const char *value)
{
    if (value)
        set_extension(event, name, json_string(value));
    else if (event->extensions)
        json_object_del(event->extensions, name);
}

void ce_set_extension_int(struct ce_event *event, const char *name, int value)
{
    set_extension(event, name, json_integer(value));
}

const char *ce_extension(const struct ce_event *event, const char *name)
{
    return json_string_value(json_object_get(event->extensions, name));
}

void ce_event_new(struct ce_event *event, const char *source, const char *type,
                  const char *content_type, struct bytes data)
{
    char id[UUID_SIZE], time[TIMESTAMP_SIZE];
    random_uuid(id);
    timestamp_format(timestamp_now_ns(), time);
    *event = (struct ce_event){
        .spec_version = str_copy("1.0"),
        .id = str_copy(id),
        .source = str_copy(source),
        .type = str_copy(type),
        .time = str_copy(time),
        .content_type = str_copy(content_type),
        .data = str_copy_bytes(data),
        .len = data.len,
    };
}

/* Whether a string has more than white space. */
static bool has_content(const char *text)
{
    while (text && isspace((unsigned char)*text))
        text++;
    return !str_empty(text);
}

/* No control characters (U+0000-1F, U+007F-9F), as section 3.2 requires of every String. */
static bool printable(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F))
            return false;
    return true;
}

/* The characters of a URI-reference (RFC 3986 section 2), and those beyond ASCII of an IRI. */
static bool is_reference(const char *text)
{
    return text[strcspn(text, " \"<>\\^`{|}")] == '\0';
}

/* Starts with a scheme: a letter, then letters, digits, "+-.", then a colon. */
static bool is_absolute(const char *text)
{
    if (!isalpha((unsigned char)*text))
        return false;
    while (*text && (isalnum((unsigned char)*text) || strchr("+-.", *text)))
        text++;
    return *text == ':';
}

bool ce_event_valid(const struct ce_event *event, struct err *err)
{
    const struct {
        const char *name, *value;
        bool required;
    } texts[] = {
        {"id", event->id, true},      {"source", event->source, true},
        {"type", event->type, true},  {"subject", event->subject, false},
        {"time", event->time, false}, {"dataschema", event->schema, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        const char *name = texts[i].name, *value = texts[i].value;
        if (!value && !texts[i].required)
            continue;
        if (!has_content(value))
            return err_set(err, ERR_INPUT, "CloudEvent: %s is %s", name,
                           value ? "empty" : "missing");
        if (!printable(value))
            return err_set(err, ERR_INPUT, "CloudEvent: %s has control characters", name);
    }
    if (event->time && !timestamp_parse(event->time, NULL))
        return err_set(err, ERR_INPUT, "CloudEvent: time is %s, want RFC 3339", event->time);
    if (!is_reference(event->source))
        return err_set(err, ERR_INPUT, "CloudEvent: source is %s, want a URI reference",
                       event->source);
    if (event->schema && !(is_reference(event->schema) && is_absolute(event->schema)))
        return err_set(err, ERR_INPUT, "CloudEvent: dataschema is %s, want an absolute URI",
                       event->schema);
    return true;
}
