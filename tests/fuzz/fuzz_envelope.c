/* SPDX-License-Identifier: Apache-2.0 */
/* Any request or event as an envelope: a message, an object event, or a refusal with 400. The
 * input's first lines are type (empty: no CloudEvent), source, subject and a header; then the body.
 */
#include "base/str.h"
#include "gcp/gcp.h"
#include "gcp/pubsub/message.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* Cuts the next line off. For free(). */
static char *take_line(struct bytes *rest)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    char *line = str_copy_bytes((struct bytes){rest->data, len});
    len += end != NULL;
    *rest = (struct bytes){rest->data + len, rest->len - len};
    return line;
}

static void try_message(const struct gcp_envelope *envelope)
{
    OWN(gcp_message) struct gcp_message message = {0};
    struct err err = {0};
    if (gcp_message_from_envelope(envelope, &message, &err)) {
        must(err.status == 0);
        must(!message.data_error || !message.data);
        must(message.data ? message.len > 0 : message.len == 0);
        gcp_message_attribute(&message, "eventType");
    } else {
        must(err.status == ERR_INPUT);
    }
}

static bool same(const struct gcp_message *a, const struct gcp_message *b)
{
    bool good = a->attribute_count == b->attribute_count && str_equal(a->data_error, b->data_error);
    for (size_t i = 0; good && i < a->attribute_count; i++)
        good = str_equal(a->attributes[i].name, b->attributes[i].name) &&
               str_equal(a->attributes[i].value, b->attributes[i].value);
    return good && bytes_equal(gcp_message_data(a), gcp_message_data(b)) &&
           str_equal(a->id, b->id) && str_equal(a->publish_time, b->publish_time) &&
           str_equal(a->ordering_key, b->ordering_key) &&
           str_equal(a->subscription, b->subscription);
}

/* What was read without a tree is what the tree says: one more member makes the body unusual. */
static void try_plain(struct bytes body, const char *type,
                      bool (*read)(struct bytes body, struct gcp_message *message))
{
    OWN(gcp_message) struct gcp_message plain = {0};
    OWN(gcp_message) struct gcp_message message = {0};
    if (!read(body, &plain)) {
        must(same(&plain, &message));
        return;
    }
    OWN(free) char *text = str_copy_bytes(body);
    OWN(free) char *unusual = str_format("{\"\\u0078\":0,%s", strchr(text, '{') + 1);
    struct gcp_envelope envelope = {.type = type, .body = bytes_of(unusual)};
    struct err err = {0};
    must(gcp_message_from_envelope(&envelope, &message, &err));
    must(same(&plain, &message));
}

static void try_object(const struct gcp_envelope *envelope)
{
    OWN(gcp_object_event) struct gcp_object_event event = {0};
    struct err err = {0};
    if (!gcp_object_event_from_envelope(envelope, &event, &err)) {
        must(err.status == ERR_INPUT);
        return;
    }
    must(event.generation >= 0);
    struct err names = {0};
    OWN(free) char *uri = gcp_storage_uri(event.bucket, event.object, &names);
    OWN(free) char *url = uri ? gcp_storage_url(event.bucket, event.object, &names) : NULL;
    must(!uri == !url && !uri == (names.status == ERR_INPUT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = {(const char *)data, size};
    OWN(free) char *type = take_line(&rest);
    OWN(free) char *source = take_line(&rest);
    OWN(free) char *subject = take_line(&rest);
    OWN(free) char *name = take_line(&rest);
    char *colon = strchr(name, ':');
    if (colon)
        *colon = '\0';
    struct gcp_field field = {name, colon ? colon + 1 : ""};
    bool event = *type != '\0';
    struct gcp_envelope envelope = {
        .type = event ? type : NULL,
        .source = event ? source : NULL,
        .subject = event ? subject : NULL,
        .extensions = &field,
        .extension_count = event,
        .headers = &field,
        .header_count = !event,
        .body = rest,
    };
    try_message(&envelope);
    try_object(&envelope);
    try_plain(rest, "google.cloud.pubsub.topic.v1.messagePublished", message_plain_from_push);
    try_plain(rest, "google.pubsub.topic.publish", message_plain_from_legacy);
    return 0;
}
