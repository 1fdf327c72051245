/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls a subscription and posts what comes to a sink: starts the threads, and ends. */
#include "pubsub-source/source.h"

#include "base/log.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "pubsub-source/source_state.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum {
    DRAIN_SEC = 20, /* for deliveries under way at the end; Kubernetes kills after 30 */
    RETURN_SEC = 5, /* for telling Pub/Sub what became of them */
};

bool pubsub_source_wait_until(struct pubsub_source *source, int64_t until_ns)
{
    struct timespec until = {.tv_sec = until_ns / NS_PER_SEC, .tv_nsec = until_ns % NS_PER_SEC};
    return pthread_cond_timedwait(&source->changed, &source->lock, &until) != ETIMEDOUT;
}

int64_t pubsub_source_deadline_ns(int64_t seconds)
{
    return timestamp_monotonic_ns() + seconds * NS_PER_SEC;
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

/* Waits for the deliveries under way, cuts those that take too long, and lets Pub/Sub know. */
static void drain(struct pubsub_source *source)
{
    int64_t until_ns = pubsub_source_deadline_ns(DRAIN_SEC);
    pthread_mutex_lock(&source->lock);
    source->stopping = true;
    flow_control_return_all(&source->flow, &source->back);
    pthread_cond_signal(&source->returned);
    pthread_cond_broadcast(&source->changed);
    while (source->flow.sending && pubsub_source_wait_until(source, until_ns))
        ;
    pthread_mutex_unlock(&source->lock);

    http_client_close(source->client);

    until_ns = pubsub_source_deadline_ns(RETURN_SEC);
    pthread_mutex_lock(&source->lock);
    while (source->flow.messages && pubsub_source_wait_until(source, until_ns))
        ;
    size_t left = source->flow.messages;
    pthread_mutex_unlock(&source->lock);
    if (left)
        log_warning("%zu messages could not be returned; they will come again", left);
}

static void set_up(struct pubsub_source *source, const struct pubsub_source_config *config,
                   struct gcp *gcp)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&source->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&source->returned, NULL);
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
    if (!source->client || !start_thread(pubsub_source_reply, source, err) ||
        !start_thread(pubsub_source_extend_deadlines, source, err) ||
        !start_thread(pubsub_source_pull, source, err))
        return false;
    await_signal();
    drain(source);
    *err = source->failure;
    return err->status == 0;
}
