/* SPDX-License-Identifier: Apache-2.0 */
/* What the data plane has reported about pods and events. */
#include "kn-local/controllers/report_queue.h"

#include "base/str.h"

#include <utlist.h>

void report_queue_add_pod(struct report_queue *queue, const struct serving_pod *pod)
{
    struct pod_report *report = alloc_zeroed(sizeof(*report));
    report->pod = *pod;
    const char **const members[POD_REPORT_STRINGS] = {
        &report->pod.ns,       &report->pod.name,           &report->pod.owner.ns,
        &report->pod.revision, &report->pod.owner.name,     &report->pod.container,
        &report->pod.image,    &report->pod.waiting_reason, &report->pod.waiting_message,
    };
    for (size_t i = 0; i < POD_REPORT_STRINGS; i++)
        *members[i] = report->strings[i] = str_copy(*members[i]);
    DL_APPEND(queue->pods, report);
}

void report_queue_add_event(struct report_queue *queue, const struct resource_event *event)
{
    const struct resource_id *about = &event->about;
    OWN(free) char *key =
        str_format("%d/%s/%s/%s", (int)about->kind, about->ns, about->name, event->reason);
    struct event_report *report = NULL;
    HASH_FIND_STR(queue->events, key, report);
    if (!report) {
        report = alloc_zeroed(sizeof(*report));
        report->ns = str_copy(about->ns);
        report->name = str_copy(about->name);
        report->reason = str_copy(event->reason);
        report->key = move_ptr(&key);
        HASH_ADD_KEYPTR(hh, queue->events, report->key, strlen(report->key), report);
    }
    str_replace(&report->message, str_copy(event->message));
    report->event = (struct resource_event){
        {about->kind, report->ns, report->name}, event->warning, report->reason, report->message};
    report->count++;
}

void report_queue_done(struct report_queue *queue)
{
    struct pod_report *pod, *next_pod;
    DL_FOREACH_SAFE(queue->pods, pod, next_pod)
    {
        for (size_t i = 0; i < POD_REPORT_STRINGS; i++)
            free(pod->strings[i]);
        free(pod);
    }
    struct event_report *event, *next_event;
    HASH_ITER(hh, queue->events, event, next_event)
    {
        HASH_DEL(queue->events, event);
        free(event->ns);
        free(event->name);
        free(event->reason);
        free(event->message);
        free(event->key);
        free(event);
    }
    *queue = (struct report_queue){0};
}
