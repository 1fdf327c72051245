/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in JSON as nearly every sender writes it: read without building a tree, at a third of
 * the cost. Whatever is in doubt is not plain. */
#include "gcp/pubsub/message.h"

#include "base/json/json_scan.h"
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
    bool has_message, has_subscription;
};

static bool read_attribute(struct json_scan *scan, struct bytes name, void *context)
{
    enum { MOST = 16 };
    struct gcp_message *message = context;
    struct bytes value;
    if (message->attribute_count == MOST || !json_scan_string(scan, &value))
        return false;
    for (size_t i = 0; i < message->attribute_count; i++)
        if (is(name, message->attributes[i].name))
            return false;
    message_add_attribute(message, name, value);
    return true;
}

static bool read_field(struct json_scan *scan, struct bytes name, void *context)
{
    struct plain *plain = context;
    size_t field = 0;
    while (field < FIELDS && !is(name, plain->names[field]))
        field++;
    if (field == FIELDS || plain->seen[field])
        return false;
    plain->seen[field] = true;
    if (json_scan_word(scan, "null"))
        return true;
    return field == ATTRIBUTES ? json_scan_object(scan, read_attribute, plain->message)
                               : json_scan_string(scan, &plain->text[field]);
}

static bool read_push_field(struct json_scan *scan, struct bytes name, void *context)
{
    struct plain *plain = context;
    struct bytes subscription;
    if (is(name, "message") && !plain->has_message) {
        plain->has_message = true;
        return json_scan_object(scan, read_field, plain);
    }
    if (!is(name, "subscription") || plain->has_subscription ||
        !json_scan_string(scan, &subscription))
        return false;
    plain->has_subscription = true;
    plain->message->subscription = str_copy_bytes(subscription);
    return true;
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
    struct json_scan scan = json_scan_open(body);
    bool usable = json_scan_object(&scan, read_push_field, &plain) && plain.has_message &&
                  json_scan_end(&scan);
    if (usable)
        take_texts(&plain, "message.data");
    else
        gcp_message_done(message);
    return usable;
}

bool message_plain_from_legacy(struct bytes body, struct gcp_message *message)
{
    struct plain plain = {.message = message, .names = legacy};
    struct json_scan scan = json_scan_open(body);
    bool usable =
        json_scan_object(&scan, read_field, &plain) && plain.text[ID].data && json_scan_end(&scan);
    if (usable)
        take_texts(&plain, "Data");
    else
        gcp_message_done(message);
    return usable;
}
