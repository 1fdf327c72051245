/* SPDX-License-Identifier: Apache-2.0 */
/* How many pods a workload has. They are made and ended here, on the loop's thread. */
#include "kn-local/serving/revision_private.h"

#include "base/str.h"

#include <openssl/rand.h>
#include <string.h>

enum { GRACE_SEC = 10 /* from SIGTERM to SIGKILL */ };

static void reconcile(struct timer *timer);

/* A timer that is set holds the workload. */
void autoscaler_schedule(struct revision *workload, int64_t at_ns)
{
    if (workload->wake_ns && workload->wake_ns <= at_ns)
        return;
    if (!event_loop_cancel_timer(workload->home->loop, &workload->timer))
        revision_hold(workload);
    workload->wake_ns = at_ns ? at_ns : 1;
    event_loop_set_timer(workload->home->loop, &workload->timer, at_ns, reconcile);
}

/* What reconcile found to do without the lock. */
struct actions {
    struct queued_request *start, *late, *unservable;
    struct pod *forget[16];
    size_t forget_count;
    char message[256]; /* why those are unservable */
    bool tell;
};

static unsigned demand(const struct revision *workload)
{
    unsigned sum = workload->waiting_count;
    struct replica *server;
    DL_FOREACH(workload->servers, server)
    {
        sum += server->retiring ? 0 : server->active;
    }
    return sum;
}

/* How many pods there should be now. */
static unsigned wanted(const struct revision *workload, int64_t now)
{
    const struct revision_spec *spec = &workload->shape.spec;
    if (workload->removed || !workload->shape.plan)
        return 0;
    unsigned requests = demand(workload), each = spec->concurrency;
    unsigned want = !requests ? 0 : each ? (requests + each - 1) / each : 1;
    if (want > spec->max_scale)
        want = spec->max_scale;
    if (want < spec->min_scale)
        want = spec->min_scale;
    bool recent = workload->busy_ns && now - workload->busy_ns < spec->idle_ns;
    struct replica *server;
    unsigned have = 0;
    DL_FOREACH(workload->servers, server)
    {
        have += !server->retiring;
    }
    if ((recent || requests) && want < have)
        want = have; /* not before they were idle for a while */
    if (!workload->shape.plan->argv && want == 0)
        want = 1; /* shows what is wrong with the image */
    return want;
}

static void random_name(const char *base, char *name, size_t size)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    unsigned char bytes[5];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        abort(); /* no randomness, no security anywhere */
    char tail[sizeof(bytes) + 1] = {0};
    for (size_t i = 0; i < sizeof(bytes); i++)
        tail[i] = letters[bytes[i] % (sizeof(letters) - 1)];
    snprintf(name, size, "%s-%s", base, tail);
}

static void on_pod_changed(struct pod *pod, void *context)
{
    (void)pod;
    struct revision *workload = context;
    pthread_mutex_lock(&workload->lock);
    autoscaler_schedule(workload, 0);
    pthread_mutex_unlock(&workload->lock);
}

/* Under the lock. A server holds the workload. */
static void add_server(struct revision *workload)
{
    const struct revision_spec *spec = &workload->shape.spec;
    char name[256];
    random_name(spec->pod_base, name, sizeof(name));
    struct err err = {0};
    struct pod_options options = {
        .ns = workload->id.ns,
        .name = name,
        .owner = workload->id,
        .revision = spec->revision,
        .serves = workload->serves,
        .port = spec->port,
        .probe_path = spec->probe_path,
        .grace_ns = GRACE_SEC * (int64_t)NS_PER_SEC,
        .changed = on_pod_changed,
        .context = workload,
    };
    struct pod *pod = pod_new(workload->home, workload->shape.plan, &options, &err);
    if (!pod) { /* the disk is full, say: tried again in a second */
        autoscaler_schedule(workload, timestamp_monotonic_ns() + NS_PER_SEC);
        return;
    }
    struct replica *server = alloc_zeroed(sizeof(*server));
    server->pod = pod;
    revision_hold(workload);
    DL_APPEND(workload->servers, server);
}

static void scale(struct revision *workload, int64_t now)
{
    unsigned want = wanted(workload, now), have = 0;
    struct replica *server;
    DL_FOREACH(workload->servers, server)
    {
        if (!server->retiring && have == want)
            server->retiring = true;
        have += !server->retiring;
    }
    for (; have < want; have++)
        add_server(workload);
    DL_FOREACH(workload->servers, server)
    {
        if (server->retiring && !server->active && !server->stopped) {
            server->stopped = true;
            pod_stop(server->pod);
        }
    }
}

/* Keeps an ended pod for its log; the oldest makes room. */
static void keep(struct revision *workload, struct pod *pod, struct actions *actions)
{
    struct pod *oldest = workload->removed ? pod : workload->ended[KEPT_PODS - 1];
    if (!workload->removed) {
        memmove(workload->ended + 1, workload->ended, (KEPT_PODS - 1) * sizeof(pod));
        workload->ended[0] = pod;
    }
    if (oldest)
        actions->forget[actions->forget_count++] = oldest;
}

static bool has_ended(struct pod *pod)
{
    enum serving_pod_phase phase = pod_phase(pod);
    return phase == POD_SUCCEEDED || phase == POD_FAILED;
}

static void collect_ended(struct revision *workload, struct actions *actions)
{
    struct replica *server, *next;
    DL_FOREACH_SAFE(workload->servers, server, next)
    {
        bool room = actions->forget_count < ARRAY_SIZE(actions->forget);
        if (!room || server->active || !has_ended(server->pod))
            continue;
        DL_DELETE(workload->servers, server);
        keep(workload, server->pod, actions);
        free(server);
        atomic_fetch_sub(&workload->refs, 1); /* the server's; reconcile has one of its own */
    }
    for (size_t i = 0; workload->removed && i < KEPT_PODS; i++)
        if (workload->ended[i] && actions->forget_count < ARRAY_SIZE(actions->forget))
            actions->forget[actions->forget_count++] = move_ptr(&workload->ended[i]);
}

/* Whether no pod can answer for now, since each failed to start; and why. */
static bool is_failing(struct revision *workload, char reason[32], char message[256])
{
    bool failing = false;
    struct replica *server;
    DL_FOREACH(workload->servers, server)
    {
        if (server->retiring)
            continue;
        if (!pod_failing(server->pod, reason, message))
            return false;
        failing = true;
    }
    return failing;
}

static unsigned running(const struct revision *workload)
{
    unsigned count = 0;
    struct replica *server;
    DL_FOREACH(workload->servers, server)
    {
        count += pod_phase(server->pod) == POD_RUNNING;
    }
    return count;
}

/* Notes how it is; true when that is news. */
static bool note_status(struct revision *workload, bool failing, const char *reason,
                        const char *message)
{
    unsigned replicas = running(workload);
    if (!workload->servers && workload->has_told && workload->told.ready == READY_FALSE)
        return false; /* what failed last stays true until the next start */
    enum resource_ready ready = failing                            ? READY_FALSE
                                : workload->serves || replicas > 0 ? READY_TRUE
                                                                   : READY_UNKNOWN;
    bool news = !workload->has_told || workload->told.ready != ready ||
                workload->told.replicas != replicas ||
                !str_equal(workload->reason, failing ? reason : "") ||
                !str_equal(workload->message, failing ? message : "");
    workload->has_told = true;
    workload->told = (struct resource_status){.ready = ready, .replicas = replicas};
    snprintf(workload->reason, sizeof(workload->reason), "%s", failing ? reason : "");
    snprintf(workload->message, sizeof(workload->message), "%s", failing ? message : "");
    return news && !workload->removed;
}

static void tell_status(struct revision *workload)
{
    pthread_mutex_lock(&workload->lock);
    struct resource_status status = workload->told;
    char reason[sizeof(workload->reason)], message[sizeof(workload->message)];
    memcpy(reason, workload->reason, sizeof(reason));
    memcpy(message, workload->message, sizeof(message));
    pthread_mutex_unlock(&workload->lock);
    status.id = workload->id;
    status.reason = reason;
    status.message = message;
    const struct resource_listener *listener = workload->home->listener;
    if (listener->status)
        listener->status(&status, listener->app);
}

static void find_actions(struct revision *workload, struct actions *actions)
{
    char reason[32] = "", message[256] = "";
    int64_t now = timestamp_monotonic_ns();
    workload->wake_ns = 0;
    collect_ended(workload, actions);
    request_queue_take_expired(workload, now, &actions->late);
    bool failing = is_failing(workload, reason, message);
    if (workload->removed || failing)
        actions->unservable = request_queue_take_all(workload);
    snprintf(actions->message, sizeof(actions->message), "%s",
             failing ? message : "the service was deleted");
    actions->start = request_queue_assign(workload);
    scale(workload, now);
    actions->tell = note_status(workload, failing, reason, message);
    int64_t idle_ns = workload->shape.spec.idle_ns;
    if (workload->servers && workload->busy_ns && workload->busy_ns + idle_ns > now)
        autoscaler_schedule(workload, workload->busy_ns + idle_ns);
}

static void run_actions(struct revision *workload, struct actions *actions)
{
    request_queue_start_all(actions->start);
    request_queue_fail_expired(actions->late);
    request_queue_fail(actions->unservable, actions->message);
    for (size_t i = 0; i < actions->forget_count; i++) {
        pod_forget(actions->forget[i]);
        pod_release(actions->forget[i]);
    }
    if (actions->tell)
        tell_status(workload);
}

static void reconcile(struct timer *timer)
{
    struct revision *workload = (struct revision *)timer;
    struct actions actions = {0};
    pthread_mutex_lock(&workload->lock);
    find_actions(workload, &actions);
    pthread_mutex_unlock(&workload->lock);
    run_actions(workload, &actions);
    revision_release(workload);
}
