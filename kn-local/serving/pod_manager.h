/* SPDX-License-Identifier: Apache-2.0 */
/* What all pods share, and how many of their programs run. */
#ifndef KN_LOCAL_SERVING_POD_MANAGER_H
#define KN_LOCAL_SERVING_POD_MANAGER_H

#include "base/event_loop.h"
#include "kn-local/serving/types.h"
#include "net/client/http_client.h"

#include <pthread.h>

struct pod;

struct pod_manager {
    struct event_loop *loop;
    struct http_client *client; /* for HTTP probes and requests to pods */
    const struct runtime_options *options;
    const char *dir; /* holds one folder per pod */
    const struct resource_listener *listener;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t none_running;
    unsigned running; /* programs */
    struct pod *pods; /* all that are not forgotten */
};

/* The members before lock are set by the caller. */
void pod_manager_init(struct pod_manager *manager);
void pod_manager_done(struct pod_manager *manager);

/* A program was started, or has exited. */
void pod_manager_started(struct pod_manager *manager);
void pod_manager_exited(struct pod_manager *manager);

/* Waits until no program runs, or the monotonic clock reaches until_ns. */
void pod_manager_wait(struct pod_manager *manager, int64_t until_ns);

#endif
