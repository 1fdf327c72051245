/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the pods of the data plane as Kubernetes Pods. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/controllers/controllers_private.h"
#include "kn-local/kinds/kinds.h"

#include <string.h>

static json_t *time_or_null(int64_t ns)
{
    char text[TIMESTAMP_SIZE];
    if (ns == 0)
        return NULL;
    timestamp_format(ns / NS_PER_SEC * NS_PER_SEC, text);
    return json_string(text);
}

static json_t *ended_state(const struct serving_pod *pod)
{
    bool ok = pod->exit_code == 0 || pod->phase == POD_SUCCEEDED;
    int code = pod->exit_code < 0 ? 128 - pod->exit_code : pod->exit_code;
    return json_pack("{s:{s:i, s:s, s:o*, s:o*}}", "terminated", "exitCode", code, "reason",
                     ok ? "Completed" : "Error", "startedAt", time_or_null(pod->started_ns),
                     "finishedAt", time_or_null(pod->finished_ns));
}

static json_t *state_of(const struct serving_pod *pod)
{
    if (pod->phase == POD_SUCCEEDED || pod->phase == POD_FAILED)
        return ended_state(pod);
    if (pod->phase == POD_RUNNING)
        return json_pack("{s:{s:o*}}", "running", "startedAt", time_or_null(pod->started_ns));
    return json_pack("{s:{s:s, s:s*}}", "waiting", "reason",
                     pod->waiting_reason ? pod->waiting_reason : "ContainerCreating", "message",
                     pod->waiting_message);
}

static json_t *status_of(const struct serving_pod *pod)
{
    static const char *const phases[] = {[POD_PENDING] = "Pending",
                                         [POD_RUNNING] = "Running",
                                         [POD_SUCCEEDED] = "Succeeded",
                                         [POD_FAILED] = "Failed"};
    const char *ready = pod->ready ? "True" : "False";
    /* a cluster calls a pod whose container waits for its next start running */
    const char *phase = pod->phase == POD_PENDING && pod->restarts ? "Running" : phases[pod->phase];
    json_t *container =
        json_pack("{s:s, s:s, s:b, s:i, s:o}", "name", pod->container, "image", pod->image, "ready",
                  pod->ready, "restartCount", (int)pod->restarts, "state", state_of(pod));
    if (pod->restarts && pod->finished_ns && pod->phase < POD_SUCCEEDED)
        json_object_set_new(container, "lastState", ended_state(pod));
    return json_pack("{s:s, s:s, s:s, s:o*, s:[o], s:[{s:s, s:s}, {s:s, s:s}]}", "phase", phase,
                     "podIP", "127.0.0.1", "hostIP", "127.0.0.1", "startTime",
                     time_or_null(pod->created_ns), "containerStatuses", container, "conditions",
                     "type", "ContainersReady", "status", ready, "type", "Ready", "status", ready);
}

static json_t *labels_of(const struct serving_pod *pod)
{
    const char *name = strchr(pod->owner.name, '/');
    if (pod->owner.kind != RESOURCE_SERVICE)
        return json_pack("{s:s}", "sources.knative.dev/name", name ? name + 1 : pod->owner.name);
    return json_pack("{s:s, s:s, s:s, s:s}", "app", pod->revision, "serving.knative.dev/service",
                     pod->owner.name, "serving.knative.dev/configuration", pod->owner.name,
                     "serving.knative.dev/revision", pod->revision);
}

static json_t *new_pod(const struct serving_pod *pod)
{
    json_t *metadata = json_pack("{s:s, s:s, s:o}", "name", pod->name, "namespace", pod->ns,
                                 "labels", labels_of(pod));
    json_t *ports = pod->port ? json_pack("[{s:i}]", "containerPort", (int)pod->port) : NULL;
    json_t *spec =
        json_pack("{s:[{s:s, s:s, s:o*}], s:s, s:s}", "containers", "name", pod->container, "image",
                  pod->image, "ports", ports, "nodeName", "localhost", "restartPolicy", "Always");
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "apiVersion", "v1", "kind", "Pod", "metadata",
                     metadata, "spec", spec, "status", status_of(pod));
}

static void delete_pod(struct controllers *controllers, const struct object_key *key)
{
    struct err err = {0};
    json_decref(object_store_delete(controllers->objects, key, &err));
}

void pod_status_write(struct controllers *controllers, const struct serving_pod *pod)
{
    struct object_key key = {&kind_pod, pod->ns, pod->name};
    json_auto_t *existing = object_store_get(controllers->objects, &key);
    bool ended = pod->phase == POD_SUCCEEDED || pod->phase == POD_FAILED;
    const struct kind *kind = NULL;
    json_auto_t *owner = ended ? controllers_find_object(controllers, &pod->owner, &kind) : NULL;
    if (pod->phase == POD_GONE || (ended && (!existing || !owner))) {
        delete_pod(controllers, &key);
        return;
    }
    struct err err = {0};
    json_t *written = existing ? status_of(pod) : new_pod(pod);
    if (!written)
        return; /* a string is not valid UTF-8 */
    json_decref(existing ? object_store_set_status_new(controllers->objects, &key, written, &err)
                         : object_store_create_new(controllers->objects, &key, written, &err));
}

void pod_status_forget(struct controllers *controllers, const struct resource_id *owner)
{
    if (owner->kind != RESOURCE_SERVICE && owner->kind != RESOURCE_SOURCE)
        return;
    const char *slash = strchr(owner->name, '/');
    const char *label = owner->kind == RESOURCE_SERVICE ? "serving.knative.dev/service"
                                                        : "sources.knative.dev/name";
    json_auto_t *pods = object_store_list(controllers->objects, &kind_pod, owner->ns, NULL);
    size_t index;
    json_t *pod;
    json_array_foreach(pods, index, pod)
    {
        struct object_key key = object_key_of(&kind_pod, pod);
        if (str_equal(object_label(pod, label), slash ? slash + 1 : owner->name))
            delete_pod(controllers, &key);
    }
}
