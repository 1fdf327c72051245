/* A workload: as many pods as are needed. A service has none until the first request, which waits
 * for one; a source has one always. */
#ifndef KN_LOCAL_SERVING_REVISION_H
#define KN_LOCAL_SERVING_REVISION_H

#include "kn-local/serving/pod.h"

struct workload;

/* What there should be; a change replaces the pods, old ones drain. Never changed. */
struct workload_spec {
    const char *revision, *pod_base, *probe_path; /* revision, probe_path NULL: none */
    uint16_t port;
    unsigned min_scale, max_scale, concurrency; /* max 0: the default; concurrency 0: no limit */
    int64_t timeout_ns, idle_ns;
};

/* id.kind is RUNTIME_SERVICE or RUNTIME_SOURCE. Borrows home. */
struct workload *workload_new(struct pod_home *home, struct runtime_id id);

/* Changes what there should be; the plan is held. Nothing happens when all is as it was. */
void workload_apply(struct workload *workload, struct plan *plan, const struct workload_spec *spec);

struct workload *workload_hold(struct workload *workload);
void workload_release(struct workload *workload);

/* Stops its pods and forgets them, and fails what waits. */
void workload_end(struct workload *workload);

/* Whether requests wait or are under way. */
bool workload_busy(struct workload *workload);

/* Sends a call to one of its pods, starting one if need be; path (and query) is on the pod. The
 * call is as for http_start, without a URL. When no pod could answer: 503 with the reason as text;
 * 504 when it took longer than the workload's own limit. */
void workload_send(struct workload *workload, const char *path, const struct http_call *call,
                   http_ended *ended, void *context);

#endif
