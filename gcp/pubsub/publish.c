/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub: publishes messages in as few requests as Google's limits allow. */
#include "base/base64.h"
#include "base/str.h"
#include "gcp/client/client.h"
#include "gcp/pubsub/resource_name.h"

#include <string.h>

enum {
    MAX_REQUEST_MESSAGES = 1000,
    MAX_REQUEST_BYTES = 9 * 1000 * 1000, /* below Google's limit of 10 MB */
    MAX_MESSAGE_BYTES = 10 * 1000 * 1000,
};

/* About as many bytes as the message has in a request. */
static size_t request_bytes(const struct gcp_publication *message)
{
    size_t bytes = message->data.len / 3 * 4 + 64;
    for (size_t i = 0; i < message->attribute_count; i++)
        bytes += strlen(message->attributes[i].name) + strlen(message->attributes[i].value) + 6;
    return bytes;
}

static bool check_message(const struct gcp_publication *message, struct err *err)
{
    if (message->data.len == 0 && message->attribute_count == 0)
        return err_set(err, ERR_INPUT, "a message needs data or an attribute");
    if (message->data.len > MAX_MESSAGE_BYTES)
        return err_set(err, ERR_TOO_LARGE,
                       "the message has %zu bytes; Pub/Sub accepts at most 10 MB",
                       message->data.len);
    return true;
}

/* How many messages fit into one request, which has one ordering key. */
static size_t messages_that_fit(const struct gcp_publication *messages, size_t count)
{
    size_t bytes = request_bytes(messages), n = 1;
    while (n < count && n < MAX_REQUEST_MESSAGES &&
           bytes + request_bytes(&messages[n]) <= MAX_REQUEST_BYTES &&
           str_equal(messages[n].ordering_key, messages->ordering_key))
        bytes += request_bytes(&messages[n++]);
    return n;
}

static json_t *attributes_json(const struct gcp_publication *message)
{
    json_t *object = json_object();
    for (size_t i = 0; i < message->attribute_count; i++)
        json_object_set_new(object, message->attributes[i].name,
                            json_string(message->attributes[i].value));
    return object;
}

/* {"data","attributes","orderingKey"}, without empty members. NULL when an attribute is repeated or
 * a string is not valid UTF-8. */
static json_t *message_json(const struct gcp_publication *message)
{
    OWN(free) char *data = message->data.len ? base64_encode(message->data) : NULL;
    json_t *attributes = message->attribute_count ? attributes_json(message) : NULL;
    if (attributes && json_object_size(attributes) != message->attribute_count) {
        json_decref(attributes);
        return NULL;
    }
    return json_pack("{s:s*, s:o*, s:s*}", "data", data, "attributes", attributes, "orderingKey",
                     message->ordering_key);
}

static json_t *request_json(const struct gcp_publication *messages, size_t count, struct err *err)
{
    json_auto_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *message = message_json(&messages[i]);
        if (!message) {
            err_set(err, ERR_INPUT, "duplicate attribute name or invalid UTF-8 in a message");
            return NULL;
        }
        json_array_append_new(list, message);
    }
    return json_pack("{s:O}", "messages", list);
}

static bool read_ids(const json_t *reply, size_t count, struct gcp_names *ids, struct err *err)
{
    struct jread reader = jread_open(reply, "Pub/Sub's reply", ERR_UPSTREAM, err);
    struct jread list = jread_list(&reader, "messageIds");
    if (jread_ok(&reader) && jread_count(&list) != count)
        return jread_fail(&list, NULL, "has %zu ids for %zu messages", jread_count(&list), count);
    for (size_t i = 0; i < count; i++)
        jread_item_str(&list, i);
    for (size_t i = 0; jread_ok(&reader) && i < count; i++)
        gcp_names_add(ids, jread_item_str(&list, i));
    return jread_ok(&reader);
}

static bool publish_batch(struct gcp *gcp, const char *target,
                          const struct gcp_publication *messages, size_t count,
                          struct gcp_names *ids, struct err *err)
{
    json_auto_t *body = request_json(messages, count, err);
    if (!body)
        return false;
    struct google_call call = {.api = GCP_API_PUBSUB, .target = target, .json = body};
    json_auto_t *reply = google_call_json(gcp, &call, err);
    return reply && read_ids(reply, count, ids, err);
}

bool gcp_publish(struct gcp *gcp, const char *topic, const struct gcp_publication *messages,
                 size_t count, struct gcp_names *ids, struct err *err)
{
    OWN(free) char *name = resource_name(gcp, "topics", topic, err);
    if (!name)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!check_message(&messages[i], err))
            return false;

    OWN(free) char *target = resource_name_target(name, "publish");
    for (size_t done = 0, n; done < count; done += n) {
        n = messages_that_fit(messages + done, count - done);
        if (!publish_batch(gcp, target, messages + done, n, ids, err))
            return false;
    }
    return true;
}
