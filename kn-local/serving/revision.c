/* A workload: what it is, from its making to its end. Requests come from any thread (requests.c);
 * pods are made and ended on the loop's thread (scale.c). */
#include "kn-local/serving/revision_private.h"

#include "base/str.h"

enum {
    DEFAULT_TIMEOUT_SEC = 300,
    DEFAULT_IDLE_SEC = 60,
    DEFAULT_MOST_PODS = 4, /* when each takes only so many requests at once */
};

/* ---- life ------------------------------------------------------------------------------------ */

static void shape_done(struct shape *shape)
{
    free((char *)(uintptr_t)shape->spec.revision);
    free((char *)(uintptr_t)shape->spec.pod_base);
    free((char *)(uintptr_t)shape->spec.probe_path);
    if (shape->plan)
        plan_release(shape->plan);
    *shape = (struct shape){0};
}

static struct shape shape_copy(const struct workload_spec *spec, struct plan *plan)
{
    struct shape shape = {.spec = *spec, .plan = plan_hold(plan)};
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

static bool shapes_equal(const struct shape *a, const struct shape *b)
{
    const struct workload_spec *x = &a->spec, *y = &b->spec;
    return a->plan && b->plan && str_equal(x->revision, y->revision) &&
           str_equal(x->pod_base, y->pod_base) && str_equal(x->probe_path, y->probe_path) &&
           x->port == y->port && x->min_scale == y->min_scale && x->max_scale == y->max_scale &&
           x->concurrency == y->concurrency && x->timeout_ns == y->timeout_ns &&
           x->idle_ns == y->idle_ns && plan_equal(a->plan, b->plan);
}

struct workload *workload_new(struct pod_home *home, struct runtime_id id)
{
    struct workload *workload = must_alloc(sizeof(*workload));
    atomic_init(&workload->refs, 1);
    pthread_mutex_init(&workload->lock, NULL);
    workload->home = home;
    workload->id = (struct runtime_id){id.kind, str_copy(id.ns), str_copy(id.name)};
    workload->serves = id.kind == RUNTIME_SERVICE;
    return workload;
}

struct workload *workload_hold(struct workload *workload)
{
    atomic_fetch_add_explicit(&workload->refs, 1, memory_order_relaxed);
    return workload;
}

void workload_release(struct workload *workload)
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

void workload_apply(struct workload *workload, struct plan *plan, const struct workload_spec *spec)
{
    struct shape shape = shape_copy(spec, plan);
    pthread_mutex_lock(&workload->lock);
    if (!shapes_equal(&shape, &workload->shape)) {
        struct shape old = workload->shape;
        workload->shape = shape;
        workload->has_told = false;
        shape = old;
        struct server *server;
        DL_FOREACH(workload->servers, server)
        {
            server->retiring = true;
        }
        workload_plan_tend(workload, 0);
    }
    pthread_mutex_unlock(&workload->lock);
    shape_done(&shape);
}

void workload_end(struct workload *workload)
{
    pthread_mutex_lock(&workload->lock);
    workload->removed = true; /* from now on requests are refused */
    struct server *server;
    DL_FOREACH(workload->servers, server)
    {
        server->retiring = true;
    }
    workload_plan_tend(workload, 0);
    pthread_mutex_unlock(&workload->lock);
}

bool workload_busy(struct workload *workload)
{
    pthread_mutex_lock(&workload->lock);
    bool busy = workload->waiting != NULL;
    struct server *server;
    DL_FOREACH(workload->servers, server)
    {
        busy |= server->active > 0;
    }
    pthread_mutex_unlock(&workload->lock);
    return busy;
}
