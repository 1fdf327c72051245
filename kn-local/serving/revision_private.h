/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by revision.c, request_queue.c (requests) and autoscaler.c (pods). */
#ifndef KN_LOCAL_SERVING_REVISION_PRIVATE_H
#define KN_LOCAL_SERVING_REVISION_PRIVATE_H

#include "kn-local/serving/revision.h"

#include "base/timestamp.h"

#include <utlist.h>

enum { MAX_ENDED_PODS = 2 /* kept for their logs */ };

/* A pod that may serve requests. */
struct replica {
    struct pod *pod; /* held */
    unsigned active; /* requests in flight */
    bool retiring;   /* takes no new requests; stopped when none is in flight */
    bool stopped;
    struct replica *prev, *next;
};

struct queued_request {
    struct revision *revision; /* held */
    struct replica *replica;   /* NULL while queued */
    struct http_call call;
    char *path, *url;
    http_client_callback *ended;
    void *context;
    int64_t deadline_ns;
    int64_t refused_ns;        /* first refused connection; 0 = none */
    bool is_revision_deadline; /* the deadline is the revision's, not the caller's */
    struct queued_request *prev, *next;
};

/* A copy that owns its strings. */
struct owned_spec {
    struct revision_spec spec; /* owns its strings */
    struct pod_spec *pod_spec; /* held */
};

struct revision {
    struct timer timer; /* first member; fires reconcile */
    atomic_uint refs;
    struct pod_manager *manager;
    struct resource_id id; /* owns its strings */
    bool serves;

    pthread_mutex_t lock; /* guards what follows */
    struct owned_spec applied;
    struct replica *replicas;
    struct queued_request *waiting; /* first come, first served */
    unsigned waiting_count;
    struct pod *ended[MAX_ENDED_PODS]; /* held; newest first */
    int64_t busy_ns;                   /* end of the last request */
    int64_t wake_ns;                   /* when reconcile runs next; 0 = not scheduled */
    bool removed;
    struct resource_status published; /* its strings are the next two members */
    char reason[32], message[256];
    bool is_published;
};

/* Runs reconcile at at_ns, or earlier when it is already scheduled earlier. Call with the lock
 * held. */
void autoscaler_schedule(struct revision *revision, int64_t at_ns);

/* Assigns queued requests to pods with capacity and returns them. Call with the lock held, and
 * request_queue_start_all after it is released. */
struct queued_request *request_queue_assign(struct revision *revision);
void request_queue_start_all(struct queued_request *assigned);

/* Removes queued requests: those past their deadline (appended to *expired), or all. Call with the
 * lock held. */
void request_queue_take_expired(struct revision *revision, int64_t now,
                                struct queued_request **expired);
struct queued_request *request_queue_take_all(struct revision *revision);

/* Answers requests that no pod served: after their deadline, or with 503 and the reason. Call
 * without the lock. */
void request_queue_fail_expired(struct queued_request *expired);
void request_queue_fail(struct queued_request *unservable, const char *why);

#endif
