/* How many pods a workload has. They are made and ended here, on the loop's thread. */
#include "kn-local/serving/revision_private.h"

#include "base/str.h"

#include <openssl/rand.h>
#include <string.h>

enum { GRACE_SEC = 10 /* from SIGTERM to SIGKILL */ };

static void tend(struct timer *timer);

/* A timer that is set holds the workload. */
void workload_plan_tend(struct workload *workload, int64_t at_ns)
{
    if (workload->wake_ns && workload->wake_ns <= at_ns)
        return;
    if (!loop_cancel(workload->home->loop, &workload->timer))
        workload_hold(workload);
    workload->wake_ns = at_ns ? at_ns : 1;
    loop_at(workload->home->loop, &workload->timer, at_ns, tend);
}

/* ---- how many pods --------------------------------------------------------------------------- */

/* What tend found to do without the lock. */
struct chores {
    struct request *start, *late, *hopeless;
    struct pod *forget[16];
    size_t forget_count;
    char message[256]; /* why those are hopeless */
    bool tell;
};

static unsigned demand(const struct workload *workload)
{
    unsigned sum = workload->waiting_count;
    struct server *server;
    DL_FOREACH(workload->servers, server)
    {
        sum += server->retiring ? 0 : server->active;
    }
    return sum;
}

/* How many pods there should be now. */
static unsigned wanted(const struct workload *workload, int64_t now)
{
    const struct workload_spec *spec = &workload->shape.spec;
    if (workload->removed || !workload->shape.plan)
        return 0;
    unsigned requests = demand(workload), each = spec->concurrency;
    unsigned want = !requests ? 0 : each ? (requests + each - 1) / each : 1;
    if (want > spec->max_scale)
        want = spec->max_scale;
    if (want < spec->min_scale)
        want = spec->min_scale;
    bool recent = workload->busy_ns && now - workload->busy_ns < spec->idle_ns;
    struct server *server;
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
    struct workload *workload = context;
    pthread_mutex_lock(&workload->lock);
    workload_plan_tend(workload, 0);
    pthread_mutex_unlock(&workload->lock);
}

/* Under the lock. A server holds the workload. */
static void add_server(struct workload *workload)
{
    const struct workload_spec *spec = &workload->shape.spec;
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
        workload_plan_tend(workload, time_monotonic_ns() + NS_PER_SEC);
        return;
    }
    struct server *server = must_alloc(sizeof(*server));
    server->pod = pod;
    workload_hold(workload);
    DL_APPEND(workload->servers, server);
}

static void scale(struct workload *workload, int64_t now)
{
    unsigned want = wanted(workload, now), have = 0;
    struct server *server;
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

/* ---- what has ended -------------------------------------------------------------------------- */

/* Keeps an ended pod for its log; the oldest makes room. */
static void keep(struct workload *workload, struct pod *pod, struct chores *chores)
{
    struct pod *oldest = workload->removed ? pod : workload->ended[KEPT_PODS - 1];
    if (!workload->removed) {
        memmove(workload->ended + 1, workload->ended, (KEPT_PODS - 1) * sizeof(pod));
        workload->ended[0] = pod;
    }
    if (oldest)
        chores->forget[chores->forget_count++] = oldest;
}

static bool has_ended(struct pod *pod)
{
    enum runtime_phase phase = pod_phase(pod);
    return phase == POD_SUCCEEDED || phase == POD_FAILED;
}

static void collect_ended(struct workload *workload, struct chores *chores)
{
    struct server *server, *next;
    DL_FOREACH_SAFE(workload->servers, server, next)
    {
        bool room = chores->forget_count < COUNT(chores->forget);
        if (!room || server->active || !has_ended(server->pod))
            continue;
        DL_DELETE(workload->servers, server);
        keep(workload, server->pod, chores);
        free(server);
        atomic_fetch_sub(&workload->refs, 1); /* the server's; tend has one of its own */
    }
    for (size_t i = 0; workload->removed && i < KEPT_PODS; i++)
        if (workload->ended[i] && chores->forget_count < COUNT(chores->forget))
            chores->forget[chores->forget_count++] = give(&workload->ended[i]);
}

/* Whether no pod can answer for now, since each failed to start; and why. */
static bool is_failing(struct workload *workload, char reason[32], char message[256])
{
    bool failing = false;
    struct server *server;
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

/* ---- what is told ---------------------------------------------------------------------------- */

static unsigned running(const struct workload *workload)
{
    unsigned count = 0;
    struct server *server;
    DL_FOREACH(workload->servers, server)
    {
        count += pod_phase(server->pod) == POD_RUNNING;
    }
    return count;
}

/* Notes how it is; true when that is news. */
static bool note_status(struct workload *workload, bool failing, const char *reason,
                        const char *message)
{
    unsigned replicas = running(workload);
    if (!workload->servers && workload->has_told && workload->told.ready == READY_FALSE)
        return false; /* what failed last stays true until the next start */
    enum runtime_ready ready = failing                            ? READY_FALSE
                               : workload->serves || replicas > 0 ? READY_TRUE
                                                                  : READY_UNKNOWN;
    bool news = !workload->has_told || workload->told.ready != ready ||
                workload->told.replicas != replicas ||
                !str_equal(workload->reason, failing ? reason : "") ||
                !str_equal(workload->message, failing ? message : "");
    workload->has_told = true;
    workload->told = (struct runtime_status){.ready = ready, .replicas = replicas};
    snprintf(workload->reason, sizeof(workload->reason), "%s", failing ? reason : "");
    snprintf(workload->message, sizeof(workload->message), "%s", failing ? message : "");
    return news && !workload->removed;
}

static void tell_status(struct workload *workload)
{
    pthread_mutex_lock(&workload->lock);
    struct runtime_status status = workload->told;
    char reason[sizeof(workload->reason)], message[sizeof(workload->message)];
    memcpy(reason, workload->reason, sizeof(reason));
    memcpy(message, workload->message, sizeof(message));
    pthread_mutex_unlock(&workload->lock);
    status.id = workload->id;
    status.reason = reason;
    status.message = message;
    const struct runtime_listener *listener = workload->home->listener;
    if (listener->status)
        listener->status(&status, listener->app);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void find_chores(struct workload *workload, struct chores *chores)
{
    char reason[32] = "", message[256] = "";
    int64_t now = time_monotonic_ns();
    workload->wake_ns = 0;
    collect_ended(workload, chores);
    workload_take_late(workload, now, &chores->late);
    bool failing = is_failing(workload, reason, message);
    if (workload->removed || failing)
        chores->hopeless = workload_take_all(workload);
    snprintf(chores->message, sizeof(chores->message), "%s",
             failing ? message : "the service was deleted");
    chores->start = workload_assign(workload);
    scale(workload, now);
    chores->tell = note_status(workload, failing, reason, message);
    int64_t idle_ns = workload->shape.spec.idle_ns;
    if (workload->servers && workload->busy_ns && workload->busy_ns + idle_ns > now)
        workload_plan_tend(workload, workload->busy_ns + idle_ns);
}

static void do_chores(struct workload *workload, struct chores *chores)
{
    workload_start_all(chores->start);
    workload_refuse_late(chores->late);
    workload_refuse(chores->hopeless, chores->message);
    for (size_t i = 0; i < chores->forget_count; i++) {
        pod_forget(chores->forget[i]);
        pod_release(chores->forget[i]);
    }
    if (chores->tell)
        tell_status(workload);
}

static void tend(struct timer *timer)
{
    struct workload *workload = (struct workload *)timer;
    struct chores chores = {0};
    pthread_mutex_lock(&workload->lock);
    find_chores(workload, &chores);
    pthread_mutex_unlock(&workload->lock);
    do_chores(workload, &chores);
    workload_release(workload);
}
