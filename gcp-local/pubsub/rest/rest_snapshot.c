/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots over REST. */
#include "gcp-local/pubsub/rest/rest_call.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"

#include <string.h>

const struct proto_json_field rest_create_snapshot_fields[] = {
    {"name", PROTO_JSON_STRING, NULL},
    {"subscription", PROTO_JSON_STRING, NULL},
    {"labels", PROTO_JSON_MAP, NULL},
    {"tags", PROTO_JSON_MAP, NULL},
    {0},
};

static const struct proto_json_field snapshot_fields[] = {
    {"name", PROTO_JSON_STRING, NULL},
    {"topic", PROTO_JSON_STRING, NULL},
    {"expireTime", PROTO_JSON_TIMESTAMP, NULL},
    {"labels", PROTO_JSON_MAP, NULL},
    {0},
};

const struct proto_json_field rest_update_snapshot_fields[] = {
    {"snapshot", PROTO_JSON_OBJECT, snapshot_fields},
    {"updateMask", PROTO_JSON_MASK, NULL},
    {0},
};

bool rest_create_snapshot(struct rest_call *call, struct err *err)
{
    struct engine *engine = call->tx.engine;
    json_auto_t *named = rest_resource_named(call, call->body, err);
    if (!named)
        return false;
    const char *name = json_text_at(named, "subscription");
    struct subscription *subscription = name ? engine_subscription(engine, name) : NULL;
    if (!subscription)
        return err_set(err, ERR_NOT_FOUND, "Subscription does not exist");
    const struct snapshot *snapshot =
        engine_create_snapshot(engine, call->name, subscription,
                               json_incref(json_object_get(named, "labels")), call->tx.now_ns, err);
    return snapshot && rest_reply(call, snapshot->config);
}

bool rest_get_snapshot(struct rest_call *call, struct err *err)
{
    const struct snapshot *snapshot = rest_snapshot(call, err);
    return snapshot && rest_reply(call, snapshot->config);
}

bool rest_update_snapshot(struct rest_call *call, struct err *err)
{
    static const char *const immutable[] = {"name", "topic", "expireTime", NULL};
    struct snapshot *snapshot = rest_snapshot(call, err);
    if (!snapshot)
        return false;
    json_t *config =
        rest_patch(call, "snapshot", snapshot->config, snapshot_fields, immutable, "Snapshot", err);
    if (!config)
        return false;
    engine_update_snapshot(call->tx.engine, snapshot, config);
    return rest_reply(call, config);
}

bool rest_delete_snapshot(struct rest_call *call, struct err *err)
{
    struct snapshot *snapshot = rest_snapshot(call, err);
    if (!snapshot)
        return false;
    engine_delete_snapshot(call->tx.engine, snapshot);
    return buf_add_text(&call->reply, "{}");
}

bool rest_list_snapshots(struct rest_call *call, struct err *err)
{
    struct engine *engine = call->tx.engine;
    OWN(free) struct rest_item *list =
        alloc_zeroed((HASH_COUNT(engine->snapshots) + 1) * sizeof(*list));
    size_t count = 0;
    struct snapshot *snapshot, *next;
    HASH_ITER(hh, engine->snapshots, snapshot, next)
    {
        if (rest_in_project(call, snapshot->name))
            list[count++] = (struct rest_item){snapshot->name, snapshot->config};
    }
    return rest_page(call, "snapshots", list, count, err);
}
