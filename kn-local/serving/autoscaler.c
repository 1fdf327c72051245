/* SPDX-License-Identifier: Apache-2.0 */
/* How many pods a revision has: creates and stops them, on the event loop's thread. */
#include "kn-local/serving/revision_private.h"

#include "base/random.h"
#include "base/str.h"

#include <string.h>

enum { GRACE_SEC = 10 /* from SIGTERM to SIGKILL */ };

static void reconcile(struct timer *timer);

/* A timer that is set holds a reference. */
void autoscaler_schedule(struct revision *revision, int64_t at_ns)
{
    if (revision->wake_ns && revision->wake_ns <= at_ns)
        return;
    if (!event_loop_cancel_timer(revision->manager->loop, &revision->timer))
        revision_hold(revision);
    revision->wake_ns = at_ns ? at_ns : 1;
    event_loop_set_timer(revision->manager->loop, &revision->timer, at_ns, reconcile);
}

/* What reconcile decided under the lock, and does after releasing it. */
struct actions {
    struct queued_request *start, *expired, *unservable;
    struct pod *forget[16];
    size_t forget_count;
    char message[256]; /* why requests are unservable */
    bool publish;
};

/* How many pods there should be now: enough for the requests, within min and max scale. */
static unsigned desired_replicas(const struct revision *revision, int64_t now)
{
    const struct revision_spec *spec = &revision->applied.spec;
    if (revision->removed || !revision->applied.pod_spec)
        return 0;
    unsigned requests = revision->waiting_count, each = spec->concurrency, current = 0;
    struct replica *replica;
    DL_FOREACH(revision->replicas, replica)
    {
        requests += replica->retiring ? 0 : replica->active;
        current += !replica->retiring;
    }
    unsigned desired = !requests ? 0 : each ? (requests + each - 1) / each : 1;
    if (desired > spec->max_scale)
        desired = spec->max_scale;
    if (desired < spec->min_scale)
        desired = spec->min_scale;
    bool recent = revision->busy_ns && now - revision->busy_ns < spec->idle_ns;
    if ((recent || requests) && desired < current)
        desired = current; /* scale down only after the idle time */
    if (!revision->applied.pod_spec->argv && desired == 0)
        desired = 1; /* one pod shows what is wrong with the image */
    return desired;
}

static void on_pod_changed(struct pod *pod, void *context)
{
    (void)pod;
    struct revision *revision = context;
    pthread_mutex_lock(&revision->lock);
    autoscaler_schedule(revision, 0);
    pthread_mutex_unlock(&revision->lock);
}

/* Call with the lock held. A replica holds a reference to the revision. */
static void add_replica(struct revision *revision)
{
    const struct revision_spec *spec = &revision->applied.spec;
    char name[256], suffix[NAME_SUFFIX_SIZE];
    random_name_suffix(suffix);
    snprintf(name, sizeof(name), "%s-%s", spec->pod_base, suffix);
    struct err err = {0};
    struct pod_options options = {
        .ns = revision->id.ns,
        .name = name,
        .owner = revision->id,
        .revision = spec->revision,
        .serves = revision->serves,
        .probe_path = spec->probe_path,
        .grace_ns = GRACE_SEC * (int64_t)NS_PER_SEC,
        .changed = on_pod_changed,
        .context = revision,
    };
    struct pod *pod = pod_new(revision->manager, revision->applied.pod_spec, &options, &err);
    if (!pod) { /* e.g. a full disk: try again in a second */
        autoscaler_schedule(revision, timestamp_monotonic_ns() + NS_PER_SEC);
        return;
    }
    struct replica *replica = alloc_zeroed(sizeof(*replica));
    replica->pod = pod;
    revision_hold(revision);
    DL_APPEND(revision->replicas, replica);
}

static void scale(struct revision *revision, int64_t now)
{
    unsigned desired = desired_replicas(revision, now), current = 0;
    struct replica *replica;
    DL_FOREACH(revision->replicas, replica)
    {
        if (!replica->retiring && current == desired)
            replica->retiring = true;
        current += !replica->retiring;
    }
    for (; current < desired; current++)
        add_replica(revision);
    DL_FOREACH(revision->replicas, replica)
    {
        if (replica->retiring && !replica->active && !replica->stopped) {
            replica->stopped = true;
            pod_stop(replica->pod);
        }
    }
}

static void collect_ended(struct revision *revision, struct actions *actions)
{
    struct replica *replica, *next;
    DL_FOREACH_SAFE(revision->replicas, replica, next)
    {
        bool room = actions->forget_count < ARRAY_SIZE(actions->forget);
        enum serving_pod_phase phase = pod_phase(replica->pod);
        if (!room || replica->active || (phase != POD_SUCCEEDED && phase != POD_FAILED))
            continue;
        DL_DELETE(revision->replicas, replica);
        /* kept for its log, in place of the oldest one */
        struct pod *oldest = revision->removed ? replica->pod : revision->ended[MAX_ENDED_PODS - 1];
        if (!revision->removed) {
            memmove(revision->ended + 1, revision->ended,
                    (MAX_ENDED_PODS - 1) * sizeof(revision->ended[0]));
            revision->ended[0] = replica->pod;
        }
        if (oldest)
            actions->forget[actions->forget_count++] = oldest;
        free(replica);
        atomic_fetch_sub(&revision->refs, 1); /* the replica's; reconcile holds another one */
    }
    for (size_t i = 0; revision->removed && i < MAX_ENDED_PODS; i++)
        if (revision->ended[i] && actions->forget_count < ARRAY_SIZE(actions->forget))
            actions->forget[actions->forget_count++] = move_ptr(&revision->ended[i]);
}

/* Whether every pod failed to start, so that none can answer; fills in why. */
static bool is_failing(struct revision *revision, char reason[32], char message[256])
{
    bool failing = false;
    struct replica *replica;
    DL_FOREACH(revision->replicas, replica)
    {
        if (replica->retiring)
            continue;
        if (!pod_failing(replica->pod, reason, message))
            return false;
        failing = true;
    }
    return failing;
}

/* Updates the status; true when it has changed and is to be published. */
static bool record_status(struct revision *revision, bool failing, const char *reason,
                          const char *message)
{
    unsigned replicas = 0;
    struct replica *replica;
    DL_FOREACH(revision->replicas, replica)
    {
        replicas += pod_phase(replica->pod) == POD_RUNNING;
    }
    if (!revision->replicas && revision->is_published && revision->published.ready == READY_FALSE)
        return false; /* the last failure is kept until the next start */
    enum resource_ready ready = failing                            ? READY_FALSE
                                : revision->serves || replicas > 0 ? READY_TRUE
                                                                   : READY_UNKNOWN;
    bool changed = !revision->is_published || revision->published.ready != ready ||
                   revision->published.replicas != replicas ||
                   !str_equal(revision->reason, failing ? reason : "") ||
                   !str_equal(revision->message, failing ? message : "");
    revision->is_published = true;
    revision->published = (struct resource_status){.ready = ready, .replicas = replicas};
    snprintf(revision->reason, sizeof(revision->reason), "%s", failing ? reason : "");
    snprintf(revision->message, sizeof(revision->message), "%s", failing ? message : "");
    return changed && !revision->removed;
}

static void find_actions(struct revision *revision, struct actions *actions)
{
    char reason[32] = "", message[256] = "";
    int64_t now = timestamp_monotonic_ns();
    revision->wake_ns = 0;
    collect_ended(revision, actions);
    request_queue_take_expired(revision, now, &actions->expired);
    bool failing = is_failing(revision, reason, message);
    if (revision->removed || failing)
        actions->unservable = request_queue_take_all(revision);
    snprintf(actions->message, sizeof(actions->message), "%s",
             failing ? message : "the service was deleted");
    actions->start = request_queue_assign(revision);
    scale(revision, now);
    actions->publish = record_status(revision, failing, reason, message);
    int64_t idle_ns = revision->applied.spec.idle_ns;
    if (revision->replicas && revision->busy_ns && revision->busy_ns + idle_ns > now)
        autoscaler_schedule(revision, revision->busy_ns + idle_ns);
}

static void reconcile(struct timer *timer)
{
    struct revision *revision = (struct revision *)timer;
    struct actions actions = {0};
    pthread_mutex_lock(&revision->lock);
    find_actions(revision, &actions);
    struct resource_status status = revision->published;
    char reason[sizeof(revision->reason)], message[sizeof(revision->message)];
    memcpy(reason, revision->reason, sizeof(reason));
    memcpy(message, revision->message, sizeof(message));
    pthread_mutex_unlock(&revision->lock);

    request_queue_start_all(actions.start);
    request_queue_fail_expired(actions.expired);
    request_queue_fail(actions.unservable, actions.message);
    for (size_t i = 0; i < actions.forget_count; i++) {
        pod_forget(actions.forget[i]);
        pod_release(actions.forget[i]);
    }
    const struct resource_listener *listener = revision->manager->listener;
    if (actions.publish && listener->status) {
        status.id = revision->id;
        status.reason = reason;
        status.message = message;
        listener->status(&status, listener->app);
    }
    revision_release(revision);
}
