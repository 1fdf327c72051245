/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's state, and its life from creation to removal. */
#include "kn-local/serving/pod_private.h"

#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <signal.h>
#include <string.h>
#include <utlist.h>

const char pod_reason_restarting[] = "Error";

struct pod *pod_hold(struct pod *pod)
{
    atomic_fetch_add(&pod->refs, 1);
    return pod;
}

void pod_release(struct pod *pod)
{
    if (atomic_fetch_sub(&pod->refs, 1) > 1)
        return;
    pod_spec_release(pod->spec);
    pod_log_close(pod->log);
    pthread_mutex_destroy(&pod->lock);
    free(pod->dir);
    free(pod->ns);
    free(pod->name);
    free(pod->owner_ns);
    free(pod->owner_name);
    free(pod->revision);
    free(pod->probe_path);
    free(pod->probe_url);
    free(pod);
}

void pod_publish(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    struct serving_pod state = pod->state;
    char reason[sizeof(pod->reason)], message[sizeof(pod->message)];
    memcpy(reason, pod->reason, sizeof(reason));
    memcpy(message, pod->message, sizeof(message));
    pthread_mutex_unlock(&pod->lock);
    state.waiting_reason = *reason ? reason : NULL;
    state.waiting_message = *reason ? message : NULL;
    const struct resource_listener *listener = pod->manager->listener;
    if (listener->pod)
        listener->pod(&state, listener->app);
}

void pod_publish_event(struct pod *pod, bool warning, const char *reason, const char *message)
{
    const struct resource_listener *listener = pod->manager->listener;
    struct resource_event event = {
        .about = pod->options.owner, .warning = warning, .reason = reason, .message = message};
    if (listener->event)
        listener->event(&event, listener->app);
}

void pod_publish_change(struct pod *pod)
{
    pod_publish(pod);
    if (pod->options.changed)
        pod->options.changed(pod, pod->options.context);
}

void pod_set_waiting(struct pod *pod, enum serving_pod_phase phase, const char *reason,
                     const char *message)
{
    pthread_mutex_lock(&pod->lock);
    snprintf(pod->reason, sizeof(pod->reason), "%s", reason);
    snprintf(pod->message, sizeof(pod->message), "%.*s", (int)sizeof(pod->message) - 1, message);
    pod->state.phase = phase;
    pod->state.ready = false;
    pthread_mutex_unlock(&pod->lock);
}

void pod_set_ended(struct pod *pod, int exit_code)
{
    pthread_mutex_lock(&pod->lock);
    pod->state.phase = exit_code == 0 || pod->stopping ? POD_SUCCEEDED : POD_FAILED;
    pod->state.ready = false;
    *pod->reason = '\0';
    pthread_mutex_unlock(&pod->lock);
}

bool pod_is_stopping(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    bool stopping = pod->stopping;
    pthread_mutex_unlock(&pod->lock);
    return stopping;
}

static void copy_options(struct pod *pod, const struct pod_options *options)
{
    pod->options = *options;
    pod->ns = str_copy(options->ns);
    pod->name = str_copy(options->name);
    pod->owner_ns = str_copy(options->owner.ns);
    pod->owner_name = str_copy(options->owner.name);
    pod->revision = str_copy(options->revision);
    pod->probe_path = str_copy(options->probe_path);
    pod->options.owner.ns = pod->owner_ns;
    pod->options.owner.name = pod->owner_name;
    pod->state = (struct serving_pod){
        .ns = pod->ns,
        .name = pod->name,
        .owner = pod->options.owner,
        .revision = pod->revision,
        .container = pod->spec->container,
        .image = pod->spec->image,
        .phase = POD_PENDING,
        .created_ns = timestamp_now_ns(),
    };
}

struct pod *pod_new(struct pod_manager *manager, struct pod_spec *spec,
                    const struct pod_options *options, struct err *err)
{
    OWN(free) char *dir = str_format("%s/%s_%s", manager->dir, options->ns, options->name);
    struct pod_log *log = pod_log_open(dir, err);
    if (!log)
        return NULL;
    struct pod *pod = alloc_zeroed(sizeof(*pod));
    atomic_init(&pod->refs, 1);
    pthread_mutex_init(&pod->lock, NULL);
    pod->manager = manager;
    pod->spec = pod_spec_hold(spec);
    pod->log = log;
    pod->dir = move_ptr(&dir);
    copy_options(pod, options);
    pthread_mutex_lock(&manager->lock);
    DL_APPEND(manager->pods, pod);
    pthread_mutex_unlock(&manager->lock);
    pod_publish(pod);
    event_loop_set_timer(manager->loop, &pod->timer, 0, pod_process_start);
    return pod;
}

static void kill_after_grace(struct timer *timer)
{
    struct pod *pod = (struct pod *)timer;
    if (pod->process.pid)
        child_process_signal(&pod->process, SIGKILL);
}

static void stop(struct timer *timer)
{
    struct pod *pod = (struct pod *)((char *)timer - offsetof(struct pod, stop_request));
    event_loop_cancel_timer(pod->manager->loop, &pod->timer);
    if (pod->process.pid) {
        child_process_signal(&pod->process, SIGTERM);
        event_loop_set_timer(pod->manager->loop, &pod->timer,
                             timestamp_monotonic_ns() + pod->options.grace_ns, kill_after_grace);
    } else {
        pod_set_ended(pod, pod->state.exit_code);
        pod_publish_change(pod);
    }
    pod_release(pod);
}

void pod_stop(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    bool first = !pod->stopping;
    pod->stopping = true;
    pod->state.ready = false;
    pthread_mutex_unlock(&pod->lock);
    if (!first)
        return;
    pod_hold(pod);
    event_loop_set_timer(pod->manager->loop, &pod->stop_request, 0, stop);
}

void pod_forget(struct pod *pod)
{
    struct err err = {0}; /* a folder that cannot be removed now is removed at the next start */
    pthread_mutex_lock(&pod->manager->lock);
    DL_DELETE(pod->manager->pods, pod);
    pthread_mutex_unlock(&pod->manager->lock);
    pthread_mutex_lock(&pod->lock);
    pod->state.phase = POD_GONE;
    pthread_mutex_unlock(&pod->lock);
    pod_publish(pod);
    file_remove_tree(pod->dir, &err);
}

struct pod *pod_find(struct pod_manager *manager, const char *ns, const char *name)
{
    struct pod *pod;
    pthread_mutex_lock(&manager->lock);
    DL_FOREACH(manager->pods, pod)
    {
        if (str_equal(pod->name, name) && str_equal(pod->ns, ns)) {
            pod_hold(pod);
            break;
        }
    }
    pthread_mutex_unlock(&manager->lock);
    return pod;
}

enum serving_pod_phase pod_phase(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    enum serving_pod_phase phase = pod->state.phase;
    pthread_mutex_unlock(&pod->lock);
    return phase;
}

bool pod_ready(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    bool ready = pod->state.ready;
    pthread_mutex_unlock(&pod->lock);
    return ready;
}

uint16_t pod_port(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    uint16_t port = pod->state.port;
    pthread_mutex_unlock(&pod->lock);
    return port;
}

bool pod_failing(struct pod *pod, char reason[32], char message[256])
{
    pthread_mutex_lock(&pod->lock);
    bool failing = *pod->reason && !str_equal(pod->reason, pod_reason_restarting);
    memcpy(reason, pod->reason, sizeof(pod->reason));
    memcpy(message, pod->message, sizeof(pod->message));
    pthread_mutex_unlock(&pod->lock);
    return failing;
}

struct pod_log *pod_log(struct pod *pod)
{
    return pod->log;
}
