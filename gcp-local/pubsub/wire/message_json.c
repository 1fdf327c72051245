/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/wire/message_json.h"

#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/wire/ack_id.h"
#include "gcp-local/pubsub/wire/json_writer.h"

static void add_attributes(struct buf *out, const struct stored_message *message)
{
    const char *position = NULL, *name, *value, *comma = "{";
    while (stored_message_next_attribute(stored_message_attributes(message), &position, &name,
                                         &value)) {
        buf_add_text(out, comma);
        json_writer_add_string(out, name);
        buf_add_text(out, ":");
        json_writer_add_string(out, value);
        comma = ",";
    }
    buf_add_text(out, "}");
}

/* The members that pulled and pushed messages have in common, in the order of the service. */
static void add_message(struct buf *out, const struct stored_message *message)
{
    const char *comma = "";
    struct bytes data = stored_message_data(message);
    if (data.len) {
        buf_add_text(out, "\"data\":");
        json_writer_add_base64(out, data);
        comma = ",";
    }
    if (message->attribute_count) {
        buf_add_text(out, comma);
        buf_add_text(out, "\"attributes\":");
        add_attributes(out, message);
        comma = ",";
    }
    char time[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(message->published_ns, time);
    buf_add_text(out, comma);
    buf_add_text(out, "\"messageId\":\"");
    json_writer_add_int(out, message->id);
    buf_add_text(out, "\",\"publishTime\":\"");
    buf_add_text(out, time);
    buf_add_text(out, "\"");
    if (message->key_len) {
        buf_add_text(out, ",\"orderingKey\":");
        json_writer_add_string(out, stored_message_ordering_key(message));
    }
}

void message_json_add_received(struct buf *out, const char *subscription,
                               const struct lease *leases, size_t count, bool with_attempts)
{
    buf_add_text(out, "{");
    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, i ? "," : "\"receivedMessages\":[");
        buf_add_text(out, "{\"ackId\":\"");
        ack_id_add(out, subscription, leases[i].number, leases[i].slot);
        buf_add_text(out, "\",\"message\":{");
        add_message(out, leases[i].message);
        buf_add_text(out, "}");
        if (with_attempts) {
            buf_add_text(out, ",\"deliveryAttempt\":");
            json_writer_add_int(out, leases[i].attempt);
        }
        buf_add_text(out, "}");
    }
    buf_add_text(out, count ? "]}" : "}");
}

void message_json_add_ids(struct buf *out, struct stored_message *const *messages, size_t count)
{
    buf_add_text(out, "{\"messageIds\":[");
    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, i ? ",\"" : "\"");
        json_writer_add_int(out, messages[i]->id);
        buf_add_text(out, "\"");
    }
    buf_add_text(out, "]}");
}

/* Pushes have id and time under two names each, for old and new receivers. */
void message_json_add_push_body(struct buf *out, const char *subscription,
                                const struct stored_message *message, uint32_t attempt)
{
    char time[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(message->published_ns, time);
    buf_add_text(out, "{\"message\":{");
    add_message(out, message);
    buf_add_text(out, ",\"message_id\":\"");
    json_writer_add_int(out, message->id);
    buf_add_text(out, "\",\"publish_time\":\"");
    buf_add_text(out, time);
    buf_add_text(out, "\"},\"subscription\":");
    json_writer_add_string(out, subscription);
    if (attempt) {
        buf_add_text(out, ",\"deliveryAttempt\":");
        json_writer_add_int(out, attempt);
    }
    buf_add_text(out, "}");
}
