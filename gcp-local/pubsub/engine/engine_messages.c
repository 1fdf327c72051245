/* The engine's messages: published, leased, acked, returned, sent to the dead letter topic. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/engine/engine_private.h"
#include "gcp-local/pubsub/engine/names.h"
#include "gcp-local/pubsub/engine/retained_messages.h"

#include <utlist.h>

enum { MOST_PULLED_BYTES = 16 << 20 };

static void note(struct engine *engine, struct change change)
{
    if (engine->keeps_changes)
        changes_add(&engine->changes, change);
}

void engine_hold(struct engine *engine, int64_t owner, struct message *message, bool acked)
{
    if (message->holders++ == 0 && engine->keeps_changes)
        note(engine, (struct change){.kind = CHANGE_PUT_MESSAGE, .message = message_ref(message)});
    note(engine,
         (struct change){.kind = CHANGE_HOLD, .owner = owner, .id = message->id, .acked = acked});
}

void engine_release(struct engine *engine, int64_t owner, struct message *message)
{
    note(engine, (struct change){.kind = CHANGE_RELEASE, .owner = owner, .id = message->id});
    if (--message->holders == 0)
        note(engine, (struct change){.kind = CHANGE_DROP_MESSAGE, .id = message->id});
}

void engine_drop_entry(struct engine *engine, struct subscription *subscription,
                       struct entry *entry)
{
    engine_release(engine, subscription->owner, entry->message);
    backlog_drop(&subscription->backlog, entry);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void engine_settle(struct engine *engine, struct subscription *subscription)
{
    const struct backlog *backlog = &subscription->backlog;
    const struct rules *rules = &subscription->rules;
    const struct heap_node *timer = heap_first(&backlog->timers);
    int64_t due = timer ? timer->key : INT64_MAX;
    if (backlog->log)
        due = earlier(due, backlog->log->message->published_ns + rules->retention_ns);
    if (rules->ttl_ns)
        due = earlier(due, subscription->used_ns + rules->ttl_ns);
    heap_set(&engine->due, &subscription->due, due);

    if (!subscription->woken && heap_first(&backlog->ready)) {
        subscription->woken = true;
        DL_APPEND(engine->woken, subscription);
    }
}

struct subscription *engine_take_woken(struct engine *engine)
{
    struct subscription *first = engine->woken;
    if (first) {
        DL_DELETE(engine->woken, first);
        first->woken = false;
    }
    return first;
}

/* ---- publishing ---- */

void engine_trim_topic(struct engine *engine, struct topic *topic, int64_t now_ns)
{
    while (topic->kept.count &&
           shelf_at(&topic->kept, 0)->published_ns + topic->retention_ns <= now_ns) {
        struct message *message = shelf_take(&topic->kept);
        engine_release(engine, topic->owner, message);
        message_unref(message);
    }
}

static void keep(struct engine *engine, struct topic *topic, struct message *message)
{
    if (topic->retention_ns) {
        engine_hold(engine, topic->owner, message, false);
        shelf_add(&topic->kept, message);
    }
    if (topic->snapshot_count == 0)
        return;
    struct snapshot *snapshot, *next;
    HASH_ITER(hh, engine->snapshots, snapshot, next)
    {
        if (snapshot->topic == topic) {
            engine_hold(engine, snapshot->owner, message, false);
            shelf_add(&snapshot->kept, message);
        }
    }
}

static void offer(struct engine *engine, struct subscription *subscription, struct message *message)
{
    const struct filter *filter = subscription->rules.filter;
    if (filter && !filter_matches(filter, message))
        return;
    engine_hold(engine, subscription->owner, message, false);
    backlog_add(&subscription->backlog, message, ENTRY_READY);
}

void engine_publish(struct engine *engine, struct topic *topic, struct message *const *messages,
                    size_t count, int64_t now_ns)
{
    engine_trim_topic(engine, topic, now_ns);
    if (topic->snapshot_count)
        engine_expire_snapshots(engine, now_ns);
    for (size_t i = 0; i < count; i++) {
        messages[i]->id = engine->next_message++;
        messages[i]->published_ns = now_ns - now_ns % NS_PER_MS;
        for (size_t s = 0; s < topic->subscription_count; s++)
            offer(engine, topic->subscriptions[s], messages[i]);
        keep(engine, topic, messages[i]);
    }
    for (size_t s = 0; s < topic->subscription_count; s++)
        engine_settle(engine, topic->subscriptions[s]);
}

/* ---- dead letters ---- */

/* A copy of the message that says where it comes from. */
static struct message *dead_letter(const struct subscription *subscription,
                                   const struct entry *entry)
{
    const struct message *message = entry->message;
    struct bytes attributes = message_attributes(message);
    OWN(buf) struct buf packed = {0};
    buf_add(&packed, attributes.data, attributes.len);

    char time[PROTO_TIME_TEXT];
    proto_time_text(message->published_ns, time);
    size_t len;
    const char *name = name_project(subscription->name, &len);
    OWN(free) char *project = str_copy_bytes((struct bytes){name, len});
    OWN(free) char *attempts = str_format("%u", (unsigned)entry->attempts);
    attributes_add(&packed, "CloudPubSubDeadLetterSourceDeliveryCount", attempts);
    attributes_add(&packed, "CloudPubSubDeadLetterSourceSubscription", name_id(subscription->name));
    attributes_add(&packed, "CloudPubSubDeadLetterSourceSubscriptionProject", project);
    attributes_add(&packed, "CloudPubSubDeadLetterSourceTopicPublishTime", time);
    return message_new(bytes_of(message_key(message)), buf_bytes(&packed),
                       message->attribute_count + 4, message_data(message));
}

static bool forward(struct engine *engine, struct subscription *subscription, struct entry *entry,
                    int64_t now_ns)
{
    const struct rules *rules = &subscription->rules;
    if (!rules->dead_letter_topic || entry->attempts < (uint32_t)rules->most_attempts)
        return false;
    struct topic *topic = engine_topic(engine, rules->dead_letter_topic);
    if (!topic)
        return false;
    struct message *copy = dead_letter(subscription, entry);
    engine_drop_entry(engine, subscription, entry);
    engine_publish(engine, topic, &copy, 1, now_ns);
    message_unref(copy);
    return true;
}

/* ---- leases ---- */

/* The pause before the next attempt: doubled with each, within the policy's bounds. */
static int64_t backoff_ns(const struct rules *rules, uint32_t attempts)
{
    int64_t pause = rules->least_backoff_ns;
    for (uint32_t i = 1; i < attempts && pause < rules->most_backoff_ns; i++)
        pause = pause ? pause * 2 : NS_PER_SEC;
    return earlier(pause, rules->most_backoff_ns);
}

/* A delivery that was not acked in time, or given back. */
static void fail_delivery(struct engine *engine, struct subscription *subscription,
                          struct entry *entry, int64_t now_ns)
{
    if (forward(engine, subscription, entry, now_ns))
        return;
    int64_t pause = backoff_ns(&subscription->rules, entry->attempts);
    backlog_return(&subscription->backlog, entry, pause ? now_ns + pause : 0);
}

size_t engine_pull(struct engine *engine, struct subscription *subscription, int64_t now_ns,
                   size_t most, bool single, struct lease *out)
{
    subscription->used_ns = now_ns;
    size_t count =
        backlog_lease(&subscription->backlog, now_ns + subscription->rules.ack_deadline_ns,
                      &engine->next_lease, most, MOST_PULLED_BYTES, single, out);
    engine_settle(engine, subscription);
    return count;
}

bool engine_ack(struct engine *engine, struct subscription *subscription, int64_t number,
                uint32_t slot, int64_t now_ns)
{
    struct entry *entry = backlog_find(&subscription->backlog, number, slot);
    if (!entry)
        return false;
    subscription->used_ns = now_ns;
    if (subscription->rules.retain_acked) {
        backlog_retire(&subscription->backlog, entry);
        note(engine, (struct change){.kind = CHANGE_HOLD,
                                     .owner = subscription->owner,
                                     .id = entry->message->id,
                                     .acked = true});
    } else {
        engine_drop_entry(engine, subscription, entry);
    }
    engine_settle(engine, subscription);
    return true;
}

bool engine_modify(struct engine *engine, struct subscription *subscription, int64_t number,
                   uint32_t slot, int64_t seconds, int64_t now_ns)
{
    struct entry *entry = backlog_find(&subscription->backlog, number, slot);
    if (!entry)
        return false;
    if (seconds > 0)
        backlog_extend(&subscription->backlog, entry, now_ns + seconds * NS_PER_SEC);
    else
        fail_delivery(engine, subscription, entry, now_ns);
    engine_settle(engine, subscription);
    return true;
}

/* ---- time ---- */

static void drop_old(struct engine *engine, struct subscription *subscription, int64_t now_ns)
{
    struct entry *first;
    while ((first = subscription->backlog.log) &&
           first->message->published_ns + subscription->rules.retention_ns <= now_ns)
        engine_drop_entry(engine, subscription, first);
}

static void tick(struct engine *engine, struct subscription *subscription, int64_t now_ns)
{
    const struct rules *rules = &subscription->rules;
    if (rules->ttl_ns && subscription->used_ns + rules->ttl_ns <= now_ns) {
        engine_delete_subscription(engine, subscription);
        return;
    }
    drop_old(engine, subscription, now_ns);
    struct entry *entry;
    while ((entry = backlog_due(&subscription->backlog, now_ns)))
        if (entry->state == ENTRY_LEASED)
            fail_delivery(engine, subscription, entry, now_ns);
        else
            backlog_wake(&subscription->backlog, entry);
    engine_settle(engine, subscription);
}

int64_t engine_next_due(const struct engine *engine)
{
    const struct heap_node *first = heap_first(&engine->due);
    return first ? first->key : INT64_MAX;
}

void engine_tick(struct engine *engine, int64_t now_ns)
{
    while (engine_next_due(engine) <= now_ns)
        tick(engine, heap_owner(heap_first(&engine->due), struct subscription, due), now_ns);
}
