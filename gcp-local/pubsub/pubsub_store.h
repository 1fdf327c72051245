/* SPDX-License-Identifier: Apache-2.0 */
/* What Pub/Sub keeps on disk: an SQLite database, pubsub.db.
 *
 * Group commit: the first caller to find that nothing is being written writes all that is queued,
 * in one transaction. A transaction survives the end of the process, but is not synced against
 * power loss. All calls but open and close may come from any thread. */
#ifndef GCP_LOCAL_PUBSUB_PUBSUB_STORE_H
#define GCP_LOCAL_PUBSUB_PUBSUB_STORE_H

#include "gcp-local/pubsub/engine/engine.h"

struct pubsub_store;

/* Opens or creates the database, and loads it into an empty engine. vfs is the name of a
 * sqlite3_vfs; NULL = the operating system's. NULL and err, which names the file. */
struct pubsub_store *pubsub_store_open(const char *data_dir, const char *vfs, struct engine *engine,
                                       int64_t now_ns, struct err *err);

/* Called when the changes are safe, or with err when they could not be written. */
typedef void pubsub_store_written(void *context, const struct err *err);

/* Queues changes, which are moved out; to be called in the order of the changes. written may be
 * NULL. */
void pubsub_store_add(struct pubsub_store *store, struct engine_journal *changes,
                      pubsub_store_written *written, void *context);

/* Writes what is queued, unless another thread is writing, which then does. False when a write has
 * failed; its changes stay queued, see pubsub_store_ready. */
bool pubsub_store_flush(struct pubsub_store *store);

/* Writes again what could not be written, if anything. False and err (ERR_UNAVAILABLE) when that
 * fails, the disk being full, for example. */
bool pubsub_store_ready(struct pubsub_store *store, struct err *err);

/* Deletes everything, with what is queued. To be called while nothing is added. */
bool pubsub_store_reset(struct pubsub_store *store, struct err *err);

/* Writes what is queued and frees. NULL is fine. */
void pubsub_store_close(struct pubsub_store *store);

#endif
