/* SPDX-License-Identifier: Apache-2.0 */
/* The topics, subscriptions and IAM policies of the engine: created, found, changed, deleted. */
#include "gcp-local/pubsub/engine/engine.h"

#include "base/json/jread.h"
#include "base/json/json_at.h"
#include "base/str.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/engine/engine_private.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"

#include <utlist.h>

void engine_init(struct engine *engine, int64_t now_ns, bool journal_enabled)
{
    *engine = (struct engine){.next_message = now_ns / 1000,
                              .next_lease = now_ns / 1000,
                              .journal_enabled = journal_enabled};
}

void engine_record(struct engine *engine, struct journal_entry entry)
{
    if (engine->journal_enabled)
        engine_journal_add(&engine->changes, entry);
}

void engine_record_resource(struct engine *engine, int64_t owner, const char *name,
                            const json_t *config)
{
    if (engine->journal_enabled)
        engine_record(engine, (struct journal_entry){.kind = JOURNAL_PUT_RESOURCE,
                                                     .owner = owner,
                                                     .name = str_copy(name),
                                                     .config = json_to_text(config)});
}

void engine_record_deletion(struct engine *engine, int64_t owner)
{
    engine_record(engine, (struct journal_entry){.kind = JOURNAL_DELETE_RESOURCE, .owner = owner});
}

static struct iam_policy *find_policy(const struct engine *engine, const char *name)
{
    struct iam_policy *policy = NULL;
    HASH_FIND_STR(engine->policies, name, policy);
    return policy;
}

const json_t *engine_iam_policy(const struct engine *engine, const char *name)
{
    const struct iam_policy *policy = find_policy(engine, name);
    return policy ? policy->config : NULL;
}

struct iam_policy *engine_add_iam_policy(struct engine *engine, int64_t owner, const char *name)
{
    struct iam_policy *policy = alloc_zeroed(sizeof(*policy));
    *policy = (struct iam_policy){.name = str_copy(name), .owner = owner};
    HASH_ADD_KEYPTR(hh, engine->policies, policy->name, strlen(policy->name), policy);
    return policy;
}

void engine_set_iam_policy(struct engine *engine, const char *name, json_t *config)
{
    struct iam_policy *policy = find_policy(engine, name);
    if (!policy)
        policy = engine_add_iam_policy(engine, ++engine->next_owner, name);
    json_decref(policy->config);
    policy->config = config;
    OWN(free) char *row = str_format("%s:iam", name);
    engine_record_resource(engine, policy->owner, row, config);
}

static void free_policy(struct engine *engine, struct iam_policy *policy)
{
    HASH_DEL(engine->policies, policy);
    json_decref(policy->config);
    free(policy->name);
    free(policy);
}

void engine_delete_iam_policy(struct engine *engine, const char *name)
{
    struct iam_policy *policy = find_policy(engine, name);
    if (!policy)
        return;
    engine_record_deletion(engine, policy->owner);
    free_policy(engine, policy);
}

struct topic *engine_topic(const struct engine *engine, const char *name)
{
    struct topic *topic = NULL;
    HASH_FIND_STR(engine->topics, name, topic);
    return topic;
}

struct topic *engine_add_topic(struct engine *engine, int64_t owner, json_t *config)
{
    struct topic *topic = alloc_zeroed(sizeof(*topic));
    *topic = (struct topic){.name = str_copy(json_text_at(config, "name")),
                            .config = config,
                            .owner = owner,
                            .retention_ns = settings_topic_retention_ns(config)};
    HASH_ADD_KEYPTR(hh, engine->topics, topic->name, strlen(topic->name), topic);
    return topic;
}

struct topic *engine_create_topic(struct engine *engine, json_t *config, struct err *err)
{
    if (engine_topic(engine, json_text_at(config, "name"))) {
        json_decref(config);
        err_set(err, ERR_CONFLICT, "Topic already exists");
        return NULL;
    }
    struct topic *topic = engine_add_topic(engine, ++engine->next_owner, config);
    engine_record_resource(engine, topic->owner, topic->name, config);
    return topic;
}

void engine_update_topic(struct engine *engine, struct topic *topic, json_t *config)
{
    json_decref(topic->config);
    topic->config = config;
    topic->retention_ns = settings_topic_retention_ns(config);
    engine_reschedule_topic(engine, topic);
    engine_record_resource(engine, topic->owner, topic->name, config);
}

void engine_attach(struct subscription *subscription, struct topic *topic)
{
    if (topic->subscription_count == topic->subscription_size) {
        topic->subscription_size = topic->subscription_size ? 2 * topic->subscription_size : 4;
        topic->subscriptions = alloc_resize(
            topic->subscriptions, topic->subscription_size * sizeof(struct subscription *));
    }
    topic->subscriptions[topic->subscription_count++] = subscription;
    subscription->topic = topic;
}

static void leave_topic(struct subscription *subscription)
{
    struct topic *topic = subscription->topic;
    if (!topic)
        return;
    size_t i = 0;
    while (topic->subscriptions[i] != subscription)
        i++;
    topic->subscriptions[i] = topic->subscriptions[--topic->subscription_count];
    subscription->topic = NULL;
}

static void free_topic(struct engine *engine, struct topic *topic)
{
    HASH_DEL(engine->topics, topic);
    heap_remove(&engine->due_topics, &topic->due);
    retained_messages_done(&topic->retained);
    free(topic->subscriptions);
    json_decref(topic->config);
    free(topic->name);
    free(topic);
}

void engine_delete_topic(struct engine *engine, struct topic *topic)
{
    while (topic->subscription_count) {
        struct subscription *subscription = topic->subscriptions[0];
        leave_topic(subscription);
        json_object_set_new(subscription->config, "topic", json_string(DELETED_TOPIC));
        engine_record_resource(engine, subscription->owner, subscription->name,
                               subscription->config);
    }
    struct snapshot *snapshot, *next;
    HASH_ITER(hh, engine->snapshots, snapshot, next)
    {
        if (snapshot->topic == topic)
            snapshot->topic = NULL;
    }
    for (struct stored_message *message; (message = retained_messages_take(&topic->retained));) {
        engine_unretain(engine, topic->owner, message);
        stored_message_unref(message);
    }
    engine_delete_iam_policy(engine, topic->name);
    engine_record_deletion(engine, topic->owner);
    free_topic(engine, topic);
}

struct subscription *engine_subscription(const struct engine *engine, const char *name)
{
    struct subscription *subscription = NULL;
    HASH_FIND_STR(engine->subscriptions, name, subscription);
    return subscription;
}

struct subscription *engine_add_subscription(struct engine *engine, int64_t owner, json_t *config,
                                             struct subscription_settings settings, int64_t now_ns)
{
    struct subscription *subscription = alloc_zeroed(sizeof(*subscription));
    *subscription = (struct subscription){.name = str_copy(json_text_at(config, "name")),
                                          .config = config,
                                          .owner = owner,
                                          .settings = settings,
                                          .last_used_ns = now_ns};
    subscription->queue.ordered = settings.ordering;
    HASH_ADD_KEYPTR(hh, engine->subscriptions, subscription->name, strlen(subscription->name),
                    subscription);
    return subscription;
}

static bool check_dead_letter_topic(const struct engine *engine, const json_t *config,
                                    struct err *err)
{
    const char *name = json_text_at(config, "deadLetterPolicy.deadLetterTopic");
    if (!json_object_get(config, "deadLetterPolicy") || (name && engine_topic(engine, name)))
        return true;
    return err_set(err, ERR_NOT_FOUND, "Dead letter topic not found");
}

struct subscription *engine_create_subscription(struct engine *engine, json_t *config,
                                                int64_t now_ns, struct err *err)
{
    json_auto_t *owned = config;
    struct subscription_settings settings = {0};
    if (engine_subscription(engine, json_text_at(config, "name"))) {
        err_set(err, ERR_CONFLICT, "Subscription already exists");
        return NULL;
    }
    struct topic *topic = engine_topic(engine, json_text_at(config, "topic"));
    if (!topic) {
        err_set(err, ERR_NOT_FOUND, "Subscription topic does not exist");
        return NULL;
    }
    if (!check_dead_letter_topic(engine, config, err) ||
        !settings_from_subscription(config, &settings, err))
        return NULL;
    struct subscription *subscription =
        engine_add_subscription(engine, ++engine->next_owner, json_incref(owned), settings, now_ns);
    engine_attach(subscription, topic);
    engine_record_resource(engine, subscription->owner, subscription->name, config);
    engine_reschedule(engine, subscription);
    return subscription;
}

bool engine_update_subscription(struct engine *engine, struct subscription *subscription,
                                json_t *config, int64_t now_ns, struct err *err)
{
    json_auto_t *owned = config;
    struct subscription_settings settings = {0};
    if (!check_dead_letter_topic(engine, config, err) ||
        !settings_from_subscription(config, &settings, err))
        return false;
    settings_done(&subscription->settings);
    subscription->settings = settings;
    json_decref(subscription->config);
    subscription->config = json_incref(owned);
    subscription->last_used_ns = now_ns;
    engine_record_resource(engine, subscription->owner, subscription->name, config);
    engine_reschedule(engine, subscription);
    return true;
}

static void delete_messages(struct engine *engine, struct subscription *subscription)
{
    while (subscription->queue.log)
        engine_remove_entry(engine, subscription, subscription->queue.log);
}

static void free_subscription(struct engine *engine, struct subscription *subscription)
{
    if (engine->on_deleted)
        engine->on_deleted(subscription, engine->on_deleted_context);
    if (subscription->in_ready_list)
        DL_DELETE(engine->ready, subscription);
    HASH_DEL(engine->subscriptions, subscription);
    heap_remove(&engine->due_subscriptions, &subscription->due);
    subscription_queue_done(&subscription->queue);
    settings_done(&subscription->settings);
    json_decref(subscription->config);
    free(subscription->name);
    free(subscription);
}

void engine_delete_subscription(struct engine *engine, struct subscription *subscription)
{
    leave_topic(subscription);
    delete_messages(engine, subscription);
    engine_delete_iam_policy(engine, subscription->name);
    engine_record_deletion(engine, subscription->owner);
    free_subscription(engine, subscription);
}

void engine_detach(struct engine *engine, struct subscription *subscription)
{
    leave_topic(subscription);
    delete_messages(engine, subscription);
    subscription->settings.detached = true;
    json_object_set_new(subscription->config, "detached", json_true());
    engine_record_resource(engine, subscription->owner, subscription->name, subscription->config);
    engine_reschedule(engine, subscription);
}

void engine_done(struct engine *engine)
{
    struct subscription *subscription, *next_subscription;
    HASH_ITER(hh, engine->subscriptions, subscription, next_subscription)
    {
        free_subscription(engine, subscription);
    }
    engine->journal_enabled = false;
    struct snapshot *snapshot, *next_snapshot;
    HASH_ITER(hh, engine->snapshots, snapshot, next_snapshot)
    {
        engine_delete_snapshot(engine, snapshot);
    }
    struct topic *topic, *next_topic;
    HASH_ITER(hh, engine->topics, topic, next_topic)
    {
        free_topic(engine, topic);
    }
    struct iam_policy *policy, *next_policy;
    HASH_ITER(hh, engine->policies, policy, next_policy)
    {
        free_policy(engine, policy);
    }
    heap_done(&engine->due_subscriptions);
    heap_done(&engine->due_topics);
    heap_done(&engine->due_snapshots);
    engine_journal_done(&engine->changes);
    *engine = (struct engine){0};
}
