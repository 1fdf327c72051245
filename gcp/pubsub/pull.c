/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub: pulls and acknowledges messages.
 * API: cloud.google.com/pubsub/docs/reference/rest */
#include "base/str.h"
#include "gcp/client/client.h"
#include "gcp/pubsub/message.h"
#include "gcp/pubsub/resource_name.h"

#include <string.h>

enum {
    /* the server holds a pull for about 90 s when there are no messages */
    PULL_TIMEOUT_MS = 120000,
    PULL_DEADLINE_MS = 150000,
    MAX_PULL_REPLY_BYTES = 64 * 1024 * 1024,
    MAX_MESSAGES = 1000,
    MAX_ACK_IDS = 1000,
    MAX_ACK_BYTES = 400 * 1024, /* Google's limit for a request is 512 KiB */
    MAX_DEADLINE_SEC = 600,
};

/* Posts body to the custom method `verb` of a resource. Returns the response, a new reference, or
 * NULL and err. */
static json_t *call_verb(struct gcp *gcp, const char *name, const char *verb, const json_t *body,
                         struct err *err)
{
    OWN(free) char *target = resource_name_target(name, verb);
    struct google_call call = {.api = GCP_API_PUBSUB, .target = target, .json = body};
    return google_call_json(gcp, &call, err);
}

static void read_received(struct jread *item, struct gcp_message *message)
{
    struct jread inner = jread_obj(item, "message");
    message_from_json(&inner, message);
    message->ack_id = str_copy(jread_str(item, "ackId"));
    message->delivery_attempt = (int)jread_int64_or(item, "deliveryAttempt", 0, INT32_MAX, 0);
    if (message->data_error)
        jread_fail(&inner, "data", "is not base64");
}

static bool read_messages(const json_t *reply, struct gcp_messages *messages, struct err *err)
{
    struct jread reader = jread_open(reply, "Pub/Sub's reply", ERR_UPSTREAM, err);
    struct jread list = jread_list_or_empty(&reader, "receivedMessages");
    size_t count = jread_count(&list);
    messages->list = alloc_zeroed(count * sizeof(messages->list[0]));
    for (size_t i = 0; i < count; i++) {
        struct jread item = jread_item(&list, i);
        read_received(&item, &messages->list[messages->count++]);
    }
    return jread_ok(&reader);
}

static json_t *pull_once(struct gcp *gcp, const char *target, int max_messages, struct err *err)
{
    json_auto_t *body = json_pack("{s:i}", "maxMessages", max_messages);
    struct google_call call = {
        .api = GCP_API_PUBSUB,
        .target = target,
        .json = body,
        .timeout_ms = PULL_TIMEOUT_MS,
        .deadline_ms = PULL_DEADLINE_MS,
        .max_reply = MAX_PULL_REPLY_BYTES,
    };
    return google_call_json(gcp, &call, err);
}

/* Pulls again with fewer messages when the response is too large. The server delivers the messages
 * of that response again when their ack deadline has expired. */
static json_t *pull_fitting(struct gcp *gcp, const char *target, int max_messages, struct err *err)
{
    for (;; max_messages = max_messages > 8 ? max_messages / 8 : 1) {
        struct err failed = {0};
        json_t *reply = pull_once(gcp, target, max_messages, &failed);
        if (reply)
            return reply;
        if (failed.status != ERR_TOO_LARGE || max_messages == 1) {
            *err = failed;
            return NULL;
        }
    }
}

bool gcp_pull(struct gcp *gcp, const char *subscription, int max_messages,
              struct gcp_messages *messages, struct err *err)
{
    OWN(free) char *name = resource_name(gcp, "subscriptions", subscription, err);
    if (!name)
        return false;
    OWN(free) char *target = resource_name_target(name, "pull");
    int count = max_messages < 1 ? 1 : max_messages > MAX_MESSAGES ? MAX_MESSAGES : max_messages;
    json_auto_t *reply = pull_fitting(gcp, target, count, err);
    if (!reply || !read_messages(reply, messages, err))
        return false;
    for (size_t i = 0; i < messages->count; i++)
        messages->list[i].subscription = str_copy(name);
    return true;
}

/* How many ids fit into one request. */
static size_t ids_that_fit(const char *const *ids, size_t count)
{
    size_t bytes = 0, n = 0;
    while (n < count && n < MAX_ACK_IDS && (n == 0 || bytes + strlen(ids[n]) < MAX_ACK_BYTES))
        bytes += strlen(ids[n++]) + sizeof("\"\",");
    return n;
}

/* Calls verb for all ids, in as many requests as necessary. seconds: ackDeadlineSeconds; -1 = not
 * sent. */
static bool call_for_ids(struct gcp *gcp, const char *subscription, const char *verb,
                         const char *const *ids, size_t count, int seconds, struct err *err)
{
    OWN(free) char *name = resource_name(gcp, "subscriptions", subscription, err);
    if (!name)
        return false;
    for (size_t done = 0, n; done < count; done += n) {
        n = ids_that_fit(ids + done, count - done);
        json_auto_t *list = json_array();
        for (size_t i = 0; i < n; i++)
            json_array_append_new(list, json_string(ids[done + i]));
        json_auto_t *body = json_pack("{s:O}", "ackIds", list);
        if (seconds >= 0)
            json_object_set_new(body, "ackDeadlineSeconds", json_integer(seconds));
        json_auto_t *reply = call_verb(gcp, name, verb, body, err);
        if (!reply)
            return false;
    }
    return true;
}

bool gcp_acknowledge(struct gcp *gcp, const char *subscription, const char *const *ack_ids,
                     size_t count, struct err *err)
{
    return call_for_ids(gcp, subscription, "acknowledge", ack_ids, count, -1, err);
}

bool gcp_modify_ack_deadline(struct gcp *gcp, const char *subscription, const char *const *ack_ids,
                             size_t count, int seconds, struct err *err)
{
    if (seconds < 0 || seconds > MAX_DEADLINE_SEC)
        return err_set(err, ERR_INPUT, "the ack deadline is %d s, want 0 to 600", seconds);
    return call_for_ids(gcp, subscription, "modifyAckDeadline", ack_ids, count, seconds, err);
}
