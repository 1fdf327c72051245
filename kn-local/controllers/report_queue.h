/* SPDX-License-Identifier: Apache-2.0 */
/* What the data plane has reported about pods and events, and the controllers have not written yet.
 * All zero is empty. Not locked. */
#ifndef KN_LOCAL_CONTROLLERS_REPORT_QUEUE_H
#define KN_LOCAL_CONTROLLERS_REPORT_QUEUE_H

#include "kn-local/serving/types.h"

#include <uthash.h>

enum { POD_REPORT_STRINGS = 9 };

/* Its strings are those of pod; they belong to the report. */
struct pod_report {
    struct serving_pod pod;
    char *strings[POD_REPORT_STRINGS];
    struct pod_report *prev, *next;
};

/* Events with the same resource and reason are one report, with the last message. */
struct event_report {
    struct resource_event event; /* its strings are the next four */
    char *ns, *name, *reason, *message;
    unsigned count;
    char *key;
    UT_hash_handle hh;
};

struct report_queue {
    struct pod_report *pods;     /* in the order of their arrival */
    struct event_report *events; /* a hash table */
};

/* Both copy what they are given. */
void report_queue_add_pod(struct report_queue *queue, const struct serving_pod *pod);
void report_queue_add_event(struct report_queue *queue, const struct resource_event *event);

void report_queue_done(struct report_queue *queue);

static inline void own_report_queue(struct report_queue *local)
{
    report_queue_done(local);
}

#endif
