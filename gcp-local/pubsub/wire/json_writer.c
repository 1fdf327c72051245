/* SPDX-License-Identifier: Apache-2.0 */
/* The answers that hold most of the bytes, written as text at once. */
#include "gcp-local/pubsub/wire/json_writer.h"

#include "base/base64.h"
#include "base/str.h"
#include "gcp-local/api/proto_json.h"

#include <string.h>

static void add(struct buf *out, const char *text)
{
    buf_add_text(out, text);
}

static void add_number(struct buf *out, int64_t number)
{
    char digits[24], *at = digits + sizeof(digits);
    uint64_t rest = (uint64_t)number;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    buf_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void add_escaped(struct buf *out, unsigned char c)
{
    static const char names[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
    const char *value = strchr(values, c);
    char pair[2] = {'\\', value ? names[value - values] : 0};
    if (value)
        buf_add(out, pair, sizeof(pair));
    else
        buf_add_format(out, "\\u%04x", c);
}

void json_writer_add_string(struct buf *out, const char *text)
{
    buf_add(out, "\"", 1);
    while (*text) {
        size_t plain = 0;
        while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\')
            plain++;
        buf_add(out, text, plain);
        text += plain;
        if (*text)
            add_escaped(out, (unsigned char)*text++);
    }
    buf_add(out, "\"", 1);
}

void json_writer_add_base64(struct buf *out, struct bytes data)
{
    buf_add(out, "\"", 1);
    base64_add(out, data);
    buf_add(out, "\"", 1);
}

void wire_add_ack_id(struct buf *out, const char *subscription, int64_t number, uint32_t slot)
{
    add(out, subscription);
    buf_add(out, ":", 1);
    add_number(out, number);
    buf_add(out, "-", 1);
    add_number(out, slot);
}

/* NUMBER or NUMBER-SLOT; without a slot it is no lease of ours, but well-formed. */
static bool parse_number(const char *text, int64_t *number, uint32_t *slot)
{
    char copy[48];
    size_t len = strlen(text);
    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len + 1);
    char *dash = strchr(copy, '-');
    int64_t place = UINT32_MAX;
    if (dash) {
        *dash = '\0';
        if (!str_int(dash + 1, 0, UINT32_MAX, &place))
            return false;
    }
    *slot = (uint32_t)place;
    return str_int(copy, 0, INT64_MAX, number);
}

bool wire_parse_ack_id(const char *text, const char *subscription, int64_t *number, uint32_t *slot,
                       struct err *err)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!colon || !str_starts(text, "projects/") || !parse_number(colon + 1, number, slot))
        return err_set(err, ERR_INPUT, "Invalid ack id (ack_id=%s)", text);
    if (strlen(subscription) == len && memcmp(text, subscription, len) == 0)
        return true;
    return err_set(err, ERR_INPUT,
                   "Subscription %s received an invalid ack ID %s, meant for subscription: %.*s",
                   subscription, text, (int)len, text);
}

static void add_attributes(struct buf *out, const struct stored_message *message)
{
    const char *at = NULL, *name, *value, *comma = "{";
    while (stored_message_next_attribute(stored_message_attributes(message), &at, &name, &value)) {
        add(out, comma);
        json_writer_add_string(out, name);
        add(out, ":");
        json_writer_add_string(out, value);
        comma = ",";
    }
    add(out, "}");
}

/* The members that pulled and pushed messages have in common, in the service's order. */
static void add_message(struct buf *out, const struct stored_message *message)
{
    const char *comma = "";
    struct bytes data = stored_message_data(message);
    if (data.len) {
        add(out, "\"data\":");
        json_writer_add_base64(out, data);
        comma = ",";
    }
    if (message->attribute_count) {
        add(out, comma);
        add(out, "\"attributes\":");
        add_attributes(out, message);
        comma = ",";
    }
    char time[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(message->published_ns, time);
    add(out, comma);
    add(out, "\"messageId\":\"");
    add_number(out, message->id);
    add(out, "\",\"publishTime\":\"");
    add(out, time);
    add(out, "\"");
    if (message->key_len) {
        add(out, ",\"orderingKey\":");
        json_writer_add_string(out, stored_message_ordering_key(message));
    }
}

void json_writer_add_received_messages(struct buf *out, const char *subscription,
                                       const struct lease *leases, size_t count, bool with_attempts)
{
    add(out, "{");
    for (size_t i = 0; i < count; i++) {
        add(out, i ? "," : "\"receivedMessages\":[");
        add(out, "{\"ackId\":\"");
        wire_add_ack_id(out, subscription, leases[i].number, leases[i].slot);
        add(out, "\",\"message\":{");
        add_message(out, leases[i].message);
        add(out, "}");
        if (with_attempts) {
            add(out, ",\"deliveryAttempt\":");
            add_number(out, leases[i].attempt);
        }
        add(out, "}");
    }
    add(out, count ? "]}" : "}");
}

void json_writer_add_message_ids(struct buf *out, struct stored_message *const *messages,
                                 size_t count)
{
    add(out, "{\"messageIds\":[");
    for (size_t i = 0; i < count; i++) {
        add(out, i ? ",\"" : "\"");
        add_number(out, messages[i]->id);
        add(out, "\"");
    }
    add(out, "]}");
}

/* Push has the id and the time under two names each, for receivers of any age. */
void json_writer_add_push_body(struct buf *out, const char *subscription,
                               const struct stored_message *message, uint32_t attempt)
{
    char time[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(message->published_ns, time);
    add(out, "{\"message\":{");
    add_message(out, message);
    add(out, ",\"message_id\":\"");
    add_number(out, message->id);
    add(out, "\",\"publish_time\":\"");
    add(out, time);
    add(out, "\"},\"subscription\":");
    json_writer_add_string(out, subscription);
    if (attempt) {
        add(out, ",\"deliveryAttempt\":");
        add_number(out, attempt);
    }
    add(out, "}");
}
