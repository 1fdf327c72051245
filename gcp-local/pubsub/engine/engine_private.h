/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the engine share. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_ENGINE_PRIVATE_H
#define GCP_LOCAL_PUBSUB_ENGINE_ENGINE_PRIVATE_H

#include "gcp-local/pubsub/engine/engine.h"

/* Adds an entry to the changes, unless there is no store. */
void engine_record(struct engine *engine, struct journal_entry entry);

/* Records a created or updated resource, or a deleted one. */
void engine_record_resource(struct engine *engine, int64_t owner, const char *name,
                            const json_t *config);
void engine_record_deletion(struct engine *engine, int64_t owner);

/* Records that owner keeps the message; the first owner records the message, too. */
void engine_retain(struct engine *engine, int64_t owner, struct stored_message *message,
                   bool acked);

/* Records that owner no longer keeps it; the last owner deletes the message. */
void engine_unretain(struct engine *engine, int64_t owner, struct stored_message *message);

/* Releases and frees an entry of a subscription. */
void engine_remove_entry(struct engine *engine, struct subscription *subscription,
                         struct queue_entry *entry);

/* To be called after each change of a subscription's queue: finds out when it is due next, and
 * whether it has messages to deliver. */
void engine_reschedule(struct engine *engine, struct subscription *subscription);

/* Add a resource to the tables, unchecked and unrecorded. */
struct topic *engine_add_topic(struct engine *engine, int64_t owner, json_t *config);
struct subscription *engine_add_subscription(struct engine *engine, int64_t owner, json_t *config,
                                             struct subscription_settings settings, int64_t now_ns);
struct snapshot *engine_add_snapshot(struct engine *engine, int64_t owner, json_t *config,
                                     struct topic *topic);
struct iam_policy *engine_add_iam_policy(struct engine *engine, int64_t owner, const char *name);

/* Deletes the policy of a resource, if it has one. */
void engine_delete_iam_policy(struct engine *engine, const char *name);

void engine_attach(struct subscription *subscription, struct topic *topic);

/* To be called after any change of what a topic retains, or for how long. */
void engine_reschedule_topic(struct engine *engine, struct topic *topic);

#endif
