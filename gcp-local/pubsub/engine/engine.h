/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub without sockets, files, clocks and random numbers: topics, subscriptions, snapshots and
 * their messages. Time comes in as now_ns; changes lists what the store is to write, ready the
 * subscriptions that have messages to deliver. Used by one thread at a time, which calls
 * engine_tick before anything else whenever now_ns has changed. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_ENGINE_H
#define GCP_LOCAL_PUBSUB_ENGINE_ENGINE_H

#include "gcp-local/pubsub/engine/engine_journal.h"
#include "gcp-local/pubsub/engine/retained_messages.h"
#include "gcp-local/pubsub/engine/settings.h"
#include "gcp-local/pubsub/engine/subscription_queue.h"

#include <uthash.h>

struct topic {
    char *name;
    json_t *config;
    int64_t owner; /* number in the store */
    int64_t retention_ns;
    struct retained_messages retained; /* empty while retention_ns is 0 */
    struct subscription **subscriptions;
    size_t subscription_count, subscription_size, snapshot_count;
    struct heap_node due; /* when its oldest retained message expires */
    UT_hash_handle hh;
};

struct subscription {
    char *name;
    json_t *config;
    int64_t owner;
    struct subscription_settings settings;
    struct topic *topic; /* NULL once deleted or detached */
    struct subscription_queue queue;
    struct heap_node due;             /* when engine_tick has something to do for it */
    int64_t last_used_ns;             /* when it was last pulled from, acked or changed */
    struct subscription *prev, *next; /* in engine->ready */
    bool in_ready_list;
    /* what delivers its messages; opaque to the engine */
    struct long_poll *polls;
    struct pusher *pusher;
    UT_hash_handle hh;
};

struct snapshot {
    char *name;
    json_t *config;
    int64_t owner;
    struct heap_node due;              /* when it expires */
    struct topic *topic;               /* NULL once deleted */
    struct retained_messages retained; /* what was not acked, and what was published later */
    UT_hash_handle hh;
};

/* An IAM policy that was set. */
struct iam_policy {
    char *name; /* of the resource */
    json_t *config;
    int64_t owner;
    UT_hash_handle hh;
};

struct resource_owner;

struct engine {
    struct topic *topics;
    struct subscription *subscriptions;
    struct snapshot *snapshots;
    struct iam_policy *policies;
    struct heap due_subscriptions, due_topics, due_snapshots;
    struct subscription *ready; /* have ready messages; see engine_take_ready */
    int64_t next_message, next_lease, next_owner;
    bool journal_enabled;
    struct engine_journal changes;
    struct resource_owner *owners; /* by number, while loading */
    /* Called before a subscription is freed, to release polls and pusher. May be NULL. */
    void (*on_deleted)(struct subscription *subscription, void *context);
    void *on_deleted_context;
};

/* Ids of messages and leases start at the time in microseconds, so that those of an earlier process
 * are not used again. With journal_enabled, changes are listed for a store. */
void engine_init(struct engine *engine, int64_t now_ns, bool journal_enabled);
void engine_done(struct engine *engine);

struct topic *engine_topic(const struct engine *engine, const char *name);
struct subscription *engine_subscription(const struct engine *engine, const char *name);
struct snapshot *engine_snapshot(const struct engine *engine, const char *name);

/* ERR_CONFLICT when the name is taken. */
struct topic *engine_create_topic(struct engine *engine, json_t *config, struct err *err);
void engine_update_topic(struct engine *engine, struct topic *topic, json_t *config);

/* Its subscriptions stay, with their messages. */
void engine_delete_topic(struct engine *engine, struct topic *topic);

/* config is complete (see settings_complete_subscription); its topic and dead letter topic must
 * exist. */
struct subscription *engine_create_subscription(struct engine *engine, json_t *config,
                                                int64_t now_ns, struct err *err);
bool engine_update_subscription(struct engine *engine, struct subscription *subscription,
                                json_t *config, int64_t now_ns, struct err *err);
void engine_delete_subscription(struct engine *engine, struct subscription *subscription);

/* Deletes its messages and detaches it from its topic. */
void engine_detach(struct engine *engine, struct subscription *subscription);

struct snapshot *engine_create_snapshot(struct engine *engine, const char *name,
                                        struct subscription *subscription, json_t *labels,
                                        int64_t now_ns, struct err *err);
void engine_update_snapshot(struct engine *engine, struct snapshot *snapshot, json_t *config);
void engine_delete_snapshot(struct engine *engine, struct snapshot *snapshot);

/* The policy of a resource, or NULL. */
const json_t *engine_iam_policy(const struct engine *engine, const char *name);
void engine_set_iam_policy(struct engine *engine, const char *name, json_t *config);

/* Gives the messages ids and a publish time, and adds them to each subscription of the topic whose
 * filter matches. */
void engine_publish(struct engine *engine, struct topic *topic,
                    struct stored_message *const *messages, size_t count, int64_t now_ns);

/* Leases up to max ready messages; see subscription_queue_lease. */
size_t engine_pull(struct engine *engine, struct subscription *subscription, int64_t now_ns,
                   size_t max, bool single, struct lease *out);

/* False when the lease is no longer held. */
bool engine_ack(struct engine *engine, struct subscription *subscription, int64_t number,
                uint32_t slot, int64_t now_ns);

/* The lease ends in so many seconds; 0 gives the message back. False when it is no longer held. */
bool engine_modify_ack_deadline(struct engine *engine, struct subscription *subscription,
                                int64_t number, uint32_t slot, int64_t seconds, int64_t now_ns);

/* Gives a message back that was not delivered: the attempt does not count. Nothing when the lease
 * is no longer held. */
void engine_cancel_lease(struct engine *engine, struct subscription *subscription, int64_t number,
                         uint32_t slot);

/* What was published before the time counts as acked, what was published later as not. */
void engine_seek(struct engine *engine, struct subscription *subscription, int64_t time_ns,
                 int64_t now_ns);

/* What the snapshot holds counts as not acked, the rest as acked. */
void engine_seek_snapshot(struct engine *engine, struct subscription *subscription,
                          const struct snapshot *snapshot, int64_t now_ns);

/* Does what is due by now: ack deadlines, backoff, retention, expiry. */
void engine_tick(struct engine *engine, int64_t now_ns);

/* When engine_tick has something to do next; INT64_MAX for never. */
int64_t engine_next_due(const struct engine *engine);

/* Removes the next subscription from the ready list; NULL at the end. */
struct subscription *engine_take_ready(struct engine *engine);

/* Loading what a store has kept: resources in the order of their owner numbers, then messages in
 * the order of their ids, then the end. */

bool engine_load_resource(struct engine *engine, int64_t owner, const char *name, json_t *config,
                          int64_t now_ns, struct err *err);

/* An owner that does not exist is ignored. */
void engine_load_retained(struct engine *engine, int64_t owner, struct stored_message *message,
                          bool acked);

void engine_load_end(struct engine *engine);

#endif
