/* SPDX-License-Identifier: Apache-2.0 */
/* A pod: one program, watched over all its restarts. A pod changes on the event loop's thread only,
 * and calls options.changed there. */
#ifndef KN_LOCAL_SERVING_POD_H
#define KN_LOCAL_SERVING_POD_H

#include "kn-local/serving/pod_log.h"
#include "kn-local/serving/pod_manager.h"
#include "kn-local/serving/pod_spec.h"

struct pod;

struct pod_options {
    const char *ns, *name; /* of the pod */
    struct resource_id owner;
    const char *revision;   /* NULL: not of a service */
    bool serves;            /* gets a free port in PORT, and is ready when it listens there */
    const char *probe_path; /* an HTTP readiness probe; NULL: the open port is enough */
    int64_t grace_ns;       /* from SIGTERM to SIGKILL */
    /* Called when the readiness, phase or waiting reason has changed. May release the pod. */
    void (*changed)(struct pod *pod, void *context);
    void *context;
};

/* Creates a pod, whose program is started on the event loop's thread. NULL and err. */
struct pod *pod_new(struct pod_manager *manager, struct pod_spec *spec,
                    const struct pod_options *options, struct err *err);
struct pod *pod_hold(struct pod *pod);
void pod_release(struct pod *pod);

/* Stops the program; no restart follows. */
void pod_stop(struct pod *pod);

/* Removes a pod that has ended, with its folder and log; the listener gets POD_GONE. */
void pod_forget(struct pod *pod);

/* The pod of that name, to be released; NULL when there is none. */
struct pod *pod_find(struct pod_manager *manager, const char *ns, const char *name);

enum serving_pod_phase pod_phase(struct pod *pod);
bool pod_ready(struct pod *pod);
uint16_t pod_port(struct pod *pod);

/* Whether the pod cannot serve until it is started again or reports otherwise; fills in why. */
bool pod_failing(struct pod *pod, char reason[32], char message[256]);
struct pod_log *pod_log(struct pod *pod);

#endif
