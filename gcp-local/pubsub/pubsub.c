/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing and publishing from within the process; and the timer. */
#include "gcp-local/pubsub/pubsub.h"

#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "gcp-local/pubsub/pubsub_private.h"
#include "gcp-local/pubsub/pubsub_transaction.h"
#include "gcp-local/pubsub/wire/publish_body.h"

#include <semaphore.h>

static void wait_until(struct pubsub *pubsub, int64_t due_ns)
{
    pubsub->wakes_ns = due_ns;
    if (due_ns == INT64_MAX) {
        pthread_cond_wait(&pubsub->changed, &pubsub->lock);
    } else {
        struct timespec until = {due_ns / NS_PER_SEC, due_ns % NS_PER_SEC};
        pthread_cond_timedwait(&pubsub->changed, &pubsub->lock, &until);
    }
    pubsub->wakes_ns = INT64_MIN;
}

/* Does what is due while no request comes. */
static void *run_timer(void *context)
{
    struct pubsub *pubsub = context;
    pthread_mutex_lock(&pubsub->lock);
    while (!pubsub->closing) {
        int64_t due_ns = pubsub_next_due_ns(pubsub);
        if (due_ns > timestamp_now_ns()) {
            wait_until(pubsub, due_ns);
            continue;
        }
        pthread_mutex_unlock(&pubsub->lock);
        struct pubsub_transaction tx = pubsub_transaction_begin(pubsub);
        pubsub_transaction_end(&tx, NULL, NULL);
        pthread_mutex_lock(&pubsub->lock);
    }
    pthread_mutex_unlock(&pubsub->lock);
    return NULL;
}

static void on_push_ended(struct push_call *call, enum push_outcome outcome, void *context)
{
    struct pubsub *pubsub = context;
    struct pubsub_transaction tx = pubsub_transaction_begin(pubsub);
    push_end(&pubsub->pushes, call, outcome, tx.now_ns);
    pubsub_transaction_end(&tx, NULL, NULL);
}

/* Its pulls are answered when the transaction ends. */
static void on_subscription_deleted(struct subscription *subscription, void *context)
{
    struct pubsub *pubsub = context;
    long_poll_cancel(&pubsub->polls, subscription);
    push_cancel(&pubsub->pushes, subscription);
}

static void start_engine(struct pubsub *pubsub)
{
    engine_init(&pubsub->engine, timestamp_now_ns(), false);
    pubsub->engine.on_deleted = on_subscription_deleted;
    pubsub->engine.on_deleted_context = pubsub;
}

static void free_pubsub(struct pubsub *pubsub)
{
    engine_done(&pubsub->engine);
    pubsub_store_close(pubsub->store);
    long_poll_done(&pubsub->polls);
    push_done(&pubsub->pushes);
    pthread_cond_destroy(&pubsub->changed);
    pthread_mutex_destroy(&pubsub->lock);
    free(pubsub);
}

struct pubsub *pubsub_open(const struct pubsub_options *options, struct err *err)
{
    struct pubsub *pubsub = alloc_zeroed(sizeof(*pubsub));
    *pubsub = (struct pubsub){
        .polls = {.engine = &pubsub->engine},
        .pushes = {.engine = &pubsub->engine,
                   .client = options->client,
                   .id_token = options->id_token,
                   .context = options->context,
                   .ended = on_push_ended,
                   .ended_context = pubsub},
        .store_retry_ns = INT64_MAX,
        .wakes_ns = INT64_MIN,
    };
    pthread_mutex_init(&pubsub->lock, NULL);
    pthread_cond_init(&pubsub->changed, NULL);
    start_engine(pubsub);
    bool ok = true;
    if (options->data_dir) {
        pubsub->store =
            pubsub_store_open(options->data_dir, NULL, &pubsub->engine, timestamp_now_ns(), err);
        pubsub->engine.journal_enabled = true;
        ok = pubsub->store != NULL;
    }
    if (ok && thread_start(&pubsub->timer, "pubsub-timer", run_timer, pubsub, err))
        return pubsub;
    free_pubsub(pubsub);
    return NULL;
}

void pubsub_stop(struct pubsub *pubsub)
{
    struct pubsub_transaction tx = pubsub_transaction_begin(pubsub);
    pubsub->pushes.stopping = true;
    long_poll_stop(tx.polls);
    pubsub_transaction_end(&tx, NULL, NULL);

    pthread_mutex_lock(&pubsub->lock);
    while (pubsub->pushing)
        pthread_cond_wait(&pubsub->changed, &pubsub->lock);
    pthread_mutex_unlock(&pubsub->lock);
}

void pubsub_close(struct pubsub *pubsub)
{
    if (!pubsub)
        return;
    pubsub_stop(pubsub);
    pthread_mutex_lock(&pubsub->lock);
    pubsub->closing = true;
    pthread_cond_broadcast(&pubsub->changed);
    pthread_mutex_unlock(&pubsub->lock);
    pthread_join(pubsub->timer, NULL);
    free_pubsub(pubsub);
}

bool pubsub_reset(struct pubsub *pubsub, struct err *err)
{
    struct pubsub_transaction tx = pubsub_transaction_begin(pubsub);
    bool ok = !pubsub->store || pubsub_store_reset(pubsub->store, err);
    if (ok) {
        engine_done(&pubsub->engine);
        start_engine(pubsub);
        pubsub->engine.journal_enabled = pubsub->store != NULL;
    }
    pubsub_transaction_end(&tx, NULL, NULL);
    return ok;
}

bool pubsub_has_topic(struct pubsub *pubsub, const char *topic)
{
    pthread_mutex_lock(&pubsub->lock);
    bool exists = engine_topic(&pubsub->engine, topic) != NULL;
    pthread_mutex_unlock(&pubsub->lock);
    return exists;
}

static struct stored_message *make_message(const struct pubsub_attribute *attributes, size_t count,
                                           struct bytes data, struct err *err)
{
    OWN(buf) struct buf packed = {0};
    for (size_t i = 0; i < count; i++) {
        if (!publish_body_check_attribute(bytes_of(attributes[i].name),
                                          bytes_of(attributes[i].value), (uint32_t)count, err))
            return NULL;
        stored_message_pack_attribute(&packed, attributes[i].name, attributes[i].value);
    }
    if (data.len + packed.len > MAX_PUBLISH_BYTES) {
        err_set(err, ERR_INPUT, "a message of %zu bytes is too large", data.len + packed.len);
        return NULL;
    }
    return stored_message_new((struct bytes){0}, buf_bytes(&packed), (uint32_t)count, data);
}

/* Where a thread waits until its message is safe. */
struct publication {
    sem_t ended;
    bool ok;
    struct err *err;
};

static void on_written(void *context, const struct err *err)
{
    struct publication *publication = context;
    publication->ok = !err;
    if (err)
        *publication->err = *err;
    sem_post(&publication->ended);
}

bool pubsub_publish(struct pubsub *pubsub, const char *topic,
                    const struct pubsub_attribute *attributes, size_t count, struct bytes data,
                    char **id, struct err *err)
{
    struct stored_message *message = make_message(attributes, count, data, err);
    if (!message)
        return false;
    struct publication publication = {.err = err};
    struct pubsub_transaction tx = pubsub_transaction_begin(pubsub);
    struct topic *found = engine_topic(tx.engine, topic);
    if (!found) {
        err_set(err, ERR_NOT_FOUND, "Topic not found");
        pubsub_transaction_end(&tx, NULL, NULL);
    } else if (!pubsub_transaction_ready(&tx, err)) {
        pubsub_transaction_end(&tx, NULL, NULL);
    } else {
        engine_publish(tx.engine, found, &message, 1, tx.now_ns);
        sem_init(&publication.ended, 0, 0);
        pubsub_transaction_end(&tx, on_written, &publication);
        while (sem_wait(&publication.ended) != 0)
            ; /* only a signal ends it early */
        sem_destroy(&publication.ended);
    }
    if (publication.ok && id)
        *id = str_format("%lld", (long long)message->id);
    stored_message_unref(message);
    return publication.ok;
}
