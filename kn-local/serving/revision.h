/* SPDX-License-Identifier: Apache-2.0 */
/* A revision of a service, or a source: as many pods as it needs. A service has none until the
 * first request, which waits for one; a source always has one. */
#ifndef KN_LOCAL_SERVING_REVISION_H
#define KN_LOCAL_SERVING_REVISION_H

#include "kn-local/serving/pod.h"

struct revision;

/* The desired state. A change replaces the pods; old ones finish their requests. */
struct revision_spec {
    const char *revision, *pod_base, *probe_path; /* revision, probe_path NULL: none */
    unsigned min_scale, max_scale, concurrency;   /* max 0: the default; concurrency 0: no limit */
    int64_t timeout_ns, idle_ns;
};

/* id.kind is RESOURCE_SERVICE or RESOURCE_SOURCE. Borrows manager. */
struct revision *revision_new(struct pod_manager *manager, struct resource_id id);

/* Sets the desired state; holds pod_spec. Does nothing when it equals the current one. */
void revision_apply(struct revision *revision, struct pod_spec *pod_spec,
                    const struct revision_spec *spec);

struct revision *revision_hold(struct revision *revision);
void revision_release(struct revision *revision);

/* Stops and removes its pods, and answers queued requests with 503. */
void revision_end(struct revision *revision);

/* Whether requests are queued or in flight. */
bool revision_busy(struct revision *revision);

/* Sends a call to one of its pods, starting one if needed; path may hold a query. The call is as
 * for http_client_start, without a URL. Answered 503 with the reason as text when no pod can serve
 * it, 504 when it took longer than the revision's own time limit. */
void request_queue_send(struct revision *revision, const char *path, const struct http_call *call,
                        http_client_callback *ended, void *context);

#endif
