/* SPDX-License-Identifier: Apache-2.0 */
/* A workload: what it is, from its making to its end. Requests come from any thread (requests.c);
 * pods are made and ended on the loop's thread (scale.c). */
#include "kn-local/serving/revision_private.h"

#include "base/str.h"

enum {
    DEFAULT_TIMEOUT_SEC = 300,
    DEFAULT_IDLE_SEC = 60,
    DEFAULT_MOST_PODS = 4, /* when each takes only so many requests at once */
};

static void shape_done(struct owned_spec *shape)
{
    free((char *)(uintptr_t)shape->spec.revision);
    free((char *)(uintptr_t)shape->spec.pod_base);
    free((char *)(uintptr_t)shape->spec.probe_path);
    if (shape->plan)
        pod_spec_release(shape->plan);
    *shape = (struct owned_spec){0};
}

static struct owned_spec shape_copy(const struct revision_spec *spec, struct pod_spec *plan)
{
    struct owned_spec shape = {.spec = *spec, .plan = pod_spec_hold(plan)};
    shape.spec.revision = str_copy(spec->revision);
    shape.spec.pod_base = str_copy(spec->pod_base);
    shape.spec.probe_path = str_copy(spec->probe_path);
    if (!shape.spec.timeout_ns)
        shape.spec.timeout_ns = DEFAULT_TIMEOUT_SEC * (int64_t)NS_PER_SEC;
    if (!shape.spec.idle_ns)
        shape.spec.idle_ns = DEFAULT_IDLE_SEC * (int64_t)NS_PER_SEC;
    if (!shape.spec.max_scale)
        shape.spec.max_scale = spec->concurrency ? DEFAULT_MOST_PODS : 1;
    if (shape.spec.max_scale < spec->min_scale)
        shape.spec.max_scale = spec->min_scale;
    return shape;
}

static bool shapes_equal(const struct owned_spec *a, const struct owned_spec *b)
{
    const struct revision_spec *x = &a->spec, *y = &b->spec;
    return a->plan && b->plan && str_equal(x->revision, y->revision) &&
           str_equal(x->pod_base, y->pod_base) && str_equal(x->probe_path, y->probe_path) &&
           x->port == y->port && x->min_scale == y->min_scale && x->max_scale == y->max_scale &&
           x->concurrency == y->concurrency && x->timeout_ns == y->timeout_ns &&
           x->idle_ns == y->idle_ns && pod_spec_equal(a->plan, b->plan);
}

struct revision *revision_new(struct pod_manager *home, struct resource_id id)
{
    struct revision *workload = alloc_zeroed(sizeof(*workload));
    atomic_init(&workload->refs, 1);
    pthread_mutex_init(&workload->lock, NULL);
    workload->home = home;
    workload->id = (struct resource_id){id.kind, str_copy(id.ns), str_copy(id.name)};
    workload->serves = id.kind == RESOURCE_SERVICE;
    return workload;
}

struct revision *revision_hold(struct revision *workload)
{
    atomic_fetch_add_explicit(&workload->refs, 1, memory_order_relaxed);
    return workload;
}

void revision_release(struct revision *workload)
{
    if (atomic_fetch_sub(&workload->refs, 1) > 1)
        return;
    for (size_t i = 0; i < KEPT_PODS; i++)
        if (workload->ended[i])
            pod_release(workload->ended[i]);
    shape_done(&workload->shape);
    pthread_mutex_destroy(&workload->lock);
    free((char *)(uintptr_t)workload->id.ns);
    free((char *)(uintptr_t)workload->id.name);
    free(workload);
}

void revision_apply(struct revision *workload, struct pod_spec *plan,
                    const struct revision_spec *spec)
{
    struct owned_spec shape = shape_copy(spec, plan);
    pthread_mutex_lock(&workload->lock);
    if (!shapes_equal(&shape, &workload->shape)) {
        struct owned_spec old = workload->shape;
        workload->shape = shape;
        workload->has_told = false;
        shape = old;
        struct replica *server;
        DL_FOREACH(workload->servers, server)
        {
            server->retiring = true;
        }
        autoscaler_schedule(workload, 0);
    }
    pthread_mutex_unlock(&workload->lock);
    shape_done(&shape);
}

void revision_end(struct revision *workload)
{
    pthread_mutex_lock(&workload->lock);
    workload->removed = true; /* from now on requests are refused */
    struct replica *server;
    DL_FOREACH(workload->servers, server)
    {
        server->retiring = true;
    }
    autoscaler_schedule(workload, 0);
    pthread_mutex_unlock(&workload->lock);
}

bool revision_busy(struct revision *workload)
{
    pthread_mutex_lock(&workload->lock);
    bool busy = workload->waiting != NULL;
    struct replica *server;
    DL_FOREACH(workload->servers, server)
    {
        busy |= server->active > 0;
    }
    pthread_mutex_unlock(&workload->lock);
    return busy;
}
