/* SPDX-License-Identifier: Apache-2.0 */
/* A revision: as many pods as are needed. A service has none until the first request, which waits
 * for one; a source has one always. */
#ifndef KN_LOCAL_SERVING_REVISION_H
#define KN_LOCAL_SERVING_REVISION_H

#include "kn-local/serving/pod.h"

struct revision;

/* What there should be; a change replaces the pods, old ones drain. Never changed. */
struct revision_spec {
    const char *revision, *pod_base, *probe_path; /* revision, probe_path NULL: none */
    uint16_t port;
    unsigned min_scale, max_scale, concurrency; /* max 0: the default; concurrency 0: no limit */
    int64_t timeout_ns, idle_ns;
};

/* id.kind is RESOURCE_SERVICE or RESOURCE_SOURCE. Borrows home. */
struct revision *revision_new(struct pod_manager *manager, struct resource_id id);

/* Changes what there should be; the plan is held. Nothing happens when all is as it was. */
void revision_apply(struct revision *revision, struct pod_spec *pod_spec,
                    const struct revision_spec *spec);

struct revision *revision_hold(struct revision *revision);
void revision_release(struct revision *revision);

/* Stops its pods and forgets them, and fails what waits. */
void revision_end(struct revision *revision);

/* Whether requests wait or are under way. */
bool revision_busy(struct revision *revision);

/* Sends a call to one of its pods, starting one if need be; path (and query) is on the pod. The
 * call is as for http_client_start, without a URL. When no pod could answer: 503 with the reason as
 * text; 504 when it took longer than the revision's own limit. */
void request_queue_send(struct revision *revision, const char *path, const struct http_call *call,
                        http_client_callback *ended, void *context);

#endif
