/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a workload share: one is about its requests, one about its pods. */
#ifndef KN_LOCAL_SERVING_REVISION_PRIVATE_H
#define KN_LOCAL_SERVING_REVISION_PRIVATE_H

#include "kn-local/serving/revision.h"

#include "base/timestamp.h"

#include <utlist.h>

enum { KEPT_PODS = 2 /* that have ended, for their logs */ };

/* A pod that may get requests. */
struct replica {
    struct pod *pod; /* held */
    unsigned active; /* requests under way */
    bool retiring;   /* gets no more: to be stopped when it has none */
    bool stopped;
    struct replica *prev, *next;
};

struct queued_request {
    struct revision *workload; /* held */
    struct replica *server;    /* NULL while it waits */
    struct http_call call;
    char *path, *url;
    http_client_callback *ended;
    void *context;
    int64_t deadline_ns;
    int64_t refused_ns;        /* when a pod refused the connection first; 0 = never */
    bool is_revision_deadline; /* the deadline is the workload's, not the caller's */
    struct queued_request *prev, *next;
};

/* A spec of our own. */
struct owned_spec {
    struct revision_spec spec; /* its texts are owned */
    struct pod_spec *plan;     /* held */
};

struct revision {
    struct timer timer; /* first: reconcile */
    atomic_uint refs;
    struct pod_manager *home;
    struct resource_id id; /* its texts are owned */
    bool serves;

    pthread_mutex_t lock; /* guards what follows */
    struct owned_spec shape;
    struct replica *servers;
    struct queued_request *waiting; /* in the order they came */
    unsigned waiting_count;
    struct pod *ended[KEPT_PODS]; /* held; the newest first */
    int64_t busy_ns;              /* when there was something to do last */
    int64_t wake_ns;              /* when reconcile comes next; 0 = not planned */
    bool removed;
    struct resource_status told; /* its texts below */
    char reason[32], message[256];
    bool has_told;
};

/* Plans a look at how many pods there should be for a moment, unless it comes earlier anyway. Under
 * the lock. */
void autoscaler_schedule(struct revision *workload, int64_t at_ns);

/* Gives waiting requests to pods with room. Returns them, to be started without the lock. Under
 * the lock. */
struct queued_request *request_queue_assign(struct revision *workload);
void request_queue_start_all(struct queued_request *chosen);

/* Takes those out that have waited too long, onto *late, or all. Under the lock. */
void request_queue_take_expired(struct revision *workload, int64_t now,
                                struct queued_request **late);
struct queued_request *request_queue_take_all(struct revision *workload);

/* Ends requests that no pod has answered: too late, or by a reason. Without the lock. */
void request_queue_fail_expired(struct queued_request *late);
void request_queue_fail(struct queued_request *unservable, const char *why);

#endif
