/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub without sockets, files and clocks: topics, subscriptions, snapshots and the messages
 * between them. Time comes in as now_ns; what the store should write comes out in changes, and
 * subscriptions that have something to deliver in woken. One thread at a time. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_ENGINE_H
#define GCP_LOCAL_PUBSUB_ENGINE_ENGINE_H

#include "gcp-local/pubsub/engine/engine_journal.h"
#include "gcp-local/pubsub/engine/settings.h"
#include "gcp-local/pubsub/engine/subscription_queue.h"

#include <uthash.h>

/* Messages that are kept, oldest first. All zero is empty. */
struct retained_messages {
    struct stored_message **list; /* first…first+count are in use */
    size_t first, count, size;
};

struct topic {
    char *name;
    json_t *config;
    int64_t owner; /* its number in the store */
    int64_t retention_ns;
    struct retained_messages kept; /* while retention_ns is set */
    struct subscription **subscriptions;
    size_t subscription_count, subscription_size, snapshot_count;
    UT_hash_handle hh;
};

struct subscription {
    char *name;
    json_t *config;
    int64_t owner;
    struct subscription_settings rules;
    struct topic *topic; /* NULL once deleted or detached */
    struct subscription_queue backlog;
    struct heap_node due;             /* when the engine must look at it */
    int64_t used_ns;                  /* last time that somebody asked it for messages */
    struct subscription *prev, *next; /* in engine->woken */
    bool woken;
    /* what delivers its messages; opaque to the engine */
    struct long_poll *polls;
    struct pusher *pusher;
    UT_hash_handle hh;
};

struct snapshot {
    char *name;
    json_t *config;
    int64_t owner;
    int64_t expires_ns;
    struct topic *topic;           /* NULL once deleted */
    struct retained_messages kept; /* what was not acked, and what was published since */
    UT_hash_handle hh;
};

/* An IAM policy that somebody set. */
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
    struct heap due;            /* subscriptions */
    struct subscription *woken; /* have ready messages; see engine_take_ready */
    int64_t next_message, next_lease, next_owner;
    bool journal_enabled;
    struct engine_journal changes;
    struct resource_owner *owners; /* by number, while loading */
    /* called before a subscription is freed, to let go of polls and pusher; may be NULL */
    void (*gone)(struct subscription *subscription, void *context);
    void *context;
};

/* Numbers of messages and leases start at the time in microseconds, so that those of an earlier
 * run do not come again. */
void engine_init(struct engine *engine, int64_t now_ns, bool journal_enabled);
void engine_done(struct engine *engine);

struct topic *engine_topic(const struct engine *engine, const char *name);
struct subscription *engine_subscription(const struct engine *engine, const char *name);
struct snapshot *engine_snapshot(const struct engine *engine, const char *name);

/* ERR_CONFLICT when the name is taken. */
struct topic *engine_create_topic(struct engine *engine, json_t *config, struct err *err);
void engine_update_topic(struct engine *engine, struct topic *topic, json_t *config);

/* Its subscriptions live on, with what they have. */
void engine_delete_topic(struct engine *engine, struct topic *topic);

/* config is complete (see settings_complete_subscription); its topic and dead letter topic must
 * exist. */
struct subscription *engine_create_subscription(struct engine *engine, json_t *config,
                                                int64_t now_ns, struct err *err);
bool engine_update_subscription(struct engine *engine, struct subscription *subscription,
                                json_t *config, int64_t now_ns, struct err *err);
void engine_delete_subscription(struct engine *engine, struct subscription *subscription);

/* Drops its messages and takes it from its topic. */
void engine_detach(struct engine *engine, struct subscription *subscription);

struct snapshot *engine_create_snapshot(struct engine *engine, const char *name,
                                        struct subscription *subscription, json_t *labels,
                                        int64_t now_ns, struct err *err);
void engine_update_snapshot(struct engine *engine, struct snapshot *snapshot, json_t *config);
void engine_delete_snapshot(struct engine *engine, struct snapshot *snapshot);

/* Deletes the snapshots whose time is over. */
void engine_expire_snapshots(struct engine *engine, int64_t now_ns);

/* The policy of a resource, or NULL. */
const json_t *engine_iam_policy(const struct engine *engine, const char *name);
void engine_set_iam_policy(struct engine *engine, const char *name, json_t *config);

/* Gives the messages ids and a time, and to each subscription of the topic those that it wants. */
void engine_publish(struct engine *engine, struct topic *topic,
                    struct stored_message *const *messages, size_t count, int64_t now_ns);

/* Leases up to most ready messages; see subscription_queue_lease. */
size_t engine_pull(struct engine *engine, struct subscription *subscription, int64_t now_ns,
                   size_t most, bool single, struct lease *out);

/* False when the lease is no longer held. */
bool engine_ack(struct engine *engine, struct subscription *subscription, int64_t number,
                uint32_t slot, int64_t now_ns);

/* The lease ends in so many seconds; 0 gives the message back. False as above. */
bool engine_modify_ack_deadline(struct engine *engine, struct subscription *subscription,
                                int64_t number, uint32_t slot, int64_t seconds, int64_t now_ns);

/* Everything published before counts as acked, everything since as not; or as the snapshot has it.
 */
void engine_seek(struct engine *engine, struct subscription *subscription, int64_t time_ns,
                 int64_t now_ns);
void engine_seek_snapshot(struct engine *engine, struct subscription *subscription,
                          const struct snapshot *snapshot, int64_t now_ns);

/* Does what is due by now: deadlines, pauses, retention, expiry. */
void engine_tick(struct engine *engine, int64_t now_ns);

/* When engine_tick has something to do next; INT64_MAX for never. */
int64_t engine_next_due(const struct engine *engine);

/* The next subscription that has got ready messages, taken off the list; NULL at the end. */
struct subscription *engine_take_ready(struct engine *engine);

bool engine_load_resource(struct engine *engine, int64_t owner, const char *name, json_t *config,
                          int64_t now_ns, struct err *err);

/* The messages must come in the order of their ids. An owner that is not there is no failure. */
void engine_load_retained(struct engine *engine, int64_t owner, struct stored_message *message,
                          bool acked);

/* To be called once after the last. */
void engine_load_end(struct engine *engine);

#endif
