/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction with the engine: begin takes the lock of Pub/Sub and does what is due; end passes
 * on what the transaction brought about (messages to long polls and push endpoints, changes to the
 * store) and releases the lock. */
#ifndef GCP_LOCAL_PUBSUB_PUBSUB_TRANSACTION_H
#define GCP_LOCAL_PUBSUB_PUBSUB_TRANSACTION_H

#include "gcp-local/pubsub/long_poll.h"
#include "gcp-local/pubsub/pubsub_store.h"

struct pubsub;

struct pubsub_transaction {
    struct pubsub *pubsub;
    struct engine *engine;
    struct long_polls *polls;
    int64_t now_ns;
};

struct pubsub_transaction pubsub_transaction_begin(struct pubsub *pubsub);

/* written is called when the changes are safe: before pubsub_transaction_end returns, or later by
 * another thread. May be NULL. */
void pubsub_transaction_end(struct pubsub_transaction *tx, pubsub_store_written *written,
                            void *context);

/* Whether changes can be stored at present; else err (ERR_UNAVAILABLE). */
bool pubsub_transaction_ready(const struct pubsub_transaction *tx, struct err *err);

#endif
