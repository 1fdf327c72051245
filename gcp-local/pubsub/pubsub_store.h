/* SPDX-License-Identifier: Apache-2.0 */
/* What Pub/Sub keeps on disk: one SQLite file, pubsub.db.
 *
 * Whoever finds nobody writing writes for all who came meanwhile, in one transaction; so one
 * client alone pays for a transaction each, and many share them. A transaction survives the end of
 * the process however it comes; it is not synced against power loss. */
#ifndef GCP_LOCAL_PUBSUB_PUBSUB_STORE_H
#define GCP_LOCAL_PUBSUB_PUBSUB_STORE_H

#include "gcp-local/pubsub/engine/engine.h"

struct pubsub_store;

/* Opens or makes the file, and fills an empty engine from it. NULL and err, naming the file. */
struct pubsub_store *pubsub_store_open(const char *data_dir, struct engine *engine, int64_t now_ns,
                                       struct err *err);

/* Called when the changes are safe, or with err when they could not be written. */
typedef void pubsub_store_written(void *context, const struct err *err);

/* Queues changes (emptied); to be called in the order of the changes. written may be NULL. */
void pubsub_store_add(struct pubsub_store *store, struct engine_journal *changes,
                      pubsub_store_written *written, void *context);

/* Sees to it that all that was queued is written, now or by the thread that is writing already. */
void pubsub_store_flush(struct pubsub_store *store);

/* False with err (ERR_UNAVAILABLE) while earlier changes cannot be written, the disk being full,
 * say. They are tried again first. */
bool pubsub_store_ready(struct pubsub_store *store, struct err *err);

/* Forgets everything. */
bool pubsub_store_reset(struct pubsub_store *store, struct err *err);

void pubsub_store_close(struct pubsub_store *store);

#endif
