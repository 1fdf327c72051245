/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a publish request, read straight into messages. */
#include "gcp-local/pubsub/wire/publish_body.h"

#include "base/base64.h"
#include "base/json/json_scanner.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <string.h>

/* One reading: the buffers are used again for each message. */
struct reading {
    struct json_scanner scan;
    struct err *err;
    struct buf room;       /* the last string, when it had to be unescaped */
    struct buf attributes; /* packed */
    struct buf data, key;
    uint32_t attribute_count;
    size_t bytes; /* of all messages so far */
    struct publish_body *body;
};

/* Fields by both spellings; what the service itself sets is checked and dropped. */
enum field { UNKNOWN, DATA, ATTRIBUTES, ORDERING_KEY, MESSAGE_ID, PUBLISH_TIME };

static const struct {
    const char *name;
    enum field field;
} fields[] = {
    {"data", DATA},
    {"attributes", ATTRIBUTES},
    {"orderingKey", ORDERING_KEY},
    {"ordering_key", ORDERING_KEY},
    {"messageId", MESSAGE_ID},
    {"message_id", MESSAGE_ID},
    {"publishTime", PUBLISH_TIME},
    {"publish_time", PUBLISH_TIME},
};

static bool is(struct bytes text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static enum field field_of(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (is(name, fields[i].name))
            return fields[i].field;
    return UNKNOWN;
}

static bool fail_value(struct reading *reading, const char *field, const char *type)
{
    json_scanner_fail(&reading->scan);
    if (reading->err->status)
        return false;
    return err_set(reading->err, ERR_INPUT,
                   "Invalid JSON payload received. Invalid value at 'messages[%zu]%s%s' (TYPE_%s)",
                   reading->body->count, *field ? "." : "", field, type);
}

static bool fail_name(struct reading *reading, struct bytes name)
{
    json_scanner_fail(&reading->scan);
    OWN(free) char *text = str_copy_bytes(name);
    return err_set(reading->err, ERR_INPUT,
                   "Invalid JSON payload received. Unknown name \"%.100s\" at 'messages[%zu]': "
                   "Cannot find field.",
                   text, reading->body->count);
}

static bool too_large(struct err *err, const char *what, size_t size, size_t most)
{
    return err_set(err, ERR_INPUT,
                   "The request contains %s of size %zu, which exceeds the maximum of %zu", what,
                   size, most);
}

/* A string that must be there; a view that holds until the next is read. */
static bool take_string(struct reading *reading, const char *field, struct bytes *string)
{
    reading->room.len = 0;
    if (json_scanner_string(&reading->scan, &reading->room, string))
        return true;
    return fail_value(reading, field, "STRING");
}

/* An attribute's value: also a number, true or false, by its text. */
static bool take_text(struct reading *reading, struct bytes *text)
{
    struct json_scanner plain = reading->scan;
    if (!json_scanner_primitive(&plain, text))
        return take_string(reading, "attributes", text);
    reading->scan = plain;
    return true;
}

bool publish_body_check_attribute(struct bytes name, struct bytes value, uint32_t count,
                                  struct err *err)
{
    if (count > MAX_MESSAGE_ATTRIBUTES)
        return too_large(err, "a message with attributes", count, MAX_MESSAGE_ATTRIBUTES);
    if (name.len > MAX_ATTRIBUTE_KEY_BYTES)
        return too_large(err, "an attribute key", name.len, MAX_ATTRIBUTE_KEY_BYTES);
    if (value.len > MAX_ATTRIBUTE_VALUE_BYTES)
        return too_large(err, "an attribute value", value.len, MAX_ATTRIBUTE_VALUE_BYTES);
    if (name.len >= 4 && memcmp(name.data, "goog", 4) == 0)
        return err_set(err, ERR_INPUT, "An attribute key must not start with \"goog\"");
    return true;
}

/* Of attributes with the same name the last one counts: forget the one before `end`. */
static void drop_namesake(struct reading *reading, size_t end)
{
    struct buf *packed = &reading->attributes;
    const char *name, *value, *at = NULL, *from = packed->data;
    while (stored_message_next_attribute((struct bytes){packed->data, end}, &at, &name, &value)) {
        if (str_equal(name, packed->data + end)) {
            memmove(packed->data + (from - packed->data), at,
                    packed->len - (size_t)(at - packed->data));
            packed->len -= (size_t)(at - from);
            reading->attribute_count--;
            return;
        }
        from = at;
    }
}

static bool read_attribute(struct reading *reading)
{
    struct buf *packed = &reading->attributes;
    size_t start = packed->len;
    struct bytes name, value;
    if (!take_string(reading, "attributes", &name))
        return false;
    size_t name_len = name.len;
    buf_add(packed, name.data, name.len);
    buf_add(packed, "", 1);
    if (!json_scanner_expect(&reading->scan, ':') || !take_text(reading, &value))
        return fail_value(reading, "attributes", "STRING");
    buf_add(packed, value.data, value.len);
    buf_add(packed, "", 1);
    reading->attribute_count++;
    drop_namesake(reading, start);
    return publish_body_check_attribute(
               (struct bytes){packed->data + packed->len - name_len - value.len - 2, name_len},
               value, reading->attribute_count, reading->err) ||
           json_scanner_fail(&reading->scan);
}

static bool read_attributes(struct reading *reading)
{
    if (!json_scanner_take(&reading->scan, '{'))
        return fail_value(reading, "attributes", "MAP");
    bool first = true;
    while (json_scanner_next(&reading->scan, '}', &first))
        if (!read_attribute(reading))
            return false;
    return !reading->scan.failed;
}

static bool read_data(struct reading *reading)
{
    struct bytes text;
    if (!take_string(reading, "data", &text))
        return false;
    reading->data.len = 0;
    return base64_decode(text, &reading->data) || fail_value(reading, "data", "BYTES");
}

static bool read_key(struct reading *reading)
{
    struct bytes key;
    if (!take_string(reading, "orderingKey", &key))
        return false;
    reading->key.len = 0;
    buf_add(&reading->key, key.data, key.len);
    if (key.len <= MAX_ORDERING_KEY_BYTES)
        return true;
    json_scanner_fail(&reading->scan);
    return too_large(reading->err, "an ordering key", key.len, MAX_ORDERING_KEY_BYTES);
}

static bool read_time(struct reading *reading)
{
    struct bytes text;
    if (!take_string(reading, "publishTime", &text))
        return false;
    OWN(free) char *time = str_copy_bytes(text);
    return timestamp_parse(time, NULL) || fail_value(reading, "publishTime", "TIMESTAMP");
}

static bool read_field(struct reading *reading)
{
    struct bytes name;
    if (!take_string(reading, "", &name))
        return false;
    enum field field = field_of(name);
    if (field == UNKNOWN)
        return fail_name(reading, name);
    if (!json_scanner_expect(&reading->scan, ':'))
        return false;
    if (json_scanner_literal(&reading->scan, "null"))
        return true;
    switch (field) {
    case DATA:
        return read_data(reading);
    case ATTRIBUTES:
        return read_attributes(reading);
    case ORDERING_KEY:
        return read_key(reading);
    case PUBLISH_TIME:
        return read_time(reading);
    default:
        return take_string(reading, "messageId", &name);
    }
}

/* Whether what was read makes a message; err says why not. */
static bool check_message(struct reading *reading)
{
    size_t bytes = reading->data.len + reading->attributes.len + reading->key.len;
    reading->bytes += bytes;
    if (reading->data.len == 0 && reading->attribute_count == 0)
        return err_set(reading->err, ERR_INPUT, "Some messages are empty");
    if (reading->body->count == MAX_PUBLISH_MESSAGES)
        return err_set(reading->err, ERR_INPUT, "Too many messages to publish");
    if (bytes > MAX_PUBLISH_BYTES)
        return too_large(reading->err, "a message", bytes, MAX_PUBLISH_BYTES);
    if (reading->bytes > MAX_PUBLISH_BYTES)
        return too_large(reading->err, "messages", reading->bytes, MAX_PUBLISH_BYTES);
    return true;
}

static void add_message(struct reading *reading)
{
    struct publish_body *body = reading->body;
    if (body->count == body->size) {
        body->size = body->size ? 2 * body->size : 4;
        body->messages = alloc_resize(body->messages, body->size * sizeof(struct stored_message *));
    }
    body->messages[body->count++] =
        stored_message_new(buf_bytes(&reading->key), buf_bytes(&reading->attributes),
                           reading->attribute_count, buf_bytes(&reading->data));
}

static bool read_message(struct reading *reading)
{
    reading->data.len = reading->key.len = reading->attributes.len = 0;
    reading->attribute_count = 0;
    if (!json_scanner_take(&reading->scan, '{'))
        return fail_value(reading, "", "MESSAGE");
    bool first = true;
    while (json_scanner_next(&reading->scan, '}', &first))
        if (!read_field(reading))
            return false;
    if (reading->scan.failed)
        return false;
    if (!check_message(reading))
        return json_scanner_fail(&reading->scan);
    add_message(reading);
    return true;
}

static bool read_list(struct reading *reading)
{
    if (json_scanner_literal(&reading->scan, "null"))
        return true;
    if (!json_scanner_expect(&reading->scan, '['))
        return false;
    bool first = true;
    while (json_scanner_next(&reading->scan, ']', &first))
        if (!read_message(reading))
            return false;
    return !reading->scan.failed;
}

/* {"messages": [...]}; "topic" may be there, as the path has it already. */
static bool read_request(struct reading *reading)
{
    struct json_scanner *scan = &reading->scan;
    if (json_scanner_at_end(scan)) /* no body is an empty request */
        return true;
    if (!json_scanner_expect(scan, '{'))
        return false;
    bool first = true;
    while (json_scanner_next(scan, '}', &first)) {
        struct bytes name, ignored;
        if (!take_string(reading, "", &name))
            return false;
        bool messages = is(name, "messages");
        if (!messages && !is(name, "topic"))
            return fail_name(reading, name);
        if (!json_scanner_expect(scan, ':') ||
            !(messages ? read_list(reading) : take_string(reading, "topic", &ignored)))
            return false;
    }
    return json_scanner_at_end(scan);
}

bool publish_body_read(struct bytes text, struct publish_body *body, struct err *err)
{
    struct reading reading = {.scan = json_scanner_open(text), .err = err, .body = body};
    bool ok = read_request(&reading);
    buf_done(&reading.room);
    buf_done(&reading.attributes);
    buf_done(&reading.data);
    buf_done(&reading.key);
    if (!ok && !err->status)
        err_set(err, ERR_INPUT, "Invalid JSON payload received. Not a publish request.");
    if (ok && body->count == 0)
        err_set(err, ERR_INPUT, "No messages to publish");
    return err->status == 0;
}

void publish_body_done(struct publish_body *body)
{
    for (size_t i = 0; i < body->count; i++)
        stored_message_unref(body->messages[i]);
    free(body->messages);
    *body = (struct publish_body){0};
}
