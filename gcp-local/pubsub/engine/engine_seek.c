/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's way back: seeking to a time or a snapshot, and making snapshots. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/engine/engine_private.h"
#include "gcp-local/pubsub/engine/retained_messages.h"

#include <utlist.h>

static const int64_t week = 7 * 86400LL * NS_PER_SEC, hour = 3600LL * NS_PER_SEC;

/* What is on the shelf but not in the backlog goes to its end, as acked; the restart sorts. */
static void bring_back(struct engine *engine, struct subscription *subscription,
                       const struct retained_messages *shelf)
{
    const struct filter *filter = subscription->rules.filter;
    struct subscription_queue *backlog = &subscription->backlog;
    const struct queue_entry *entry = backlog->log;
    size_t behind = shelf->count;
    for (size_t i = 0; i < behind; i++) {
        struct stored_message *message = retained_messages_at(shelf, i);
        while (entry && entry->message->id < message->id)
            entry = entry->next;
        if ((entry && entry->message->id == message->id) ||
            (filter && !filter_matches(filter, message)))
            continue;
        engine_retain(engine, subscription->owner, message, true);
        subscription_queue_add(backlog, message, ENTRY_ACKED);
    }
}

/* Sets an entry's state; false when it was dropped. */
static void set_acked(struct engine *engine, struct subscription *subscription,
                      struct queue_entry *entry, bool acked)
{
    if (acked && !subscription->rules.retain_acked) {
        engine_remove_entry(engine, subscription, entry);
        return;
    }
    if (acked == (entry->state == ENTRY_ACKED))
        return;
    if (acked)
        subscription_queue_ack(&subscription->backlog, entry);
    else
        entry->state = ENTRY_BLOCKED; /* until the restart lines it up */
    if (engine->journal_enabled)
        engine_journal_add(&engine->changes, (struct journal_entry){.kind = JOURNAL_RETAIN,
                                                                    .owner = subscription->owner,
                                                                    .id = entry->message->id,
                                                                    .acked = acked});
}

void engine_seek(struct engine *engine, struct subscription *subscription, int64_t time_ns,
                 int64_t now_ns)
{
    if (subscription->topic) {
        engine_trim_topic(engine, subscription->topic, now_ns);
        bring_back(engine, subscription, &subscription->topic->kept);
    }
    struct queue_entry *entry, *next;
    DL_FOREACH_SAFE(subscription->backlog.log, entry, next)
    {
        set_acked(engine, subscription, entry, entry->message->published_ns < time_ns);
    }
    subscription_queue_requeue_all(&subscription->backlog);
    subscription->used_ns = now_ns;
    engine_reschedule(engine, subscription);
}

/* Whether the shelf has the message; *at moves along as both are in publish order. */
static bool on_shelf(const struct retained_messages *shelf, const struct stored_message *message,
                     size_t *at)
{
    while (*at < shelf->count && retained_messages_at(shelf, *at)->id < message->id)
        (*at)++;
    return *at < shelf->count && retained_messages_at(shelf, *at) == message;
}

void engine_seek_snapshot(struct engine *engine, struct subscription *subscription,
                          const struct snapshot *snapshot, int64_t now_ns)
{
    bring_back(engine, subscription, &snapshot->kept);
    subscription_queue_requeue_all(&subscription->backlog); /* sorts the log */
    size_t at = 0;
    struct queue_entry *entry, *next;
    DL_FOREACH_SAFE(subscription->backlog.log, entry, next)
    {
        set_acked(engine, subscription, entry, !on_shelf(&snapshot->kept, entry->message, &at));
    }
    subscription_queue_requeue_all(&subscription->backlog);
    subscription->used_ns = now_ns;
    engine_reschedule(engine, subscription);
}

struct snapshot *engine_snapshot(const struct engine *engine, const char *name)
{
    struct snapshot *snapshot = NULL;
    HASH_FIND_STR(engine->snapshots, name, snapshot);
    return snapshot;
}

/* A week, less what the oldest message that waits has behind it. */
static int64_t expiry(const struct subscription *subscription, int64_t now_ns)
{
    int64_t oldest = now_ns;
    const struct queue_entry *entry;
    DL_FOREACH(subscription->backlog.log, entry)
    {
        if (entry->state != ENTRY_ACKED) {
            oldest = entry->message->published_ns;
            break;
        }
    }
    return oldest - oldest % NS_PER_MS + week;
}

struct snapshot *engine_add_snapshot(struct engine *engine, int64_t owner, json_t *config,
                                     struct topic *topic)
{
    struct snapshot *snapshot = alloc_zeroed(sizeof(*snapshot));
    *snapshot = (struct snapshot){
        .name = str_copy(json_string_value(json_object_get(config, "name"))),
        .config = config,
        .owner = owner,
        .topic = topic,
    };
    timestamp_parse(json_string_value(json_object_get(config, "expireTime")),
                    &snapshot->expires_ns);
    HASH_ADD_KEYPTR(hh, engine->snapshots, snapshot->name, strlen(snapshot->name), snapshot);
    if (topic)
        topic->snapshot_count++;
    return snapshot;
}

struct snapshot *engine_create_snapshot(struct engine *engine, const char *name,
                                        struct subscription *subscription, json_t *labels,
                                        int64_t now_ns, struct err *err)
{
    json_auto_t *given = labels;
    if (engine_snapshot(engine, name)) {
        err_set(err, ERR_CONFLICT, "Snapshot already exists");
        return NULL;
    }
    int64_t expires = expiry(subscription, now_ns);
    if (expires - now_ns < hour) {
        err->reason = "FAILED_PRECONDITION";
        err_set(err, ERR_INPUT,
                "The snapshot would expire in less than an hour: the oldest message of %s is too "
                "old",
                subscription->name);
        return NULL;
    }
    char text[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(expires, text);
    json_t *config = json_pack("{s:s, s:O, s:s, s:O*}", "name", name, "topic",
                               json_object_get(subscription->config, "topic"), "expireTime", text,
                               "labels", given);
    struct snapshot *snapshot =
        engine_add_snapshot(engine, ++engine->next_owner, config, subscription->topic);
    engine_record_resource(engine, snapshot->owner, name, config);

    struct queue_entry *entry;
    DL_FOREACH(subscription->backlog.log, entry)
    {
        if (entry->state == ENTRY_ACKED)
            continue;
        engine_retain(engine, snapshot->owner, entry->message, false);
        retained_messages_add(&snapshot->kept, entry->message);
    }
    return snapshot;
}

void engine_update_snapshot(struct engine *engine, struct snapshot *snapshot, json_t *config)
{
    json_decref(snapshot->config);
    snapshot->config = config;
    engine_record_resource(engine, snapshot->owner, snapshot->name, config);
}

void engine_delete_snapshot(struct engine *engine, struct snapshot *snapshot)
{
    if (snapshot->topic)
        snapshot->topic->snapshot_count--;
    for (struct stored_message *message; (message = retained_messages_take(&snapshot->kept));) {
        engine_unretain(engine, snapshot->owner, message);
        stored_message_unref(message);
    }
    if (engine->journal_enabled)
        engine_journal_add(&engine->changes, (struct journal_entry){.kind = JOURNAL_DELETE_RESOURCE,
                                                                    .owner = snapshot->owner});
    HASH_DEL(engine->snapshots, snapshot);
    retained_messages_done(&snapshot->kept);
    json_decref(snapshot->config);
    free(snapshot->name);
    free(snapshot);
}

void engine_expire_snapshots(struct engine *engine, int64_t now_ns)
{
    struct snapshot *snapshot, *next;
    HASH_ITER(hh, engine->snapshots, snapshot, next)
    {
        if (snapshot->expires_ns <= now_ns)
            engine_delete_snapshot(engine, snapshot);
    }
}
