/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in JSON as nearly every sender writes it: read without building a tree, at a third of
 * the cost. Whatever is in doubt is not plain. */
#include "gcp/pubsub/message.h"

#include "base/json/json_scanner.h"
#include "base/str.h"

#include <string.h>

enum { DATA, ID, SNAKE_ID, TIME, SNAKE_TIME, KEY, ATTRIBUTES, FIELDS };

static const char *const pushed[FIELDS] = {
    "data", "messageId", "message_id", "publishTime", "publish_time", "orderingKey", "attributes"};
static const char *const legacy[FIELDS] = {
    [DATA] = "Data", [ID] = "ID", [TIME] = "PublishTime", [ATTRIBUTES] = "Attributes"};

static bool is(struct bytes text, const char *name)
{
    return name && text.len == strlen(name) && memcmp(text.data, name, text.len) == 0;
}

/* A message that is being read; texts borrowed from the document. */
struct plain {
    struct gcp_message *message;
    const char *const *names;
    bool seen[FIELDS];
    struct bytes text[FIELDS]; /* data NULL: missing or null */
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
            json_scanner_string(scanner, NULL, &plain->text[field]);
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

/* The first of two texts that is there. For free(). */
static char *either(struct bytes first, struct bytes second)
{
    struct bytes text = first.data ? first : second;
    return text.data ? str_copy_bytes(text) : NULL;
}

static void take_texts(const struct plain *plain, const char *data_name)
{
    struct gcp_message *message = plain->message;
    message_decode(message, plain->text[DATA], data_name);
    message->id = either(plain->text[ID], plain->text[SNAKE_ID]);
    message->publish_time = either(plain->text[TIME], plain->text[SNAKE_TIME]);
    if (plain->text[KEY].len)
        message->ordering_key = str_copy_bytes(plain->text[KEY]);
}

bool message_plain_from_push(struct bytes body, struct gcp_message *message)
{
    struct plain plain = {.message = message, .names = pushed};
    struct json_scanner scanner = json_scanner_open(body);
    bool ok = read_push(&scanner, &plain);
    if (ok)
        take_texts(&plain, "message.data");
    else
        gcp_message_done(message);
    return ok;
}

bool message_plain_from_legacy(struct bytes body, struct gcp_message *message)
{
    struct plain plain = {.message = message, .names = legacy};
    struct json_scanner scanner = json_scanner_open(body);
    bool ok =
        read_message(&scanner, &plain) && plain.text[ID].data && json_scanner_at_end(&scanner);
    if (ok)
        take_texts(&plain, "Data");
    else
        gcp_message_done(message);
    return ok;
}
