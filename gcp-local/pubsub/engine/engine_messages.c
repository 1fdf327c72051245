/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of the engine: published, leased, acked, given back, dead-lettered. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/engine/engine_private.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"

#include <utlist.h>

enum { MAX_PULLED_BYTES = 16 << 20 };

void engine_retain(struct engine *engine, int64_t owner, struct stored_message *message, bool acked)
{
    if (message->holders++ == 0 && engine->journal_enabled)
        engine_record(engine, (struct journal_entry){.kind = JOURNAL_PUT_MESSAGE,
                                                     .message = stored_message_ref(message)});
    engine_record(engine,
                  (struct journal_entry){
                      .kind = JOURNAL_RETAIN, .owner = owner, .id = message->id, .acked = acked});
}

void engine_unretain(struct engine *engine, int64_t owner, struct stored_message *message)
{
    engine_record(engine, (struct journal_entry){
                              .kind = JOURNAL_UNRETAIN, .owner = owner, .id = message->id});
    if (--message->holders == 0)
        engine_record(engine,
                      (struct journal_entry){.kind = JOURNAL_DELETE_MESSAGE, .id = message->id});
}

void engine_remove_entry(struct engine *engine, struct subscription *subscription,
                         struct queue_entry *entry)
{
    engine_unretain(engine, subscription->owner, entry->message);
    subscription_queue_remove(&subscription->queue, entry);
}

static int64_t min_ns(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When an unused subscription is deleted; INT64_MAX for never, and for what the clock cannot hold.
 */
static int64_t expiry_ns(const struct subscription *subscription)
{
    int64_t ttl_ns = subscription->settings.ttl_ns, expiry;
    bool never = !ttl_ns || __builtin_add_overflow(subscription->last_used_ns, ttl_ns, &expiry);
    return never ? INT64_MAX : expiry;
}

void engine_reschedule(struct engine *engine, struct subscription *subscription)
{
    const struct subscription_queue *queue = &subscription->queue;
    const struct subscription_settings *settings = &subscription->settings;
    const struct heap_node *timer = heap_first(&queue->timers);
    int64_t due = timer ? timer->key : INT64_MAX;
    if (queue->log)
        due = min_ns(due, queue->log->message->published_ns + settings->retention_ns);
    due = min_ns(due, expiry_ns(subscription));
    heap_set(&engine->due_subscriptions, &subscription->due, due);

    if (!subscription->in_ready_list && heap_first(&queue->ready)) {
        subscription->in_ready_list = true;
        DL_APPEND(engine->ready, subscription);
    }
}

struct subscription *engine_take_ready(struct engine *engine)
{
    struct subscription *first = engine->ready;
    if (first) {
        DL_DELETE(engine->ready, first);
        first->in_ready_list = false;
    }
    return first;
}

void engine_reschedule_topic(struct engine *engine, struct topic *topic)
{
    if (topic->retained.count)
        heap_set(&engine->due_topics, &topic->due,
                 retained_messages_at(&topic->retained, 0)->published_ns + topic->retention_ns);
    else
        heap_remove(&engine->due_topics, &topic->due);
}

static void retain_published(struct engine *engine, struct topic *topic,
                             struct stored_message *message)
{
    if (topic->retention_ns) {
        engine_retain(engine, topic->owner, message, false);
        retained_messages_add(&topic->retained, message);
        engine_reschedule_topic(engine, topic);
    }
    if (topic->snapshot_count == 0)
        return;
    struct snapshot *snapshot, *next;
    HASH_ITER(hh, engine->snapshots, snapshot, next)
    {
        if (snapshot->topic == topic) {
            engine_retain(engine, snapshot->owner, message, false);
            retained_messages_add(&snapshot->retained, message);
        }
    }
}

static void enqueue(struct engine *engine, struct subscription *subscription,
                    struct stored_message *message)
{
    const struct filter *filter = subscription->settings.filter;
    if (filter && !filter_matches(filter, message))
        return;
    engine_retain(engine, subscription->owner, message, false);
    subscription_queue_add(&subscription->queue, message, ENTRY_READY);
}

void engine_publish(struct engine *engine, struct topic *topic,
                    struct stored_message *const *messages, size_t count, int64_t now_ns)
{
    for (size_t i = 0; i < count; i++) {
        messages[i]->id = engine->next_message++;
        messages[i]->published_ns = now_ns - now_ns % NS_PER_MS;
        for (size_t s = 0; s < topic->subscription_count; s++)
            enqueue(engine, topic->subscriptions[s], messages[i]);
        retain_published(engine, topic, messages[i]);
    }
    for (size_t s = 0; s < topic->subscription_count; s++)
        engine_reschedule(engine, topic->subscriptions[s]);
}

/* A copy of the message with attributes that name its source, in place of those that an earlier
 * dead letter topic has added. */
static struct stored_message *dead_letter_copy(const struct subscription *subscription,
                                               const struct queue_entry *entry)
{
    const struct stored_message *message = entry->message;
    char time[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(message->published_ns, time);
    size_t len;
    const char *name = pubsub_name_project(subscription->name, &len);
    OWN(free) char *project = str_copy_bytes((struct bytes){name, len});
    OWN(free) char *attempts = str_format("%u", (unsigned)entry->attempts);
    const struct {
        const char *name, *value;
    } source[] = {
        {"CloudPubSubDeadLetterSourceDeliveryCount", attempts},
        {"CloudPubSubDeadLetterSourceSubscription", pubsub_name_id(subscription->name)},
        {"CloudPubSubDeadLetterSourceSubscriptionProject", project},
        {"CloudPubSubDeadLetterSourceTopicPublishTime", time},
    };

    OWN(buf) struct buf packed = {0};
    uint32_t count = ARRAY_SIZE(source);
    const char *position = NULL, *value;
    while (stored_message_next_attribute(stored_message_attributes(message), &position, &name,
                                         &value)) {
        size_t i = 0;
        while (i < ARRAY_SIZE(source) && !str_equal(source[i].name, name))
            i++;
        if (i < ARRAY_SIZE(source))
            continue;
        stored_message_pack_attribute(&packed, name, value);
        count++;
    }
    for (size_t i = 0; i < ARRAY_SIZE(source); i++)
        stored_message_pack_attribute(&packed, source[i].name, source[i].value);
    return stored_message_new(bytes_of(stored_message_ordering_key(message)), buf_bytes(&packed),
                              count, stored_message_data(message));
}

static bool move_to_dead_letter_topic(struct engine *engine, struct subscription *subscription,
                                      struct queue_entry *entry, int64_t now_ns)
{
    const struct subscription_settings *settings = &subscription->settings;
    if (!settings->dead_letter_topic || entry->attempts < (uint32_t)settings->max_attempts)
        return false;
    struct topic *topic = engine_topic(engine, settings->dead_letter_topic);
    if (!topic)
        return false;
    struct stored_message *copy = dead_letter_copy(subscription, entry);
    engine_remove_entry(engine, subscription, entry);
    engine_publish(engine, topic, &copy, 1, now_ns);
    stored_message_unref(copy);
    return true;
}

/* The pause before the next attempt: doubled with each attempt, within the bounds of the policy. */
static int64_t backoff_ns(const struct subscription_settings *settings, uint32_t attempts)
{
    int64_t pause = settings->min_backoff_ns;
    for (uint32_t i = 1; i < attempts && pause < settings->max_backoff_ns; i++)
        pause = pause ? pause * 2 : NS_PER_SEC;
    return min_ns(pause, settings->max_backoff_ns);
}

/* A delivery that was not acked in time, or was given back. */
static void fail_delivery(struct engine *engine, struct subscription *subscription,
                          struct queue_entry *entry, int64_t now_ns)
{
    if (move_to_dead_letter_topic(engine, subscription, entry, now_ns))
        return;
    int64_t pause = backoff_ns(&subscription->settings, entry->attempts);
    subscription_queue_requeue(&subscription->queue, entry, pause ? now_ns + pause : 0);
}

size_t engine_pull(struct engine *engine, struct subscription *subscription, int64_t now_ns,
                   size_t max, bool single, struct lease *out)
{
    subscription->last_used_ns = now_ns;
    size_t count = subscription_queue_lease(
        &subscription->queue, now_ns + subscription->settings.ack_deadline_ns, &engine->next_lease,
        max, MAX_PULLED_BYTES, single, out);
    engine_reschedule(engine, subscription);
    return count;
}

bool engine_ack(struct engine *engine, struct subscription *subscription, int64_t number,
                uint32_t slot, int64_t now_ns)
{
    struct queue_entry *entry = subscription_queue_find(&subscription->queue, number, slot);
    if (!entry)
        return false;
    subscription->last_used_ns = now_ns;
    if (subscription->settings.retain_acked) {
        subscription_queue_ack(&subscription->queue, entry);
        engine_record(engine, (struct journal_entry){.kind = JOURNAL_RETAIN,
                                                     .owner = subscription->owner,
                                                     .id = entry->message->id,
                                                     .acked = true});
    } else {
        engine_remove_entry(engine, subscription, entry);
    }
    engine_reschedule(engine, subscription);
    return true;
}

bool engine_modify_ack_deadline(struct engine *engine, struct subscription *subscription,
                                int64_t number, uint32_t slot, int64_t seconds, int64_t now_ns)
{
    struct queue_entry *entry = subscription_queue_find(&subscription->queue, number, slot);
    if (!entry)
        return false;
    if (seconds > 0)
        subscription_queue_extend(&subscription->queue, entry, now_ns + seconds * NS_PER_SEC);
    else
        fail_delivery(engine, subscription, entry, now_ns);
    engine_reschedule(engine, subscription);
    return true;
}

void engine_cancel_lease(struct engine *engine, struct subscription *subscription, int64_t number,
                         uint32_t slot)
{
    struct queue_entry *entry = subscription_queue_find(&subscription->queue, number, slot);
    if (!entry)
        return;
    entry->attempts--;
    subscription_queue_requeue(&subscription->queue, entry, 0);
    engine_reschedule(engine, subscription);
}

static void expire_messages(struct engine *engine, struct subscription *subscription,
                            int64_t now_ns)
{
    struct queue_entry *first;
    while ((first = subscription->queue.log) &&
           first->message->published_ns + subscription->settings.retention_ns <= now_ns)
        engine_remove_entry(engine, subscription, first);
}

static void tick_subscription(struct engine *engine, struct subscription *subscription,
                              int64_t now_ns)
{
    if (expiry_ns(subscription) <= now_ns) {
        engine_delete_subscription(engine, subscription);
        return;
    }
    expire_messages(engine, subscription, now_ns);
    struct queue_entry *entry;
    while ((entry = subscription_queue_due(&subscription->queue, now_ns)))
        if (entry->state == ENTRY_LEASED)
            fail_delivery(engine, subscription, entry, now_ns);
        else
            subscription_queue_end_backoff(&subscription->queue, entry);
    engine_reschedule(engine, subscription);
}

int64_t engine_next_due(const struct engine *engine)
{
    return min_ns(
        heap_first_key(&engine->due_subscriptions),
        min_ns(heap_first_key(&engine->due_topics), heap_first_key(&engine->due_snapshots)));
}

void engine_tick(struct engine *engine, int64_t now_ns)
{
    while (heap_first_key(&engine->due_subscriptions) <= now_ns)
        tick_subscription(
            engine,
            heap_container_of(heap_first(&engine->due_subscriptions), struct subscription, due),
            now_ns);
    while (heap_first_key(&engine->due_topics) <= now_ns) {
        struct topic *topic = heap_container_of(heap_first(&engine->due_topics), struct topic, due);
        struct stored_message *oldest = retained_messages_take(&topic->retained);
        engine_unretain(engine, topic->owner, oldest);
        stored_message_unref(oldest);
        engine_reschedule_topic(engine, topic);
    }
    while (heap_first_key(&engine->due_snapshots) <= now_ns)
        engine_delete_snapshot(
            engine, heap_container_of(heap_first(&engine->due_snapshots), struct snapshot, due));
}
