/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/pubsub_transaction.h"

#include "base/own.h"
#include "base/timestamp.h"
#include "gcp-local/pubsub/pubsub_private.h"

struct pubsub_transaction pubsub_transaction_begin(struct pubsub *pubsub)
{
    pthread_mutex_lock(&pubsub->lock);
    struct pubsub_transaction tx = {.pubsub = pubsub,
                                    .engine = &pubsub->engine,
                                    .polls = &pubsub->polls,
                                    .now_ns = timestamp_now_ns()};
    if (pubsub->store_retry_ns <= tx.now_ns) {
        struct err ignored = {0}; /* retried in a second */
        bool ok = pubsub_store_ready(pubsub->store, &ignored);
        pubsub->store_retry_ns = ok ? INT64_MAX : tx.now_ns + NS_PER_SEC;
    }
    engine_tick(tx.engine, tx.now_ns);
    long_poll_expire(tx.polls, tx.now_ns);
    push_resume(&pubsub->pushes, tx.now_ns);
    return tx;
}

bool pubsub_transaction_ready(const struct pubsub_transaction *tx, struct err *err)
{
    return !tx->pubsub->store || pubsub_store_ready(tx->pubsub->store, err);
}

int64_t pubsub_next_due_ns(const struct pubsub *pubsub)
{
    const int64_t due_ns[] = {
        engine_next_due(&pubsub->engine),
        heap_first_key(&pubsub->polls.deadlines),
        heap_first_key(&pubsub->pushes.resumes),
        pubsub->store_retry_ns,
    };
    int64_t first_ns = due_ns[0];
    for (size_t i = 1; i < ARRAY_SIZE(due_ns); i++)
        if (due_ns[i] < first_ns)
            first_ns = due_ns[i];
    return first_ns;
}

static void retry_store_later(struct pubsub *pubsub, int64_t now_ns)
{
    pthread_mutex_lock(&pubsub->lock);
    if (pubsub->store_retry_ns == INT64_MAX) {
        pubsub->store_retry_ns = now_ns + NS_PER_SEC;
        pthread_cond_broadcast(&pubsub->changed);
    }
    pthread_mutex_unlock(&pubsub->lock);
}

void pubsub_transaction_end(struct pubsub_transaction *tx, pubsub_store_written *written,
                            void *context)
{
    struct pubsub *pubsub = tx->pubsub;
    struct subscription *subscription;
    while ((subscription = engine_take_ready(tx->engine))) {
        long_poll_deliver(tx->polls, subscription, tx->now_ns);
        push_deliver(&pubsub->pushes, subscription, tx->now_ns);
    }
    struct pull_response *responses = long_poll_take(tx->polls);
    struct push_call *calls = push_take(&pubsub->pushes);
    pubsub->pushing += calls != NULL;
    struct pubsub_store *store = tx->engine->changes.count ? pubsub->store : NULL;
    if (store)
        pubsub_store_add(store, &tx->engine->changes, written, context);
    if (pubsub_next_due_ns(pubsub) < pubsub->wakes_ns)
        pthread_cond_broadcast(&pubsub->changed);
    pthread_mutex_unlock(&pubsub->lock);

    long_poll_send(responses);
    if (calls) {
        push_send(&pubsub->pushes, calls, tx->now_ns);
        pthread_mutex_lock(&pubsub->lock);
        if (--pubsub->pushing == 0 && pubsub->pushes.stopping)
            pthread_cond_broadcast(&pubsub->changed);
        pthread_mutex_unlock(&pubsub->lock);
    }
    if (!store) {
        if (written)
            written(context, NULL);
    } else if (!pubsub_store_flush(store)) {
        retry_store_later(pubsub, tx->now_ns);
    }
}
