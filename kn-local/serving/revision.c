/* SPDX-License-Identifier: Apache-2.0 */
/* A revision: its spec and its life. Requests arrive on any thread (request_queue.c); pods are
 * created and stopped on the event loop's thread (autoscaler.c). */
#include "kn-local/serving/revision_private.h"

#include "base/str.h"

enum {
    DEFAULT_TIMEOUT_SEC = 300,
    DEFAULT_IDLE_SEC = 60,
    DEFAULT_MAX_PODS = 4, /* of a revision with a concurrency limit */
};

static void owned_spec_done(struct owned_spec *owned)
{
    free((char *)(uintptr_t)owned->spec.revision);
    free((char *)(uintptr_t)owned->spec.pod_base);
    free((char *)(uintptr_t)owned->spec.probe_path);
    if (owned->pod_spec)
        pod_spec_release(owned->pod_spec);
    *owned = (struct owned_spec){0};
}

static struct owned_spec owned_spec_copy(const struct revision_spec *spec,
                                         struct pod_spec *pod_spec)
{
    struct owned_spec owned = {.spec = *spec, .pod_spec = pod_spec_hold(pod_spec)};
    owned.spec.revision = str_copy(spec->revision);
    owned.spec.pod_base = str_copy(spec->pod_base);
    owned.spec.probe_path = str_copy(spec->probe_path);
    if (!owned.spec.timeout_ns)
        owned.spec.timeout_ns = DEFAULT_TIMEOUT_SEC * (int64_t)NS_PER_SEC;
    if (!owned.spec.idle_ns)
        owned.spec.idle_ns = DEFAULT_IDLE_SEC * (int64_t)NS_PER_SEC;
    if (!owned.spec.max_scale)
        owned.spec.max_scale = spec->concurrency ? DEFAULT_MAX_PODS : 1;
    if (owned.spec.max_scale < spec->min_scale)
        owned.spec.max_scale = spec->min_scale;
    return owned;
}

static bool owned_specs_equal(const struct owned_spec *a, const struct owned_spec *b)
{
    const struct revision_spec *x = &a->spec, *y = &b->spec;
    return a->pod_spec && b->pod_spec && str_equal(x->revision, y->revision) &&
           str_equal(x->pod_base, y->pod_base) && str_equal(x->probe_path, y->probe_path) &&
           x->min_scale == y->min_scale && x->max_scale == y->max_scale &&
           x->concurrency == y->concurrency && x->timeout_ns == y->timeout_ns &&
           x->idle_ns == y->idle_ns && pod_spec_equal(a->pod_spec, b->pod_spec);
}

struct revision *revision_new(struct pod_manager *manager, struct resource_id id)
{
    struct revision *revision = alloc_zeroed(sizeof(*revision));
    atomic_init(&revision->refs, 1);
    pthread_mutex_init(&revision->lock, NULL);
    revision->manager = manager;
    revision->id = (struct resource_id){id.kind, str_copy(id.ns), str_copy(id.name)};
    revision->serves = id.kind == RESOURCE_SERVICE;
    return revision;
}

struct revision *revision_hold(struct revision *revision)
{
    atomic_fetch_add_explicit(&revision->refs, 1, memory_order_relaxed);
    return revision;
}

void revision_release(struct revision *revision)
{
    if (atomic_fetch_sub(&revision->refs, 1) > 1)
        return;
    for (size_t i = 0; i < MAX_ENDED_PODS; i++)
        if (revision->ended[i])
            pod_release(revision->ended[i]);
    owned_spec_done(&revision->applied);
    pthread_mutex_destroy(&revision->lock);
    free((char *)(uintptr_t)revision->id.ns);
    free((char *)(uintptr_t)revision->id.name);
    free(revision);
}

void revision_apply(struct revision *revision, struct pod_spec *pod_spec,
                    const struct revision_spec *spec)
{
    struct owned_spec replaced = owned_spec_copy(spec, pod_spec);
    pthread_mutex_lock(&revision->lock);
    if (!owned_specs_equal(&replaced, &revision->applied)) {
        struct owned_spec old = revision->applied;
        revision->applied = replaced;
        replaced = old;
        revision->is_published = false;
        struct replica *replica;
        DL_FOREACH(revision->replicas, replica)
        {
            replica->retiring = true;
        }
        autoscaler_schedule(revision, 0);
    }
    pthread_mutex_unlock(&revision->lock);
    owned_spec_done(&replaced);
}

void revision_end(struct revision *revision)
{
    pthread_mutex_lock(&revision->lock);
    revision->removed = true; /* requests are answered 503 from here on */
    struct replica *replica;
    DL_FOREACH(revision->replicas, replica)
    {
        replica->retiring = true;
    }
    autoscaler_schedule(revision, 0);
    pthread_mutex_unlock(&revision->lock);
}

bool revision_busy(struct revision *revision)
{
    pthread_mutex_lock(&revision->lock);
    bool busy = revision->waiting != NULL;
    struct replica *replica;
    DL_FOREACH(revision->replicas, replica)
    {
        busy |= replica->active > 0;
    }
    pthread_mutex_unlock(&revision->lock);
    return busy;
}
