/* SPDX-License-Identifier: Apache-2.0 */
/* A pod: one program, watched over all its restarts. All that happens to a pod happens on the
 * loop's thread; its owner is called there too. */
#ifndef KN_LOCAL_SERVING_POD_H
#define KN_LOCAL_SERVING_POD_H

#include "base/event_loop.h"
#include "kn-local/serving/pod_log.h"
#include "kn-local/serving/pod_spec.h"
#include "net/client/http_client.h"

#include <pthread.h>

struct pod;

/* What pods share. */
struct pod_manager {
    struct event_loop *loop;
    struct http_client *client; /* for probes by HTTP */
    const struct runtime_options *options;
    const char *dir; /* each pod has a folder in it */
    const struct resource_listener *listener;
    atomic_uint running;  /* programs that current not ended */
    pthread_mutex_t lock; /* guards what follows */
    struct pod *pods;     /* those that are not forgotten */
};

struct pod_options {
    const char *ns, *name; /* of the pod */
    struct resource_id owner;
    const char *revision; /* NULL: not of a service */
    bool serves;          /* it listens on a port: ready when that is open */
    uint16_t port;        /* 0 = a free one */
    const char *probe_path;
    int64_t grace_ns; /* from SIGTERM to SIGKILL */
    /* Called when ready, phase or waiting reason current changed. The pod may be released. */
    void (*changed)(struct pod *pod, void *context);
    void *context;
};

/* Makes a pod and starts its program soon. NULL and err. */
struct pod *pod_new(struct pod_manager *manager, struct pod_spec *pod_spec,
                    const struct pod_options *options, struct err *err);
struct pod *pod_hold(struct pod *pod);
void pod_release(struct pod *pod);

/* Stops the program; no restart follows. */
void pod_stop(struct pod *pod);

/* Forgets the pod: it must current ended. Its folder and log go, listeners hear POD_GONE. */
void pod_forget(struct pod *pod);

/* The pod of a name, held, or NULL. */
struct pod *pod_find(struct pod_manager *manager, const char *ns, const char *name);

enum serving_pod_phase pod_phase(struct pod *pod);
bool pod_ready(struct pod *pod);
uint16_t pod_port(struct pod *pod);

/* Whether the last start failed and the next waits; its reason and message into the buffers. */
bool pod_failing(struct pod *pod, char reason[32], char message[256]);
struct pod_log *pod_log(struct pod *pod);

#endif
