/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by pod.c (state), pod_process.c (the program) and pod_probe.c (readiness). Unless noted,
 * functions run on the event loop's thread. */
#ifndef KN_LOCAL_SERVING_POD_PRIVATE_H
#define KN_LOCAL_SERVING_POD_PRIVATE_H

#include "base/child_process.h"
#include "kn-local/serving/pod.h"

struct pod {
    struct timer timer; /* first member; the next probe, start or kill */
    struct timer stop_request;
    struct timer probe_retry; /* set by the HTTP client's thread */
    struct fd_watch output, exit;
    atomic_uint refs;
    struct pod_manager *manager;
    struct pod_spec *spec; /* held */
    struct pod_log *log;
    char *dir, *ns, *name, *owner_ns, *owner_name, *revision, *probe_path; /* of options */
    struct pod_options options;

    struct child_process process; /* pid 0: not running */
    unsigned failures;            /* in a row */
    bool output_open;

    struct http_call probe;
    char *probe_url;
    int64_t probe_started_ns, probe_wait_ms;
    bool probe_reported; /* that the program does not listen */

    pthread_mutex_t lock;     /* guards what follows */
    struct serving_pod state; /* its strings belong to the pod */
    char reason[32], message[256];
    bool stopping;

    struct pod *prev, *next; /* in manager->pods */
};

/* The waiting reason of a pod whose program ended and is restarted without delay. */
extern const char pod_reason_restarting[];

/* Reports the pod, or an event about its owner, to the listener. With no lock held. */
void pod_publish(struct pod *pod);
void pod_publish_event(struct pod *pod, bool warning, const char *reason, const char *message);

/* pod_publish, and options.changed. */
void pod_publish_change(struct pod *pod);

/* Sets why the pod is not ready. */
void pod_set_waiting(struct pod *pod, enum serving_pod_phase phase, const char *reason,
                     const char *message);

/* Sets the phase of a pod whose program will not run again. */
void pod_set_ended(struct pod *pod, int exit_code);

bool pod_is_stopping(struct pod *pod);

/* Starts the program; a timer callback. */
void pod_process_start(struct timer *timer);

/* Starts probing a program that was just started. */
void pod_probe_start(struct pod *pod);

#endif
