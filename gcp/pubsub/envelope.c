/* SPDX-License-Identifier: Apache-2.0 */
/* Extracts the Pub/Sub message from a CloudEvent or an HTTP request. */
#include "base/own.h"
#include "base/str.h"
#include "gcp/pubsub/message.h"

#include <ctype.h>

static const char LEGACY_TYPE[] = "google.pubsub.topic.publish";
static const char PUBSUB_SOURCE[] = "//pubsub.googleapis.com/";

static bool is_pubsub_type(const char *type)
{
    return str_equal(type, "google.cloud.pubsub.topic.v1.messagePublished") ||
           str_equal(type, "com.google.cloud.pubsub.topic.publish");
}

static bool has_object(const json_t *tree, const char *key)
{
    return json_is_object(json_object_get(tree, key));
}

static bool has(const json_t *tree, const char *key)
{
    return json_object_get(tree, key) != NULL;
}

/* {"ID","Data","Attributes","PublishTime"}: Go's message type as JSON. */
static bool is_legacy(const json_t *tree)
{
    return has(tree, "ID") || has(tree, "PublishTime") ||
           (has(tree, "Data") && has(tree, "Attributes"));
}

/* The body when it is a JSON object, a new reference; else NULL. */
static json_t *parse_object(struct bytes body)
{
    size_t start = 0;
    while (start < body.len && isspace((unsigned char)body.data[start]))
        start++;
    if (start == body.len || body.data[start] != '{')
        return NULL;
    struct err ignored = {0};
    return json_from_bytes(body, "body", ERR_INPUT, &ignored);
}

static bool read_legacy(const json_t *tree, struct gcp_message *message, struct err *err)
{
    struct jread reader = jread_open(tree, "legacy message", ERR_INPUT, err);
    if (jread_ok(&reader) && !is_legacy(tree) && !has(tree, "Data"))
        return jread_fail(&reader, NULL, "has neither ID nor Data nor PublishTime");
    message_decode(message, bytes_of(jread_str_or(&reader, "Data", NULL)), "Data");
    str_replace(&message->id, str_copy(jread_str_or(&reader, "ID", NULL)));
    str_replace(&message->publish_time, str_copy(jread_str_or(&reader, "PublishTime", NULL)));
    struct jread attributes = jread_obj_or_empty(&reader, "Attributes");
    message_add_attributes(message, &attributes);
    return jread_ok(&reader);
}

static bool read_wrapped(const json_t *tree, struct gcp_message *message, struct err *err)
{
    struct jread reader = jread_open(tree, "push message", ERR_INPUT, err);
    struct jread inner = jread_obj(&reader, "message");
    message_from_json(&inner, message);
    message->subscription = str_copy(jread_str_or(&reader, "subscription", NULL));
    message->delivery_attempt = (int)jread_int64_or(&reader, "deliveryAttempt", 0, INT32_MAX, 0);
    return jread_ok(&reader);
}

static void read_raw_event(const struct gcp_envelope *envelope, struct gcp_message *message)
{
    message_set_data(message, envelope->body);
    for (size_t i = 0; i < envelope->extension_count; i++)
        message_add_attribute(message, bytes_of(envelope->extensions[i].name),
                              bytes_of(envelope->extensions[i].value));
}

/* A CloudEvent with a message: the type decides the format, else the body does. */
static bool read_pubsub_event(const struct gcp_envelope *envelope, struct gcp_message *message,
                              struct err *err)
{
    if (str_equal(envelope->type, LEGACY_TYPE)) {
        if (message_plain_from_legacy(envelope->body, message))
            return true;
        json_auto_t *tree = json_from_bytes(envelope->body, "legacy message", ERR_INPUT, err);
        return tree && read_legacy(tree, message, err);
    }
    if (message_plain_from_push(envelope->body, message))
        return true;
    json_auto_t *tree = parse_object(envelope->body);
    if (tree && has_object(tree, "message"))
        return read_wrapped(tree, message, err);
    /* in the 2019 source a message attribute ce-type replaced the type */
    if (tree && !is_pubsub_type(envelope->type) && is_legacy(tree))
        return read_legacy(tree, message, err);
    read_raw_event(envelope, message);
    return true;
}

static bool is_pubsub_event(const struct gcp_envelope *envelope)
{
    return str_equal(envelope->type, LEGACY_TYPE) || is_pubsub_type(envelope->type) ||
           (envelope->source && str_starts(envelope->source, PUBSUB_SOURCE));
}

static bool read_event(const struct gcp_envelope *envelope, struct gcp_message *message,
                       struct err *err)
{
    if (is_pubsub_event(envelope)) {
        if (!read_pubsub_event(envelope, message, err))
            return false;
    } else {
        message_set_data(message, envelope->body);
    }
    if (!message->id)
        message->id = str_copy(envelope->id);
    if (!message->publish_time)
        message->publish_time = str_copy(envelope->time);
    return true;
}

static const char *header(const struct gcp_envelope *envelope, const char *name)
{
    for (size_t i = 0; i < envelope->header_count; i++)
        if (str_equal_any_case(envelope->headers[i].name, name))
            return envelope->headers[i].value;
    return NULL;
}

/* True for header fields that clients and proxies add; the others are message attributes. */
static bool is_transport(const char *name)
{
    static const char *const names[] = {
        "host",
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "keep-alive",
        "user-agent",
        "content-length",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "from",
        "via",
        "forwarded",
        "date",
        "authorization",
        "traceparent",
        "tracestate",
        "cache-control",
        "x-request-id",
        "b3",
        "x-real-ip",
        "prefer",
    };
    static const char *const prefixes[] = {"x-goog-pubsub-", "x-forwarded-",   "x-envoy-",
                                           "x-b3-",          "x-cloud-trace-", "proxy-"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_equal_any_case(name, names[i]))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (str_starts_any_case(name, prefixes[i]))
            return true;
    return false;
}

/* An unwrapped push with metadata: each attribute is a header field. */
static void read_unwrapped(const struct gcp_envelope *envelope, struct gcp_message *message)
{
    message_set_data(message, envelope->body);
    message->id = str_copy(header(envelope, "x-goog-pubsub-message-id"));
    message->publish_time = str_copy(header(envelope, "x-goog-pubsub-publish-time"));
    message->ordering_key = str_copy(header(envelope, "x-goog-pubsub-ordering-key"));
    message->subscription = str_copy(header(envelope, "x-goog-pubsub-subscription-name"));
    for (size_t i = 0; i < envelope->header_count; i++)
        if (!is_transport(envelope->headers[i].name))
            message_add_attribute(message, bytes_of(envelope->headers[i].name),
                                  bytes_of(envelope->headers[i].value));
}

static bool read_request(const struct gcp_envelope *envelope, struct gcp_message *message,
                         struct err *err)
{
    if (header(envelope, "x-goog-pubsub-subscription-name") ||
        header(envelope, "x-goog-pubsub-message-id")) {
        read_unwrapped(envelope, message);
        return true;
    }
    if (envelope->body.len == 0)
        return err_set(err, ERR_INPUT, "the request has neither an event nor a body");
    if (message_plain_from_push(envelope->body, message) ||
        message_plain_from_legacy(envelope->body, message))
        return true;

    json_auto_t *tree = parse_object(envelope->body);
    if (tree &&
        (has_object(tree, "message") || json_is_string(json_object_get(tree, "subscription"))))
        return read_wrapped(tree, message, err);
    if (tree && is_legacy(tree))
        return read_legacy(tree, message, err);
    message_set_data(message, envelope->body);
    return true;
}

bool gcp_message_from_envelope(const struct gcp_envelope *envelope, struct gcp_message *message,
                               struct err *err)
{
    return envelope->type ? read_event(envelope, message, err)
                          : read_request(envelope, message, err);
}
