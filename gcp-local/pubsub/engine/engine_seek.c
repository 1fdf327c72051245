/* SPDX-License-Identifier: Apache-2.0 */
/* Seek and snapshots of the engine. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/engine/engine_private.h"

#include <utlist.h>

static const int64_t week = 7 * 86400LL * NS_PER_SEC, hour = 3600LL * NS_PER_SEC;

/* Appends what is retained but not in the queue, as acked; subscription_queue_requeue_all sorts. */
static void add_retained(struct engine *engine, struct subscription *subscription,
                         const struct retained_messages *retained)
{
    const struct filter *filter = subscription->settings.filter;
    struct subscription_queue *queue = &subscription->queue;
    const struct queue_entry *entry = queue->log;
    size_t count = retained->count;
    for (size_t i = 0; i < count; i++) {
        struct stored_message *message = retained_messages_at(retained, i);
        while (entry && entry->message->id < message->id)
            entry = entry->next;
        if ((entry && entry->message->id == message->id) ||
            (filter && !filter_matches(filter, message)))
            continue;
        engine_retain(engine, subscription->owner, message, true);
        subscription_queue_add(queue, message, ENTRY_ACKED);
    }
}

static void set_acked(struct engine *engine, struct subscription *subscription,
                      struct queue_entry *entry, bool acked)
{
    if (acked && !subscription->settings.retain_acked) {
        engine_remove_entry(engine, subscription, entry);
        return;
    }
    if (acked == (entry->state == ENTRY_ACKED))
        return;
    if (acked)
        subscription_queue_ack(&subscription->queue, entry);
    else
        entry->state = ENTRY_BLOCKED; /* until subscription_queue_requeue_all */
    engine_record(engine, (struct journal_entry){.kind = JOURNAL_RETAIN,
                                                 .owner = subscription->owner,
                                                 .id = entry->message->id,
                                                 .acked = acked});
}

void engine_seek(struct engine *engine, struct subscription *subscription, int64_t time_ns,
                 int64_t now_ns)
{
    if (subscription->topic)
        add_retained(engine, subscription, &subscription->topic->retained);
    struct queue_entry *entry, *next;
    DL_FOREACH_SAFE(subscription->queue.log, entry, next)
    {
        set_acked(engine, subscription, entry, entry->message->published_ns < time_ns);
    }
    subscription_queue_requeue_all(&subscription->queue);
    subscription->last_used_ns = now_ns;
    engine_reschedule(engine, subscription);
}

/* Whether the message is retained. Both are walked in publish order: *index is where to go on. */
static bool is_retained(const struct retained_messages *retained,
                        const struct stored_message *message, size_t *index)
{
    while (*index < retained->count && retained_messages_at(retained, *index)->id < message->id)
        (*index)++;
    return *index < retained->count && retained_messages_at(retained, *index) == message;
}

void engine_seek_snapshot(struct engine *engine, struct subscription *subscription,
                          const struct snapshot *snapshot, int64_t now_ns)
{
    add_retained(engine, subscription, &snapshot->retained);
    subscription_queue_requeue_all(&subscription->queue); /* sorts the log */
    size_t index = 0;
    struct queue_entry *entry, *next;
    DL_FOREACH_SAFE(subscription->queue.log, entry, next)
    {
        set_acked(engine, subscription, entry,
                  !is_retained(&snapshot->retained, entry->message, &index));
    }
    subscription_queue_requeue_all(&subscription->queue);
    subscription->last_used_ns = now_ns;
    engine_reschedule(engine, subscription);
}

struct snapshot *engine_snapshot(const struct engine *engine, const char *name)
{
    struct snapshot *snapshot = NULL;
    HASH_FIND_STR(engine->snapshots, name, snapshot);
    return snapshot;
}

/* Seven days after the oldest message that is not acked was published. */
static int64_t snapshot_expiry_ns(const struct subscription *subscription, int64_t now_ns)
{
    int64_t oldest = now_ns;
    const struct queue_entry *entry;
    DL_FOREACH(subscription->queue.log, entry)
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
        .name = str_copy(json_text_at(config, "name")),
        .config = config,
        .owner = owner,
        .topic = topic,
    };
    int64_t expires_ns = 0;
    timestamp_parse(json_text_at(config, "expireTime"), &expires_ns);
    heap_set(&engine->due_snapshots, &snapshot->due, expires_ns);
    HASH_ADD_KEYPTR(hh, engine->snapshots, snapshot->name, strlen(snapshot->name), snapshot);
    if (topic)
        topic->snapshot_count++;
    return snapshot;
}

struct snapshot *engine_create_snapshot(struct engine *engine, const char *name,
                                        struct subscription *subscription, json_t *labels,
                                        int64_t now_ns, struct err *err)
{
    json_auto_t *owned = labels;
    if (engine_snapshot(engine, name)) {
        err_set(err, ERR_CONFLICT, "Snapshot already exists");
        return NULL;
    }
    int64_t expires = snapshot_expiry_ns(subscription, now_ns);
    if (expires - now_ns < hour) {
        err_set_reason(
            err, ERR_INPUT, "FAILED_PRECONDITION",
            "The snapshot would expire in less than an hour: the oldest message of %s is too "
            "old",
            subscription->name);
        return NULL;
    }
    char text[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(expires, text);
    json_t *config = json_pack("{s:s, s:O, s:s, s:O*}", "name", name, "topic",
                               json_object_get(subscription->config, "topic"), "expireTime", text,
                               "labels", owned);
    struct snapshot *snapshot =
        engine_add_snapshot(engine, ++engine->next_owner, config, subscription->topic);
    engine_record_resource(engine, snapshot->owner, name, config);

    struct queue_entry *entry;
    DL_FOREACH(subscription->queue.log, entry)
    {
        if (entry->state == ENTRY_ACKED)
            continue;
        engine_retain(engine, snapshot->owner, entry->message, false);
        retained_messages_add(&snapshot->retained, entry->message);
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
    for (struct stored_message *message; (message = retained_messages_take(&snapshot->retained));) {
        engine_unretain(engine, snapshot->owner, message);
        stored_message_unref(message);
    }
    engine_delete_iam_policy(engine, snapshot->name);
    engine_record_deletion(engine, snapshot->owner);
    HASH_DEL(engine->snapshots, snapshot);
    heap_remove(&engine->due_snapshots, &snapshot->due);
    retained_messages_done(&snapshot->retained);
    json_decref(snapshot->config);
    free(snapshot->name);
    free(snapshot);
}
