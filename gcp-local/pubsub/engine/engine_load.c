/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the engine from a store. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "gcp-local/pubsub/engine/engine_private.h"

/* What keeps messages: one of subscription and retained is set. */
struct resource_owner {
    int64_t number;
    struct subscription *subscription;
    struct retained_messages *retained;
    UT_hash_handle hh;
};

static void add_owner(struct engine *engine, int64_t number, struct subscription *subscription,
                      struct retained_messages *retained)
{
    struct resource_owner *owner = alloc_zeroed(sizeof(*owner));
    *owner = (struct resource_owner){
        .number = number, .subscription = subscription, .retained = retained};
    HASH_ADD(hh, engine->owners, number, sizeof(owner->number), owner);
}

static bool load_subscription(struct engine *engine, int64_t number, json_t *config, int64_t now_ns,
                              struct err *err)
{
    struct subscription_settings settings = {0};
    if (!settings_from_subscription(config, &settings, err)) {
        json_decref(config);
        return false;
    }
    struct subscription *subscription =
        engine_add_subscription(engine, number, config, settings, now_ns);
    add_owner(engine, number, subscription, NULL);
    /* the topic has a lower number, so it is loaded already */
    struct topic *topic = engine_topic(engine, json_text_at(config, "topic"));
    if (topic && !settings.detached)
        engine_attach(subscription, topic);
    return true;
}

bool engine_load_resource(struct engine *engine, int64_t owner, const char *name, json_t *config,
                          int64_t now_ns, struct err *err)
{
    if (owner > engine->next_owner)
        engine->next_owner = owner;
    if (str_ends(name, ":iam")) {
        OWN(free) char *resource = str_copy_bytes((struct bytes){name, strlen(name) - 4});
        engine_add_iam_policy(engine, owner, resource)->config = config;
    } else if (strstr(name, "/subscriptions/")) {
        return load_subscription(engine, owner, config, now_ns, err);
    } else if (strstr(name, "/snapshots/")) {
        struct topic *topic = engine_topic(engine, json_text_at(config, "topic"));
        add_owner(engine, owner, NULL,
                  &engine_add_snapshot(engine, owner, config, topic)->retained);
    } else {
        add_owner(engine, owner, NULL, &engine_add_topic(engine, owner, config)->retained);
    }
    return true;
}

void engine_load_retained(struct engine *engine, int64_t owner, struct stored_message *message,
                          bool acked)
{
    if (message->id >= engine->next_message)
        engine->next_message = message->id + 1;
    struct resource_owner *found = NULL;
    HASH_FIND(hh, engine->owners, &owner, sizeof(owner), found);
    if (!found)
        return;
    message->holders++;
    if (found->retained)
        retained_messages_add(found->retained, message);
    else
        subscription_queue_add(&found->subscription->queue, message,
                               acked ? ENTRY_ACKED : ENTRY_READY);
}

void engine_load_end(struct engine *engine)
{
    struct subscription *subscription, *next_subscription;
    HASH_ITER(hh, engine->subscriptions, subscription, next_subscription)
    {
        engine_reschedule(engine, subscription);
    }
    struct topic *topic, *next_topic;
    HASH_ITER(hh, engine->topics, topic, next_topic)
    {
        engine_reschedule_topic(engine, topic);
    }
    struct resource_owner *owner, *next_owner;
    HASH_ITER(hh, engine->owners, owner, next_owner)
    {
        HASH_DEL(engine->owners, owner);
        free(owner);
    }
}
