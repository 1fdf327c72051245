/* SPDX-License-Identifier: Apache-2.0 */
/* Fast path for messages as nearly every sender writes them: reads the JSON without building a
 * tree, at a third of the cost. Leaves anything unusual to the slow path. */
#include "gcp/pubsub/message.h"

#include "base/json/json_scanner.h"
#include "base/str.h"

#include <string.h>

enum { DATA, ID, SNAKE_ID, TIME, SNAKE_TIME, KEY, ATTRIBUTES, FIELDS };

static const char *const push_names[FIELDS] = {
    "data", "messageId", "message_id", "publishTime", "publish_time", "orderingKey", "attributes"};
static const char *const legacy_names[FIELDS] = {
    [DATA] = "Data", [ID] = "ID", [TIME] = "PublishTime", [ATTRIBUTES] = "Attributes"};

static bool is(struct bytes text, const char *name)
{
    return name && text.len == strlen(name) && memcmp(text.data, name, text.len) == 0;
}

/* A message that is being read. The values are borrowed from the text. */
struct plain {
    struct gcp_message *message;
    const char *const *names;
    bool seen[FIELDS];
    struct bytes value[FIELDS]; /* data NULL = missing or null */
};

static bool read_attributes(struct json_scanner *scanner, struct gcp_message *message)
{
    enum { MAX_ATTRIBUTES = 16 };
    struct bytes name, value;
    bool first = true;
    json_scanner_expect(scanner, '{');
    while (json_scanner_next(scanner, '}', &first)) {
        if (message->attribute_count == MAX_ATTRIBUTES ||
            !json_scanner_name(scanner, NULL, &name) || !json_scanner_string(scanner, NULL, &value))
            return json_scanner_fail(scanner);
        for (size_t i = 0; i < message->attribute_count; i++)
            if (is(name, message->attributes[i].name))
                return json_scanner_fail(scanner);
        message_add_attribute(message, name, value);
    }
    return !scanner->failed;
}

static bool read_message(struct json_scanner *scanner, struct plain *plain)
{
    struct bytes name;
    bool first = true;
    json_scanner_expect(scanner, '{');
    while (json_scanner_next(scanner, '}', &first) && json_scanner_name(scanner, NULL, &name)) {
        size_t field = 0;
        while (field < FIELDS && !is(name, plain->names[field]))
            field++;
        if (field == FIELDS || plain->seen[field])
            return json_scanner_fail(scanner);
        plain->seen[field] = true;
        if (json_scanner_literal(scanner, "null"))
            continue;
        if (field == ATTRIBUTES)
            read_attributes(scanner, plain->message);
        else
            json_scanner_string(scanner, NULL, &plain->value[field]);
    }
    return !scanner->failed;
}

static bool read_push(struct json_scanner *scanner, struct plain *plain)
{
    bool first = true, has_message = false;
    struct bytes name, subscription = {0};
    json_scanner_expect(scanner, '{');
    while (json_scanner_next(scanner, '}', &first) && json_scanner_name(scanner, NULL, &name)) {
        if (is(name, "message") && !has_message)
            has_message = read_message(scanner, plain);
        else if (!is(name, "subscription") || subscription.data ||
                 !json_scanner_string(scanner, NULL, &subscription))
            return json_scanner_fail(scanner);
    }
    if (subscription.data)
        plain->message->subscription = str_copy_bytes(subscription);
    return has_message && json_scanner_at_end(scanner);
}

/* A copy of the first string that is present, or NULL. */
static char *copy_first(struct bytes first, struct bytes second)
{
    struct bytes value = first.data ? first : second;
    return value.data ? str_copy_bytes(value) : NULL;
}

static void copy_values(const struct plain *plain, const char *data_name)
{
    struct gcp_message *message = plain->message;
    message_decode(message, plain->value[DATA], data_name);
    message->id = copy_first(plain->value[ID], plain->value[SNAKE_ID]);
    message->publish_time = copy_first(plain->value[TIME], plain->value[SNAKE_TIME]);
    if (plain->value[KEY].len)
        message->ordering_key = str_copy_bytes(plain->value[KEY]);
}

bool message_plain_from_push(struct bytes body, struct gcp_message *message)
{
    struct plain plain = {.message = message, .names = push_names};
    struct json_scanner scanner = json_scanner_open(body);
    bool ok = read_push(&scanner, &plain);
    if (ok)
        copy_values(&plain, "message.data");
    else
        gcp_message_done(message);
    return ok;
}

bool message_plain_from_legacy(struct bytes body, struct gcp_message *message)
{
    struct plain plain = {.message = message, .names = legacy_names};
    struct json_scanner scanner = json_scanner_open(body);
    bool ok =
        read_message(&scanner, &plain) && plain.value[ID].data && json_scanner_at_end(&scanner);
    if (ok)
        copy_values(&plain, "Data");
    else
        gcp_message_done(message);
    return ok;
}
