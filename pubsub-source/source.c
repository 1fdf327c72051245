/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the source: starts its threads, waits for a signal, and stops. */
#include "pubsub-source/source.h"

#include "base/log.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "pubsub-source/source_state.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum {
    DRAIN_SEC = 20, /* for the current deliveries to end; Kubernetes kills after 30 */
    RETURN_SEC = 5, /* to acknowledge and return messages */
};

bool pubsub_source_wait_until(struct pubsub_source *source, int64_t until_ns)
{
    struct timespec until = {.tv_sec = until_ns / NS_PER_SEC, .tv_nsec = until_ns % NS_PER_SEC};
    return pthread_cond_timedwait(&source->changed, &source->lock, &until) != ETIMEDOUT;
}

static bool start_thread(void *(*run)(void *), struct pubsub_source *source, struct err *err)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, source) != 0)
        return err_set(err, ERR_UNAVAILABLE, "cannot start a thread");
    pthread_detach(thread);
    return true;
}

static void await_signal(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int signal;
    sigwait(&signals, &signal);
}

/* Waits for the current deliveries, cancels those that take too long, and returns all messages. */
static void drain(struct pubsub_source *source)
{
    int64_t until_ns = timestamp_monotonic_ns() + DRAIN_SEC * NS_PER_SEC;
    pthread_mutex_lock(&source->lock);
    source->stopping = true;
    flow_control_return_all(&source->flow, &source->settled);
    pthread_cond_signal(&source->settled_changed);
    pthread_cond_broadcast(&source->changed);
    while (source->flow.delivering && pubsub_source_wait_until(source, until_ns))
        ;
    pthread_mutex_unlock(&source->lock);

    http_client_close(source->client);

    until_ns = timestamp_monotonic_ns() + RETURN_SEC * NS_PER_SEC;
    pthread_mutex_lock(&source->lock);
    while (source->flow.messages && pubsub_source_wait_until(source, until_ns))
        ;
    size_t left = source->flow.messages;
    pthread_mutex_unlock(&source->lock);
    if (left)
        log_warning("%zu messages could not be returned; they will be delivered again", left);
}

static void set_up(struct pubsub_source *source, const struct pubsub_source_config *config,
                   struct gcp *gcp)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&source->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&source->settled_changed, NULL);
    pthread_mutex_init(&source->lock, NULL);
    source->config = config;
    source->gcp = gcp;
    source->flow = (struct flow_control){.max_messages = config->max_messages,
                                         .max_bytes = config->max_bytes,
                                         .max_deliveries = config->max_deliveries};
}

bool pubsub_source_run(const struct pubsub_source_config *config, struct gcp *gcp, struct err *err)
{
    /* never freed: its threads end with the process */
    struct pubsub_source *source = alloc_zeroed(sizeof(*source));
    set_up(source, config, gcp);
    source->client = http_client_open(NULL, err);
    if (!source->client || !start_thread(pubsub_source_acknowledge, source, err) ||
        !start_thread(pubsub_source_extend_deadlines, source, err) ||
        !start_thread(pubsub_source_pull, source, err))
        return false;
    await_signal();
    drain(source);
    *err = source->failure;
    return err->status == 0;
}
