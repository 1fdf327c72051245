/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub as the rest of gcp-local sees it: opened, closed, published to; and its timer. */
#include "gcp-local/pubsub/pubsub.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/pubsub/pubsub_private.h"
#include "gcp-local/pubsub/wire/publish_body.h"

#include <semaphore.h>

struct pubsub_transaction pubsub_transaction_begin(struct pubsub *pubsub)
{
    struct pubsub_transaction turn = {.pubsub = pubsub};
    pthread_mutex_lock(&pubsub->lock);
    turn.now_ns = timestamp_now_ns();
    engine_tick(&pubsub->engine, turn.now_ns);
    long_poll_tick(&turn);
    push_tick(&turn);
    return turn;
}

bool pubsub_transaction_ready(const struct pubsub_transaction *turn, struct err *err)
{
    return !turn->pubsub->store || pubsub_store_ready(turn->pubsub->store, err);
}

/* When the timer thread has something to do next. */
static int64_t next_due(const struct pubsub *pubsub)
{
    int64_t due = engine_next_due(&pubsub->engine);
    const struct heap_node *wait = heap_first(&pubsub->deadlines);
    const struct heap_node *push = heap_first(&pubsub->resumes);
    if (wait && wait->key < due)
        due = wait->key;
    return push && push->key < due ? push->key : due;
}

void pubsub_transaction_end(struct pubsub_transaction *turn, pubsub_store_written *written,
                            void *context)
{
    struct pubsub *pubsub = turn->pubsub;
    struct subscription *subscription;
    while ((subscription = engine_take_ready(&pubsub->engine))) {
        long_poll_deliver(turn, subscription);
        push_deliver(turn, subscription);
    }
    struct pull_response *detached_pulls = pubsub->detached_pulls;
    pubsub->detached_pulls = NULL;
    struct pubsub_store *store = pubsub->engine.changes.count ? pubsub->store : NULL;
    if (store)
        pubsub_store_add(store, &pubsub->engine.changes, written, context);
    if (next_due(pubsub) < pubsub->wakes_ns)
        pthread_cond_broadcast(&pubsub->changed);
    pthread_mutex_unlock(&pubsub->lock);

    long_poll_send(turn->handouts);
    long_poll_send(detached_pulls);
    if (store)
        pubsub_store_flush(store);
    else if (written)
        written(context, NULL);
}

static void wait_until(struct pubsub *pubsub, int64_t due_ns)
{
    pubsub->wakes_ns = due_ns;
    if (due_ns == INT64_MAX) {
        pthread_cond_wait(&pubsub->changed, &pubsub->lock);
    } else {
        struct timespec until = {due_ns / NS_PER_SEC, due_ns % NS_PER_SEC};
        pthread_cond_timedwait(&pubsub->changed, &pubsub->lock, &until);
    }
    pubsub->wakes_ns = INT64_MIN; /* awake: nobody needs to wake it */
}

/* Does what is due when nobody calls. */
static void *run_timer(void *context)
{
    struct pubsub *pubsub = context;
    pthread_mutex_lock(&pubsub->lock);
    while (!pubsub->closing) {
        int64_t due = next_due(pubsub);
        if (due > timestamp_now_ns()) {
            wait_until(pubsub, due);
            continue;
        }
        pthread_mutex_unlock(&pubsub->lock);
        struct pubsub_transaction turn = pubsub_transaction_begin(pubsub);
        pubsub_transaction_end(&turn, NULL, NULL);
        pthread_mutex_lock(&pubsub->lock);
    }
    pthread_mutex_unlock(&pubsub->lock);
    return NULL;
}

/* A subscription that is deleted or expires: those who wait for it are answered with the next turn,
 * which is under way. */
static void subscription_gone(struct subscription *subscription, void *context)
{
    struct pubsub *pubsub = context;
    struct pubsub_transaction turn = {.pubsub = pubsub, .handouts = pubsub->detached_pulls};
    long_poll_drop(&turn, subscription);
    pubsub->detached_pulls = turn.handouts;
    push_drop(pubsub, subscription);
}

static void start_engine(struct pubsub *pubsub)
{
    engine_init(&pubsub->engine, timestamp_now_ns(), false);
    pubsub->engine.gone = subscription_gone;
    pubsub->engine.context = pubsub;
}

struct pubsub *pubsub_open(const struct pubsub_options *options, struct err *err)
{
    struct pubsub *pubsub = alloc_zeroed(sizeof(*pubsub));
    pubsub->options = *options;
    pthread_mutex_init(&pubsub->lock, NULL);
    pthread_cond_init(&pubsub->changed, NULL);
    start_engine(pubsub);
    if (options->data_dir) {
        pubsub->store =
            pubsub_store_open(options->data_dir, &pubsub->engine, timestamp_now_ns(), err);
        pubsub->engine.journal_enabled = true;
    }
    pubsub->wakes_ns = INT64_MIN;
    pubsub->closing = err->status != 0;
    if (pthread_create(&pubsub->timer, NULL, run_timer, pubsub) != 0)
        abort(); /* no thread at all: the machine is at its end */
    if (!err->status)
        return pubsub;
    pubsub_close(pubsub);
    return NULL;
}

void pubsub_stop(struct pubsub *pubsub)
{
    struct pubsub_transaction turn = pubsub_transaction_begin(pubsub);
    pubsub->stopping = true;
    long_poll_tick(&turn);
    pubsub_transaction_end(&turn, NULL, NULL);
}

void pubsub_close(struct pubsub *pubsub)
{
    if (!pubsub)
        return;
    pubsub_stop(pubsub);
    pthread_mutex_lock(&pubsub->lock);
    while (pubsub->pushing)
        pthread_cond_wait(&pubsub->changed, &pubsub->lock);
    pubsub->closing = true;
    pthread_cond_broadcast(&pubsub->changed);
    pthread_mutex_unlock(&pubsub->lock);
    pthread_join(pubsub->timer, NULL);

    engine_done(&pubsub->engine);
    pubsub_store_close(pubsub->store);
    heap_done(&pubsub->deadlines);
    heap_done(&pubsub->resumes);
    pthread_cond_destroy(&pubsub->changed);
    pthread_mutex_destroy(&pubsub->lock);
    free(pubsub);
}

bool pubsub_reset(struct pubsub *pubsub, struct err *err)
{
    struct pubsub_transaction turn = pubsub_transaction_begin(pubsub);
    bool keeps = pubsub->engine.journal_enabled;
    bool ok = !pubsub->store || pubsub_store_reset(pubsub->store, err);
    if (ok) {
        engine_done(&pubsub->engine);
        start_engine(pubsub);
        pubsub->engine.journal_enabled = keeps;
    }
    pubsub_transaction_end(&turn, NULL, NULL);
    return ok;
}

bool pubsub_has_topic(struct pubsub *pubsub, const char *topic)
{
    pthread_mutex_lock(&pubsub->lock);
    bool has = engine_topic(&pubsub->engine, topic) != NULL;
    pthread_mutex_unlock(&pubsub->lock);
    return has;
}

/* Where a thread waits for its message to be safe. */
struct safe {
    sem_t known;
    struct err *err;
};

static void message_written(void *context, const struct err *err)
{
    struct safe *safe = context;
    if (err)
        *safe->err = *err;
    sem_post(&safe->known);
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

bool pubsub_publish(struct pubsub *pubsub, const char *topic,
                    const struct pubsub_attribute *attributes, size_t count, struct bytes data,
                    char **id, struct err *err)
{
    struct stored_message *message = make_message(attributes, count, data, err);
    if (!message)
        return false;
    struct pubsub_transaction turn = pubsub_transaction_begin(pubsub);
    struct topic *to = engine_topic(&pubsub->engine, topic);
    if (!to)
        err_set(err, ERR_NOT_FOUND, "Topic not found");
    bool ok = to && pubsub_transaction_ready(&turn, err);
    if (ok)
        engine_publish(&pubsub->engine, to, &message, 1, turn.now_ns);
    struct safe safe = {.err = err};
    sem_init(&safe.known, 0, 0);
    pubsub_transaction_end(&turn, message_written, &safe);
    while (sem_wait(&safe.known) != 0)
        ;
    sem_destroy(&safe.known);
    if (ok && id)
        *id = str_format("%lld", (long long)message->id);
    stored_message_unref(message);
    return err->status == 0;
}
