/* SPDX-License-Identifier: Apache-2.0 */
/* Topics over REST. */
#include "gcp-local/pubsub/rest/rest_call.h"

#include "base/str.h"
#include "gcp-local/pubsub/wire/message_json.h"

#include <string.h>

static const struct proto_json_field storage_policy_fields[] = {
    {"allowedPersistenceRegions", PROTO_JSON_STRINGS, NULL},
    {"enforceInTransit", PROTO_JSON_BOOL, NULL},
    {0},
};

const struct proto_json_field rest_topic_fields[] = {
    {"name", PROTO_JSON_STRING, NULL},
    {"labels", PROTO_JSON_MAP, NULL},
    {"messageStoragePolicy", PROTO_JSON_OBJECT, storage_policy_fields},
    {"kmsKeyName", PROTO_JSON_STRING, NULL},
    {"schemaSettings", PROTO_JSON_ANY, NULL},
    {"satisfiesPzs", PROTO_JSON_BOOL, NULL},
    {"messageRetentionDuration", PROTO_JSON_DURATION, NULL},
    {"state", PROTO_JSON_OUTPUT, NULL},
    {"ingestionDataSourceSettings", PROTO_JSON_ANY, NULL},
    {"messageTransforms", PROTO_JSON_ANY, NULL},
    {"tags", PROTO_JSON_MAP, NULL},
    {0},
};

const struct proto_json_field rest_update_topic_fields[] = {
    {"topic", PROTO_JSON_OBJECT, rest_topic_fields},
    {"updateMask", PROTO_JSON_MASK, NULL},
    {0},
};

bool rest_create_topic(struct rest_call *call, struct err *err)
{
    json_t *config = rest_resource_named(call, call->body, err);
    if (!config)
        return false;
    if (!settings_check_topic(config, err)) {
        json_decref(config);
        return false;
    }
    struct topic *topic = engine_create_topic(call->tx.engine, config, err);
    return topic && rest_reply(call, topic->config);
}

bool rest_get_topic(struct rest_call *call, struct err *err)
{
    const struct topic *topic = rest_topic(call, err);
    return topic && rest_reply(call, topic->config);
}

bool rest_update_topic(struct rest_call *call, struct err *err)
{
    static const char *const immutable[] = {"name", "kmsKeyName", NULL};
    struct topic *topic = rest_topic(call, err);
    if (!topic)
        return false;
    json_auto_t *config =
        rest_patch(call, "topic", topic->config, rest_topic_fields, immutable, "Topic", err);
    if (!config || !settings_check_topic(config, err))
        return false;
    engine_update_topic(call->tx.engine, topic, json_incref(config));
    return rest_reply(call, config);
}

bool rest_delete_topic(struct rest_call *call, struct err *err)
{
    struct topic *topic = rest_topic(call, err);
    if (!topic)
        return false;
    engine_delete_topic(call->tx.engine, topic);
    return buf_add_text(&call->reply, "{}");
}

bool rest_list_topics(struct rest_call *call, struct err *err)
{
    const struct engine *engine = call->tx.engine;
    OWN(free) struct rest_item *list =
        alloc_zeroed((HASH_COUNT(engine->topics) + 1) * sizeof(*list));
    size_t count = 0;
    struct topic *topic, *next;
    HASH_ITER(hh, engine->topics, topic, next)
    {
        if (rest_in_project(call, topic->name))
            list[count++] = (struct rest_item){topic->name, topic->config};
    }
    return rest_page(call, "topics", list, count, err);
}

/* A topic that does not exist has none, as in Google's emulator. */
bool rest_list_topic_subscriptions(struct rest_call *call, struct err *err)
{
    const struct topic *topic = engine_topic(call->tx.engine, call->name);
    size_t count = topic ? topic->subscription_count : 0;
    OWN(free) struct rest_item *list = alloc_zeroed((count + 1) * sizeof(*list));
    for (size_t i = 0; i < count; i++)
        list[i].name = topic->subscriptions[i]->name;
    return rest_page(call, "subscriptions", list, count, err);
}

bool rest_list_topic_snapshots(struct rest_call *call, struct err *err)
{
    struct engine *engine = call->tx.engine;
    OWN(free) struct rest_item *list =
        alloc_zeroed((HASH_COUNT(engine->snapshots) + 1) * sizeof(*list));
    size_t count = 0;
    struct snapshot *snapshot, *next;
    HASH_ITER(hh, engine->snapshots, snapshot, next)
    {
        if (snapshot->topic && str_equal(snapshot->topic->name, call->name))
            list[count++].name = snapshot->name;
    }
    return rest_page(call, "snapshots", list, count, err);
}

bool rest_publish(struct rest_call *call, struct err *err)
{
    struct topic *topic = rest_topic(call, err);
    if (!topic)
        return false;
    const struct publish_body *body = &call->messages;
    engine_publish(call->tx.engine, topic, body->messages, body->count, call->tx.now_ns);
    message_json_add_ids(&call->reply, body->messages, body->count);
    return true;
}
