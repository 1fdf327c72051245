/* SPDX-License-Identifier: Apache-2.0 */
/* Pull, acknowledge and modifyAckDeadline over REST. */
#include "gcp-local/pubsub/rest/rest_call.h"

#include "base/str.h"
#include "gcp-local/pubsub/wire/ack_id.h"

const struct proto_json_field rest_pull_fields[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"returnImmediately", PROTO_JSON_BOOL, NULL},
    {"maxMessages", PROTO_JSON_INT32, NULL},
    {0},
};

const struct proto_json_field rest_acknowledge_fields[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"ackIds", PROTO_JSON_STRINGS, NULL},
    {0},
};

const struct proto_json_field rest_modify_ack_deadline_fields[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"ackIds", PROTO_JSON_STRINGS, NULL},
    {"ackDeadlineSeconds", PROTO_JSON_INT32, NULL},
    {0},
};

enum { MAX_PULLED = 1000, MAX_ACK_BYTES = 512 << 10 };

static bool detached(const struct subscription *subscription, struct err *err)
{
    if (!subscription->settings.detached)
        return false;
    err_set_reason(err, ERR_INPUT, "FAILED_PRECONDITION",
                   "Subscription %s is detached from its topic", subscription->name);
    return true;
}

/* How long the client waits: its own timeout if it sends one, as gcloud does. */
static int wait_sec(const struct rest_call *call)
{
    int64_t sec = LONG_POLL_MAX_SEC;
    const char *timeout = headers_get(&call->exchange->headers, "X-Server-Timeout");
    str_int(timeout, 0, LONG_POLL_MAX_SEC, &sec);
    return (int)sec;
}

bool rest_pull(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription || detached(subscription, err))
        return false;
    json_int_t max = json_integer_value(json_object_get(call->body, "maxMessages"));
    if (max == 0)
        return err_set(err, ERR_INPUT, "No max_messages specified");
    if (max < 0)
        return err_set(err, ERR_INPUT, "max_messages must be positive: %lld", (long long)max);
    bool at_once = json_is_true(json_object_get(call->body, "returnImmediately"));
    call->held = true;
    long_poll_pull(call->tx.polls, subscription, call->exchange,
                   max < MAX_PULLED ? (size_t)max : MAX_PULLED, at_once ? 0 : wait_sec(call),
                   call->tx.now_ns);
    return true;
}

/* The leases that a request names. */
struct ack_ids {
    struct {
        int64_t number;
        uint32_t slot;
    } * list;
    size_t count;
    const json_t *texts;
};

static bool read_ids(const struct rest_call *call, const struct subscription *subscription,
                     struct ack_ids *ids, struct err *err)
{
    ids->texts = json_object_get(call->body, "ackIds");
    ids->count = json_array_size(ids->texts);
    if (ids->count == 0)
        return err_set(err, ERR_INPUT, "No ack ids specified.");
    if (call->exchange->body.len > MAX_ACK_BYTES)
        return err_set(err, ERR_INPUT, "The request has %zu bytes of ack ids, the maximum is %d",
                       call->exchange->body.len, MAX_ACK_BYTES);
    ids->list = alloc_zeroed(ids->count * sizeof(*ids->list));
    for (size_t i = 0; i < ids->count; i++)
        if (!ack_id_parse(json_string_value(json_array_get(ids->texts, i)), subscription->name,
                          &ids->list[i].number, &ids->list[i].slot, err))
            return false;
    return true;
}

static void own_ack_ids(struct ack_ids *local)
{
    free(local->list);
}

/* Acknowledges the leases that a request names, or lets them end in so many seconds. */
static bool change_leases(struct rest_call *call, struct subscription *subscription,
                          bool acknowledge, int64_t seconds, struct err *err)
{
    struct engine *engine = call->tx.engine;
    int64_t now_ns = call->tx.now_ns;
    OWN(ack_ids) struct ack_ids ids = {0};
    if (!read_ids(call, subscription, &ids, err))
        return false;
    bool all_held = true;
    for (size_t i = 0; i < ids.count; i++) {
        int64_t number = ids.list[i].number;
        uint32_t slot = ids.list[i].slot;
        all_held &= acknowledge ? engine_ack(engine, subscription, number, slot, now_ns)
                                : engine_modify_ack_deadline(engine, subscription, number, slot,
                                                             seconds, now_ns);
    }
    if (!all_held && subscription->settings.exactly_once)
        return err_set(
            err, ERR_INPUT,
            "Some acknowledgement ids in the request were invalid. This could be because the "
            "acknowledgement ids have expired or the acknowledgement ids were malformed.");
    return buf_add_text(&call->reply, "{}");
}

bool rest_acknowledge(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    return subscription && !detached(subscription, err) &&
           change_leases(call, subscription, true, 0, err);
}

bool rest_modify_ack_deadline(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription || detached(subscription, err))
        return false;
    json_int_t seconds = json_integer_value(json_object_get(call->body, "ackDeadlineSeconds"));
    if (seconds < 0)
        return err_set(err, ERR_INPUT, "Ack deadline cannot be negative");
    if (seconds > MAX_ACK_DEADLINE_SEC)
        return err_set(err, ERR_INPUT, "Ack deadline cannot be more than %d seconds: %lld",
                       MAX_ACK_DEADLINE_SEC, (long long)seconds);
    return change_leases(call, subscription, false, seconds, err);
}
