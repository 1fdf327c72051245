/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls messages as long as there is room for them. */
#include "base/log.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "pubsub-source/source_state.h"

#include <signal.h>
#include <unistd.h>

enum {
    MAX_PULL_MESSAGES = 1000, /* messages in one pull */
    FIRST_PAUSE_MS = 1000,
    LONGEST_PAUSE_MS = 60 * 1000,
    /* somebody may make the topic any moment, and publish to it: those messages would be lost */
    MISSING_PAUSE_MS = 2000,
    EMULATED_MISSING_PAUSE_MS = 200,
};

static int64_t pause_ms(const struct pubsub_source *source, const struct err *err, int failures)
{
    int64_t longest = err->status != ERR_NOT_FOUND ? LONGEST_PAUSE_MS
                      : source->config->emulated   ? EMULATED_MISSING_PAUSE_MS
                                                   : MISSING_PAUSE_MS;
    int64_t pause = failures < 6 ? FIRST_PAUSE_MS << failures : longest;
    if (pause > longest)
        pause = longest;
    int64_t asked = (int64_t)err->retry_after_sec * 1000;
    return asked > pause ? asked : pause;
}

/* Sleeps after a call has failed, longer each time; false when the source is stopping. */
static bool pause_after(struct pubsub_source *source, const char *deed, const struct err *err,
                        int *failures)
{
    int64_t pause = pause_ms(source, err, (*failures)++);
    if (err->status != ERR_NOT_FOUND || *failures == 1)
        log_warning("cannot %s: %s; again in %.1f s", deed, err->text, (double)pause / 1000);

    /* half of it at random, so that many sources do not come back together */
    int64_t half_ns = pause * NS_PER_MS / 2;
    int64_t until_ns =
        pubsub_source_deadline_ns(0) + half_ns + (int64_t)random_below((uint64_t)half_ns);
    pthread_mutex_lock(&source->lock);
    while (!source->stopping && pubsub_source_wait_until(source, until_ns))
        ;
    bool go_on = !source->stopping;
    pthread_mutex_unlock(&source->lock);
    return go_on;
}

/* Reads what the subscription is, and creates it when asked to and it is not there. Looks first: an
 * account that may only pull is refused when it tries to create one, there or not. */
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
        *err = (struct err){0}; /* another was quicker */
    }
    return gcp_subscription_get(source->gcp, config->subscription, found, err);
}

/* A name that Pub/Sub will never take ends the program: as a signal would, which main waits for. */
static bool is_hopeless(struct pubsub_source *source, const struct err *err)
{
    if (err->status != ERR_INPUT)
        return false;
    pthread_mutex_lock(&source->lock);
    source->failure = *err;
    pthread_mutex_unlock(&source->lock);
    kill(getpid(), SIGTERM);
    return true;
}

/* False when the source is stopping. */
static bool await_subscription(struct pubsub_source *source)
{
    struct gcp_subscription found = {0};
    struct err err = {0};
    for (int failures = 0; !find_subscription(source, &found, &err); err = (struct err){0})
        if (is_hopeless(source, &err) ||
            !pause_after(source, "open the subscription", &err, &failures))
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

/* Waits until messages may be pulled, and says how many; 0 when the source is stopping. A few only
 * are not worth a call. */
static int await_room(struct pubsub_source *source)
{
    size_t worthwhile = (source->config->max_messages + 3) / 4;
    pthread_mutex_lock(&source->lock);
    while (!source->stopping && flow_control_capacity(&source->flow) < worthwhile)
        pthread_cond_wait(&source->changed, &source->lock);
    size_t room = source->stopping ? 0 : flow_control_capacity(&source->flow);
    pthread_mutex_unlock(&source->lock);
    return room < MAX_PULL_MESSAGES ? (int)room : MAX_PULL_MESSAGES;
}

static void take_all(struct pubsub_source *source, struct gcp_messages *messages)
{
    int64_t now_ns = timestamp_monotonic_ns();
    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; i < messages->count; i++)
        flow_control_add(&source->flow, &messages->list[i], now_ns, &source->back);
    if (source->stopping)
        flow_control_return_all(&source->flow, &source->back);
    pthread_cond_signal(&source->returned);
    pthread_mutex_unlock(&source->lock);
    pubsub_source_deliver(source);
}

/* After a pull has failed; false when the source is stopping. */
static bool recover(struct pubsub_source *source, const struct err *err, int *failures)
{
    return pause_after(source, "pull", err, failures) &&
           (err->status != ERR_NOT_FOUND || await_subscription(source));
}

void *pubsub_source_pull(void *context)
{
    struct pubsub_source *source = context;
    int failures = 0, most;
    if (!await_subscription(source))
        return NULL;
    while ((most = await_room(source))) {
        struct gcp_messages messages = {0};
        struct err err = {0};
        bool pulled = gcp_pull(source->gcp, source->subscription.name, most, &messages, &err);
        if (pulled) {
            failures = 0;
            take_all(source, &messages);
        }
        gcp_messages_done(&messages);
        if (!pulled && !recover(source, &err, &failures))
            return NULL;
    }
    return NULL;
}
