/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions over REST. */
#include "gcp-local/pubsub/rest/rest_call.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"

#include <string.h>

static const struct proto_json_field oidc_token_fields[] = {
    {"serviceAccountEmail", PROTO_JSON_STRING, NULL},
    {"audience", PROTO_JSON_STRING, NULL},
    {0},
};

static const struct proto_json_field no_wrapper_fields[] = {
    {"writeMetadata", PROTO_JSON_BOOL, NULL},
    {0},
};

static const struct proto_json_field pubsub_wrapper_fields[] = {{0}};

static const struct proto_json_field push_config_fields[] = {
    {"pushEndpoint", PROTO_JSON_STRING, NULL},
    {"attributes", PROTO_JSON_MAP, NULL},
    {"oidcToken", PROTO_JSON_OBJECT, oidc_token_fields},
    {"pubsubWrapper", PROTO_JSON_OBJECT, pubsub_wrapper_fields},
    {"noWrapper", PROTO_JSON_OBJECT, no_wrapper_fields},
    {0},
};

static const struct proto_json_field expiration_policy_fields[] = {
    {"ttl", PROTO_JSON_DURATION, NULL},
    {0},
};

static const struct proto_json_field dead_letter_policy_fields[] = {
    {"deadLetterTopic", PROTO_JSON_STRING, NULL},
    {"maxDeliveryAttempts", PROTO_JSON_INT32, NULL},
    {0},
};

static const struct proto_json_field retry_policy_fields[] = {
    {"minimumBackoff", PROTO_JSON_DURATION, NULL},
    {"maximumBackoff", PROTO_JSON_DURATION, NULL},
    {0},
};

const struct proto_json_field rest_subscription_fields[] = {
    {"name", PROTO_JSON_STRING, NULL},
    {"topic", PROTO_JSON_STRING, NULL},
    {"pushConfig", PROTO_JSON_OBJECT, push_config_fields},
    {"bigqueryConfig", PROTO_JSON_ANY, NULL},
    {"cloudStorageConfig", PROTO_JSON_ANY, NULL},
    {"ackDeadlineSeconds", PROTO_JSON_INT32, NULL},
    {"retainAckedMessages", PROTO_JSON_BOOL, NULL},
    {"messageRetentionDuration", PROTO_JSON_DURATION, NULL},
    {"labels", PROTO_JSON_MAP, NULL},
    {"enableMessageOrdering", PROTO_JSON_BOOL, NULL},
    {"expirationPolicy", PROTO_JSON_OBJECT, expiration_policy_fields},
    {"filter", PROTO_JSON_STRING, NULL},
    {"deadLetterPolicy", PROTO_JSON_OBJECT, dead_letter_policy_fields},
    {"retryPolicy", PROTO_JSON_OBJECT, retry_policy_fields},
    {"detached", PROTO_JSON_OUTPUT, NULL},
    {"enableExactlyOnceDelivery", PROTO_JSON_BOOL, NULL},
    {"topicMessageRetentionDuration", PROTO_JSON_OUTPUT, NULL},
    {"state", PROTO_JSON_OUTPUT, NULL},
    {"analyticsHubSubscriptionInfo", PROTO_JSON_OUTPUT, NULL},
    {"messageTransforms", PROTO_JSON_ANY, NULL},
    {"tags", PROTO_JSON_MAP, NULL},
    {0},
};

const struct proto_json_field rest_update_subscription_fields[] = {
    {"subscription", PROTO_JSON_OBJECT, rest_subscription_fields},
    {"updateMask", PROTO_JSON_MASK, NULL},
    {0},
};

const struct proto_json_field rest_modify_push_config_fields[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"pushConfig", PROTO_JSON_OBJECT, push_config_fields},
    {0},
};

const struct proto_json_field rest_seek_fields[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {"time", PROTO_JSON_TIMESTAMP, NULL},
    {"snapshot", PROTO_JSON_STRING, NULL},
    {0},
};

const struct proto_json_field rest_detach_subscription_fields[] = {
    {"subscription", PROTO_JSON_STRING, NULL},
    {0},
};

bool rest_create_subscription(struct rest_call *call, struct err *err)
{
    json_auto_t *config = rest_resource_named(call, call->body, err);
    if (!config)
        return false;
    const char *topic = json_text_at(config, "topic");
    if (!pubsub_name_check(topic ? topic : "", "topics", err) ||
        !settings_complete_subscription(config, err))
        return false;
    struct subscription *subscription =
        engine_create_subscription(call->tx.engine, json_incref(config), call->tx.now_ns, err);
    return subscription && rest_reply(call, subscription->config);
}

bool rest_get_subscription(struct rest_call *call, struct err *err)
{
    const struct subscription *subscription = rest_subscription(call, err);
    return subscription && rest_reply(call, subscription->config);
}

/* Applies a changed configuration and replies with it. */
static bool update(struct rest_call *call, struct subscription *subscription, json_t *config,
                   struct err *err)
{
    return settings_complete_subscription(config, err) &&
           engine_update_subscription(call->tx.engine, subscription, json_incref(config),
                                      call->tx.now_ns, err) &&
           rest_reply(call, config);
}

bool rest_update_subscription(struct rest_call *call, struct err *err)
{
    static const char *const immutable[] = {"name", "topic", "filter", "enableMessageOrdering",
                                            NULL};
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription)
        return false;
    json_auto_t *config = rest_patch(call, "subscription", subscription->config,
                                     rest_subscription_fields, immutable, "Subscription", err);
    return config && update(call, subscription, config, err);
}

bool rest_modify_push_config(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription)
        return false;
    json_auto_t *config = json_deep_copy(subscription->config);
    json_object_del(config, "pushConfig");
    json_t *push = json_object_get(call->body, "pushConfig");
    if (push)
        json_object_set(config, "pushConfig", push);
    if (!update(call, subscription, config, err))
        return false;
    buf_done(&call->reply);
    return buf_add_text(&call->reply, "{}");
}

bool rest_delete_subscription(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription)
        return false;
    engine_delete_subscription(call->tx.engine, subscription);
    return buf_add_text(&call->reply, "{}");
}

bool rest_detach_subscription(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription)
        return false;
    engine_detach(call->tx.engine, subscription);
    long_poll_cancel(call->tx.polls, subscription);
    return buf_add_text(&call->reply, "{}");
}

bool rest_list_subscriptions(struct rest_call *call, struct err *err)
{
    const struct engine *engine = call->tx.engine;
    OWN(free) struct rest_item *list =
        alloc_zeroed((HASH_COUNT(engine->subscriptions) + 1) * sizeof(*list));
    size_t count = 0;
    struct subscription *subscription, *next;
    HASH_ITER(hh, engine->subscriptions, subscription, next)
    {
        if (rest_in_project(call, subscription->name))
            list[count++] = (struct rest_item){subscription->name, subscription->config};
    }
    return rest_page(call, "subscriptions", list, count, err);
}

static bool seek_snapshot(struct rest_call *call, struct subscription *subscription,
                          const char *name, struct err *err)
{
    struct engine *engine = call->tx.engine;
    if (!pubsub_name_check(name, "snapshots", err))
        return false;
    const struct snapshot *snapshot = engine_snapshot(engine, name);
    if (!snapshot)
        return err_set(err, ERR_NOT_FOUND, "Snapshot does not exist");
    if (!str_equal(json_text_at(snapshot->config, "topic"),
                   json_text_at(subscription->config, "topic")))
        return err_set_reason(err, ERR_INPUT, "FAILED_PRECONDITION",
                              "The snapshot is of topic %s, the subscription of %s",
                              json_text_at(snapshot->config, "topic"),
                              json_text_at(subscription->config, "topic"));
    engine_seek_snapshot(engine, subscription, snapshot, call->tx.now_ns);
    return buf_add_text(&call->reply, "{}");
}

bool rest_seek(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription)
        return false;
    const char *time = json_text_at(call->body, "time"),
               *snapshot = json_text_at(call->body, "snapshot");
    if (time && snapshot)
        return err_set(err, ERR_INPUT,
                       "Invalid JSON payload received. oneof field 'target' is already set. Cannot "
                       "set 'snapshot'");
    if (snapshot)
        return seek_snapshot(call, subscription, snapshot, err);
    int64_t time_ns;
    if (!time || !timestamp_parse(time, &time_ns))
        return err_set(err, ERR_INPUT,
                       "No target was specified in the SeekRequest. Must specify either a time or "
                       "a snapshot");
    engine_seek(call->tx.engine, subscription, time_ns, call->tx.now_ns);
    return buf_add_text(&call->reply, "{}");
}
