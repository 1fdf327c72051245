/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls messages while flow control has capacity. */
#include "base/backoff.h"
#include "base/log.h"
#include "base/random.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "pubsub-source/source_state.h"

#include <signal.h>
#include <unistd.h>

enum {
    MAX_PULL_MESSAGES = 1000,
    INITIAL_BACKOFF_MS = 1000,
    MAX_BACKOFF_MS = 60 * 1000,
    /* shorter, as messages that are published before the subscription exists are lost */
    MAX_MISSING_BACKOFF_MS = 2000,
    MAX_EMULATED_MISSING_BACKOFF_MS = 200,
};

/* Waits after a failed call, longer each time. False when the source is stopping. */
static bool back_off(struct pubsub_source *source, const char *action, const struct err *err,
                     int *failures)
{
    int64_t max_ms = err->status != ERR_NOT_FOUND ? MAX_BACKOFF_MS
                     : source->config->emulated   ? MAX_EMULATED_MISSING_BACKOFF_MS
                                                  : MAX_MISSING_BACKOFF_MS;
    int64_t wait_ns =
        backoff_exponential_ns(INITIAL_BACKOFF_MS * NS_PER_MS, max_ms * NS_PER_MS, (*failures)++);
    if (wait_ns < err->retry_after_sec * NS_PER_SEC)
        wait_ns = err->retry_after_sec * NS_PER_SEC;
    if (err->status != ERR_NOT_FOUND || *failures == 1)
        log_warning("cannot %s: %s; again in %.1f s", action, err->text,
                    (double)wait_ns / NS_PER_SEC);

    /* half of it is random, so that many sources do not call at the same time */
    int64_t until_ns =
        timestamp_monotonic_ns() + wait_ns / 2 + (int64_t)random_below((uint64_t)wait_ns / 2);
    pthread_mutex_lock(&source->lock);
    while (!source->stopping && thread_cond_wait_until(&source->changed, &source->lock, until_ns))
        ;
    bool stopping = source->stopping;
    pthread_mutex_unlock(&source->lock);
    return !stopping;
}

/* Reads the subscription, and creates it when it does not exist and a topic is configured. Reads
 * first, as an account that may only pull is refused to create even an existing one. */
static bool find_subscription(struct pubsub_source *source, struct gcp_subscription *found,
                              struct err *err)
{
    const struct pubsub_source_config *config = source->config;
    const struct gcp_subscription_options options = {.ordered = true};
    if (gcp_subscription_get(source->gcp, config->subscription, found, err))
        return true;
    if (!config->topic || err->status != ERR_NOT_FOUND)
        return false;
    *err = (struct err){0};
    if (!gcp_subscription_create(source->gcp, config->subscription, config->topic, &options, err)) {
        if (err->status != ERR_CONFLICT)
            return false;
        *err = (struct err){0}; /* another process has created it */
    }
    return gcp_subscription_get(source->gcp, config->subscription, found, err);
}

/* An invalid name is a permanent error: ends the program by the signal that main waits for. */
static bool stop_if_invalid(struct pubsub_source *source, const struct err *err)
{
    if (err->status != ERR_INPUT)
        return false;
    pthread_mutex_lock(&source->lock);
    source->failure = *err;
    pthread_mutex_unlock(&source->lock);
    kill(getpid(), SIGTERM);
    return true;
}

/* Waits until the subscription exists. False when the source is stopping. */
static bool await_subscription(struct pubsub_source *source)
{
    struct gcp_subscription found = {0};
    struct err err = {0};
    for (int failures = 0; !find_subscription(source, &found, &err); err = (struct err){0})
        if (stop_if_invalid(source, &err) ||
            !back_off(source, "open the subscription", &err, &failures))
            return false;

    pthread_mutex_lock(&source->lock);
    bool first = !source->subscription.name;
    if (first)
        source->subscription = found;
    pthread_mutex_unlock(&source->lock);
    if (first)
        log_info("pulling %s of %s for %s", found.name, found.topic, source->config->sink);
    else
        gcp_subscription_done(&found);
    return true;
}

/* Waits until a quarter of the messages in flight is done, so that pulls are not too small. Returns
 * how many may be pulled; 0 when the source is stopping. */
static int await_capacity(struct pubsub_source *source)
{
    size_t min_capacity = (source->config->max_messages + 3) / 4;
    pthread_mutex_lock(&source->lock);
    while (!source->stopping && flow_control_capacity(&source->flow) < min_capacity)
        pthread_cond_wait(&source->changed, &source->lock);
    size_t capacity = source->stopping ? 0 : flow_control_capacity(&source->flow);
    pthread_mutex_unlock(&source->lock);
    return capacity < MAX_PULL_MESSAGES ? (int)capacity : MAX_PULL_MESSAGES;
}

static void add_messages(struct pubsub_source *source, struct gcp_messages *messages)
{
    int64_t now_ns = timestamp_monotonic_ns();
    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; i < messages->count; i++)
        flow_control_add(&source->flow, &messages->list[i], now_ns, &source->settled);
    if (source->stopping)
        flow_control_return_all(&source->flow, &source->settled);
    pthread_cond_signal(&source->settled_changed);
    pthread_mutex_unlock(&source->lock);
    pubsub_source_deliver(source);
}

void *pubsub_source_pull(void *context)
{
    struct pubsub_source *source = context;
    int failures = 0, max_messages;
    if (!await_subscription(source))
        return NULL;
    while ((max_messages = await_capacity(source))) {
        struct gcp_messages messages = {0};
        struct err err = {0};
        bool pulled =
            gcp_pull(source->gcp, source->subscription.name, max_messages, &messages, &err);
        if (pulled) {
            failures = 0;
            add_messages(source, &messages);
        }
        gcp_messages_done(&messages);
        if (!pulled && (!back_off(source, "pull", &err, &failures) ||
                        (err.status == ERR_NOT_FOUND && !await_subscription(source))))
            return NULL;
    }
    return NULL;
}
