/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions over REST: made, changed, sought back, detached. */
#include "gcp-local/pubsub/rest/rest.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

bool rest_create_subscription(struct rest_call *call, struct err *err)
{
    json_auto_t *config = rest_resource_named(call, call->body, err);
    if (!config)
        return false;
    const char *topic = text_of(config, "topic");
    if (!pubsub_name_check(topic ? topic : "", "topics", err) ||
        !settings_complete_subscription(config, err))
        return false;
    struct subscription *subscription = engine_create_subscription(
        &call->turn.pubsub->engine, json_incref(config), call->turn.now_ns, err);
    return subscription && rest_reply(call, subscription->config);
}

bool rest_get_subscription(struct rest_call *call, struct err *err)
{
    const struct subscription *subscription = rest_subscription(call, err);
    return subscription && rest_reply(call, subscription->config);
}

/* Puts a changed configuration in force, and answers it. */
static bool update(struct rest_call *call, struct subscription *subscription, json_t *config,
                   struct err *err)
{
    return settings_complete_subscription(config, err) &&
           engine_update_subscription(&call->turn.pubsub->engine, subscription, json_incref(config),
                                      call->turn.now_ns, err) &&
           rest_reply(call, config);
}

bool rest_update_subscription(struct rest_call *call, struct err *err)
{
    static const char *const fixed[] = {"name", "topic", "filter", "enableMessageOrdering", NULL};
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription)
        return false;
    json_auto_t *patch =
        rest_resource_named(call, json_object_get(call->body, "subscription"), err);
    if (!patch)
        return false;
    json_auto_t *config = rest_patch(subscription->config, patch, text_of(call->body, "updateMask"),
                                     resource_fields_subscription, fixed, "Subscription", err);
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
    engine_delete_subscription(&call->turn.pubsub->engine, subscription);
    return buf_add_text(&call->reply, "{}");
}

bool rest_detach_subscription(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription)
        return false;
    engine_detach(&call->turn.pubsub->engine, subscription);
    long_poll_drop(&call->turn, subscription);
    return buf_add_text(&call->reply, "{}");
}

bool rest_list_subscriptions(struct rest_call *call, struct err *err)
{
    const struct engine *engine = &call->turn.pubsub->engine;
    OWN(free) struct rest_item *list =
        alloc_zeroed((HASH_COUNT(engine->subscriptions) + 1) * sizeof(*list));
    size_t count = 0, len;
    struct subscription *subscription, *next;
    HASH_ITER(hh, engine->subscriptions, subscription, next)
    {
        const char *project = pubsub_name_project(subscription->name, &len);
        if (strlen(call->project) == len && strncmp(project, call->project, len) == 0)
            list[count++] = (struct rest_item){subscription->name, subscription->config};
    }
    return rest_page(call, "subscriptions", list, count, err);
}

static bool seek_snapshot(struct rest_call *call, struct subscription *subscription,
                          const char *name, struct err *err)
{
    struct engine *engine = &call->turn.pubsub->engine;
    if (!pubsub_name_check(name, "snapshots", err))
        return false;
    engine_expire_snapshots(engine, call->turn.now_ns);
    const struct snapshot *snapshot = engine_snapshot(engine, name);
    if (!snapshot)
        return err_set(err, ERR_NOT_FOUND, "Snapshot does not exist");
    if (!str_equal(text_of(snapshot->config, "topic"), text_of(subscription->config, "topic"))) {
        err->reason = "FAILED_PRECONDITION";
        return err_set(err, ERR_INPUT, "The snapshot is of topic %s, the subscription of %s",
                       text_of(snapshot->config, "topic"), text_of(subscription->config, "topic"));
    }
    engine_seek_snapshot(engine, subscription, snapshot, call->turn.now_ns);
    return buf_add_text(&call->reply, "{}");
}

bool rest_seek(struct rest_call *call, struct err *err)
{
    struct subscription *subscription = rest_subscription(call, err);
    if (!subscription)
        return false;
    const char *time = text_of(call->body, "time"), *snapshot = text_of(call->body, "snapshot");
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
    engine_seek(&call->turn.pubsub->engine, subscription, time_ns, call->turn.now_ns);
    return buf_add_text(&call->reply, "{}");
}
