/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the source: starts its threads, waits for a signal, and stops. */
#include "pubsub-source/source.h"

#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "pubsub-source/source_state.h"

enum {
    DRAIN_SEC = 20, /* for the current deliveries to end; Kubernetes kills after 30 */
    RETURN_SEC = 5, /* to acknowledge and return messages */
};

/* Waits for the current deliveries, cancels those that take too long, and returns all messages. */
static void drain(struct pubsub_source *source)
{
    int64_t until_ns = timestamp_monotonic_ns() + DRAIN_SEC * NS_PER_SEC;
    pthread_mutex_lock(&source->lock);
    source->stopping = true;
    flow_control_return_all(&source->flow, &source->settled);
    pthread_cond_signal(&source->settled_changed);
    pthread_cond_broadcast(&source->changed);
    while (source->flow.delivering &&
           thread_cond_wait_until(&source->changed, &source->lock, until_ns))
        ;
    pthread_mutex_unlock(&source->lock);

    http_client_close(source->client);

    until_ns = timestamp_monotonic_ns() + RETURN_SEC * NS_PER_SEC;
    pthread_mutex_lock(&source->lock);
    while (source->flow.messages &&
           thread_cond_wait_until(&source->changed, &source->lock, until_ns))
        ;
    size_t left = source->flow.messages;
    pthread_mutex_unlock(&source->lock);
    if (left)
        log_warning("%zu messages could not be returned; they will be delivered again", left);
}

static void init(struct pubsub_source *source, const struct pubsub_source_config *config,
                 struct gcp *gcp)
{
    thread_cond_init(&source->changed);
    pthread_cond_init(&source->settled_changed, NULL);
    pthread_mutex_init(&source->lock, NULL);
    source->config = config;
    source->gcp = gcp;
    source->flow = (struct flow_control){.max_messages = config->max_messages,
                                         .max_bytes = config->max_bytes,
                                         .max_deliveries = config->max_deliveries};
}

bool pubsub_source_run(const struct pubsub_source_config *config, struct gcp *gcp,
                       const sigset_t *signals, struct err *err)
{
    /* never freed: its threads end with the process */
    struct pubsub_source *source = alloc_zeroed(sizeof(*source));
    init(source, config, gcp);
    pthread_t thread; /* never joined */
    source->client = http_client_open(NULL, err);
    if (!source->client ||
        !thread_start(&thread, "acknowledge", pubsub_source_acknowledge, source, err) ||
        !thread_start(&thread, "deadlines", pubsub_source_extend_deadlines, source, err) ||
        !thread_start(&thread, "pull", pubsub_source_pull, source, err))
        return false;
    int signal;
    sigwait(signals, &signal);
    drain(source);
    *err = source->failure;
    return err->status == 0;
}
