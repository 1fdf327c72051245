/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's files share. */
#ifndef GCP_LOCAL_PUBSUB_ENGINE_ENGINE_PRIVATE_H
#define GCP_LOCAL_PUBSUB_ENGINE_ENGINE_PRIVATE_H

#include "gcp-local/pubsub/engine/engine.h"

/* Notes that owner keeps the message; the first time that anybody does, the message too. */
void engine_retain(struct engine *engine, int64_t owner, struct stored_message *message,
                   bool acked);

/* Notes that owner lets go of it; the last one drops the message. */
void engine_unretain(struct engine *engine, int64_t owner, struct stored_message *message);

/* Releases and frees an entry of a subscription. */
void engine_remove_entry(struct engine *engine, struct subscription *subscription,
                         struct queue_entry *entry);

/* To be called after any change of a subscription's backlog: when it is due next, and whether it
 * has something to deliver. */
void engine_reschedule(struct engine *engine, struct subscription *subscription);

/* Notes a created or updated resource. */
void engine_record_resource(struct engine *engine, int64_t owner, const char *name,
                            const json_t *config);

/* Add a resource to the tables, without any note or check. */
struct topic *engine_add_topic(struct engine *engine, int64_t owner, json_t *config);
struct subscription *engine_add_subscription(struct engine *engine, int64_t owner, json_t *config,
                                             struct subscription_settings rules, int64_t now_ns);
struct snapshot *engine_add_snapshot(struct engine *engine, int64_t owner, json_t *config,
                                     struct topic *topic);
struct iam_policy *engine_add_iam_policy(struct engine *engine, int64_t owner, const char *name);
void engine_attach(struct subscription *subscription, struct topic *topic);

/* Lets a topic forget what it kept for too long. */
void engine_trim_topic(struct engine *engine, struct topic *topic, int64_t now_ns);

#endif
