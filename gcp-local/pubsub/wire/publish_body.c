/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/wire/publish_body.h"

#include "base/base64.h"
#include "base/json/json_scanner.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <string.h>

/* The buffers are reused for each message. */
struct reader {
    struct json_scanner scan;
    struct err *err;
    struct buf room;       /* the last string, when it had to be unescaped */
    struct buf attributes; /* packed */
    struct buf data, key;
    uint32_t attribute_count;
    size_t bytes; /* of all messages so far */
    struct publish_body *body;
};

static bool is(struct bytes text, const char *word)
{
    return bytes_equal(text, bytes_of(word));
}

static bool fail_value(struct reader *reader, const char *field, const char *type)
{
    json_scanner_fail(&reader->scan);
    if (reader->err->status)
        return false;
    return err_set(reader->err, ERR_INPUT,
                   "Invalid JSON payload received. Invalid value at 'messages[%zu]%s%s' (TYPE_%s)",
                   reader->body->count, *field ? "." : "", field, type);
}

static bool fail_name(struct reader *reader, struct bytes name)
{
    json_scanner_fail(&reader->scan);
    OWN(free) char *text = str_copy_bytes(name);
    return err_set(reader->err, ERR_INPUT,
                   "Invalid JSON payload received. Unknown name \"%.100s\" at 'messages[%zu]': "
                   "Cannot find field.",
                   text, reader->body->count);
}

static bool too_large(struct err *err, const char *what, size_t size, size_t max)
{
    return err_set(err, ERR_INPUT,
                   "The request contains %s of size %zu, which exceeds the maximum of %zu", what,
                   size, max);
}

/* A string: a view, valid until the next one is read. */
static bool take_string(struct reader *reader, const char *field, struct bytes *string)
{
    reader->room.len = 0;
    if (json_scanner_string(&reader->scan, &reader->room, string))
        return true;
    return fail_value(reader, field, "STRING");
}

/* The value of an attribute: a string, or a number, true or false as its text. */
static bool take_text(struct reader *reader, struct bytes *text)
{
    struct json_scanner plain = reader->scan;
    if (!json_scanner_primitive(&plain, text))
        return take_string(reader, "attributes", text);
    reader->scan = plain;
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

/* The last attribute of a name counts: removes the one before end. */
static void remove_duplicate(struct reader *reader, size_t end)
{
    struct buf *packed = &reader->attributes;
    const char *name, *value, *next = NULL, *start = packed->data;
    while (stored_message_next_attribute((struct bytes){packed->data, end}, &next, &name, &value)) {
        if (str_equal(name, packed->data + end)) {
            memmove(packed->data + (start - packed->data), next,
                    packed->len - (size_t)(next - packed->data));
            packed->len -= (size_t)(next - start);
            reader->attribute_count--;
            return;
        }
        start = next;
    }
}

static bool read_attribute(struct reader *reader)
{
    struct buf *packed = &reader->attributes;
    size_t start = packed->len;
    struct bytes name, value;
    if (!take_string(reader, "attributes", &name))
        return false;
    size_t name_len = name.len;
    buf_add(packed, name.data, name.len);
    buf_add(packed, "", 1);
    if (!json_scanner_expect(&reader->scan, ':') || !take_text(reader, &value))
        return fail_value(reader, "attributes", "STRING");
    buf_add(packed, value.data, value.len);
    buf_add(packed, "", 1);
    reader->attribute_count++;
    remove_duplicate(reader, start);
    return publish_body_check_attribute(
               (struct bytes){packed->data + packed->len - name_len - value.len - 2, name_len},
               value, reader->attribute_count, reader->err) ||
           json_scanner_fail(&reader->scan);
}

static bool read_attributes(struct reader *reader)
{
    if (!json_scanner_take(&reader->scan, '{'))
        return fail_value(reader, "attributes", "MAP");
    bool first = true;
    while (json_scanner_next(&reader->scan, '}', &first))
        if (!read_attribute(reader))
            return false;
    return !reader->scan.failed;
}

static bool read_data(struct reader *reader)
{
    struct bytes text;
    if (!take_string(reader, "data", &text))
        return false;
    reader->data.len = 0;
    return base64_decode(text, &reader->data) || fail_value(reader, "data", "BYTES");
}

static bool read_key(struct reader *reader)
{
    struct bytes key;
    if (!take_string(reader, "orderingKey", &key))
        return false;
    reader->key.len = 0;
    buf_add(&reader->key, key.data, key.len);
    if (key.len <= MAX_ORDERING_KEY_BYTES)
        return true;
    json_scanner_fail(&reader->scan);
    return too_large(reader->err, "an ordering key", key.len, MAX_ORDERING_KEY_BYTES);
}

static bool read_time(struct reader *reader)
{
    struct bytes text;
    if (!take_string(reader, "publishTime", &text))
        return false;
    OWN(free) char *time = str_copy_bytes(text);
    return timestamp_parse(time, NULL) || fail_value(reader, "publishTime", "TIMESTAMP");
}

static bool read_id(struct reader *reader)
{
    struct bytes ignored;
    return take_string(reader, "messageId", &ignored);
}

/* Both spellings. What only the service sets is checked and ignored. */
static const struct {
    const char *name;
    bool (*read)(struct reader *reader);
} fields[] = {
    {"data", read_data},        {"attributes", read_attributes}, {"orderingKey", read_key},
    {"ordering_key", read_key}, {"messageId", read_id},          {"message_id", read_id},
    {"publishTime", read_time}, {"publish_time", read_time},
};

static bool read_field(struct reader *reader)
{
    struct bytes name;
    if (!take_string(reader, "", &name))
        return false;
    size_t i = 0;
    while (i < ARRAY_SIZE(fields) && !is(name, fields[i].name))
        i++;
    if (i == ARRAY_SIZE(fields))
        return fail_name(reader, name);
    return json_scanner_expect(&reader->scan, ':') &&
           (json_scanner_literal(&reader->scan, "null") || fields[i].read(reader));
}

/* Whether what was read is a valid message. False and err. */
static bool check_message(struct reader *reader)
{
    size_t bytes = reader->data.len + reader->attributes.len + reader->key.len;
    reader->bytes += bytes;
    if (reader->data.len == 0 && reader->attribute_count == 0)
        return err_set(reader->err, ERR_INPUT, "Some messages are empty");
    if (reader->body->count == MAX_PUBLISH_MESSAGES)
        return err_set(reader->err, ERR_INPUT, "Too many messages to publish");
    if (bytes > MAX_PUBLISH_BYTES)
        return too_large(reader->err, "a message", bytes, MAX_PUBLISH_BYTES);
    if (reader->bytes > MAX_PUBLISH_BYTES)
        return too_large(reader->err, "messages", reader->bytes, MAX_PUBLISH_BYTES);
    return true;
}

static void add_message(struct reader *reader)
{
    struct publish_body *body = reader->body;
    if (body->count == body->size) {
        body->size = body->size ? 2 * body->size : 4;
        body->messages = alloc_resize(body->messages, body->size * sizeof(struct stored_message *));
    }
    body->messages[body->count++] =
        stored_message_new(buf_bytes(&reader->key), buf_bytes(&reader->attributes),
                           reader->attribute_count, buf_bytes(&reader->data));
}

static bool read_message(struct reader *reader)
{
    reader->data.len = reader->key.len = reader->attributes.len = 0;
    reader->attribute_count = 0;
    if (!json_scanner_take(&reader->scan, '{'))
        return fail_value(reader, "", "MESSAGE");
    bool first = true;
    while (json_scanner_next(&reader->scan, '}', &first))
        if (!read_field(reader))
            return false;
    if (reader->scan.failed)
        return false;
    if (!check_message(reader))
        return json_scanner_fail(&reader->scan);
    add_message(reader);
    return true;
}

static bool read_list(struct reader *reader)
{
    if (json_scanner_literal(&reader->scan, "null"))
        return true;
    if (!json_scanner_expect(&reader->scan, '['))
        return false;
    bool first = true;
    while (json_scanner_next(&reader->scan, ']', &first))
        if (!read_message(reader))
            return false;
    return !reader->scan.failed;
}

/* {"messages": […]}. "topic" is allowed and ignored: the path has it. */
static bool read_request(struct reader *reader)
{
    struct json_scanner *scan = &reader->scan;
    if (json_scanner_at_end(scan)) /* an empty body is an empty request */
        return true;
    if (!json_scanner_expect(scan, '{'))
        return false;
    bool first = true;
    while (json_scanner_next(scan, '}', &first)) {
        struct bytes name, ignored;
        if (!take_string(reader, "", &name))
            return false;
        bool messages = is(name, "messages");
        if (!messages && !is(name, "topic"))
            return fail_name(reader, name);
        if (!json_scanner_expect(scan, ':') ||
            !(messages ? read_list(reader) : take_string(reader, "topic", &ignored)))
            return false;
    }
    return json_scanner_at_end(scan);
}

bool publish_body_read(struct bytes text, struct publish_body *body, struct err *err)
{
    struct reader reader = {.scan = json_scanner_open(text), .err = err, .body = body};
    bool ok = read_request(&reader);
    buf_done(&reader.room);
    buf_done(&reader.attributes);
    buf_done(&reader.data);
    buf_done(&reader.key);
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
