/* A workload: as many pods as are needed. Requests come from any thread; pods are made and ended on
 * the loop's thread, in tend(). */
#include "kn-local/serving/workload.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <openssl/rand.h>
#include <string.h>
#include <utlist.h>

enum {
    DEFAULT_TIMEOUT_SEC = 300,
    DEFAULT_IDLE_SEC = 60,
    DEFAULT_MOST_PODS = 4, /* when each takes only so many requests at once */
    KEPT_PODS = 2,         /* that have ended, for their logs */
    GRACE_SEC = 10,        /* from SIGTERM to SIGKILL */
    DYING_MS = 1000,       /* a pod that refuses connections for longer is not just about to go */
    LOOK_AGAIN_MS = 5,
};

/* A pod that may get requests. */
struct server {
    struct pod *pod; /* held */
    unsigned active; /* requests under way */
    bool retiring;   /* gets no more: to be stopped when it has none */
    bool stopped;
    struct server *prev, *next;
};

struct request {
    struct workload *workload; /* held */
    struct server *server;     /* NULL while it waits */
    struct http_call call;
    char *path, *url;
    http_ended *ended;
    void *context;
    int64_t deadline_ns;
    int64_t refused_ns; /* when a pod refused the connection first; 0 = never */
    bool own_limit;     /* the deadline is the workload's, not the caller's */
    struct request *prev, *next;
};

/* A spec of our own. */
struct shape {
    struct workload_spec spec; /* its texts are owned */
    struct plan *plan;         /* held */
};

struct workload {
    struct timer timer; /* first: tend */
    atomic_uint refs;
    struct pod_home *home;
    struct runtime_id id; /* its texts are owned */
    bool serves;

    pthread_mutex_t lock; /* guards what follows */
    struct shape shape;
    struct server *servers;
    struct request *waiting; /* in the order they came */
    unsigned waiting_count;
    struct pod *ended[KEPT_PODS]; /* held; the newest first */
    int64_t busy_ns;              /* when there was something to do last */
    int64_t wake_ns;              /* when tend comes next; 0 = not planned */
    bool removed;
    struct runtime_status told; /* its texts below */
    char reason[32], message[256];
    bool has_told;
};

/* ---- life ---------------------------------------------------------------------------------- */

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

static void tend(struct timer *timer);

/* Plans tend for a moment, unless it comes earlier anyway. Under the lock. A timer that is set
 * holds the workload. */
static void plan_tend(struct workload *workload, int64_t at_ns)
{
    if (workload->wake_ns && workload->wake_ns <= at_ns)
        return;
    if (!loop_cancel(workload->home->loop, &workload->timer))
        workload_hold(workload);
    workload->wake_ns = at_ns ? at_ns : 1;
    loop_at(workload->home->loop, &workload->timer, at_ns, tend);
}

/* ---- requests ------------------------------------------------------------------------------ */

static void request_free(struct request *request)
{
    struct workload *workload = request->workload;
    free(request->path);
    free(request->url);
    free(request);
    workload_release(workload);
}

/* Ends a request that no pod has answered. */
static void refuse(struct request *request, int status, const char *text)
{
    OWN(http_answer) struct http_answer answer = {.status = status};
    struct err err = {0};
    headers_add(&answer.headers, "Content-Type", "text/plain; charset=utf-8");
    if (status == ERR_UNAVAILABLE)
        headers_add(&answer.headers, "Retry-After", "1");
    buf_add_format(&answer.body, "%s\n", text);
    request->ended(&answer, &err, request->context);
    request_free(request);
}

static void refuse_late(struct request *request)
{
    if (request->own_limit) {
        refuse(request, 504, "the service did not answer in time");
        return;
    }
    struct err err = {0};
    err_set(&err, ERR_UNAVAILABLE, "the service did not answer in time");
    request->ended(NULL, &err, request->context);
    request_free(request);
}

static bool has_room(const struct workload *workload, struct server *server)
{
    unsigned most = workload->shape.spec.concurrency;
    return !server->retiring && (!most || server->active < most) && pod_ready(server->pod);
}

/* The pod that has least to do. Under the lock. */
static struct server *choose(struct workload *workload)
{
    struct server *best = NULL, *server;
    DL_FOREACH(workload->servers, server)
    {
        if ((!best || server->active < best->active) && has_room(workload, server))
            best = server;
    }
    return best;
}

static void start(struct request *request);

/* Gives waiting requests to pods with room. Returns them; to be started without the lock. */
static struct request *assign(struct workload *workload)
{
    struct request *chosen = NULL;
    for (struct server *server; workload->waiting && (server = choose(workload));) {
        struct request *request = workload->waiting;
        DL_DELETE(workload->waiting, request);
        workload->waiting_count--;
        request->server = server;
        server->active++;
        DL_APPEND(chosen, request);
    }
    return chosen;
}

static void start_all(struct request *chosen)
{
    struct request *request, *next;
    DL_FOREACH_SAFE(chosen, request, next)
    {
        DL_DELETE(chosen, request);
        start(request);
    }
}

/* A pod that has just died refuses connections until its end is noticed: the request has reached
 * nobody, and waits for the next pod. */
static bool goes_on(struct request *request, const struct err *err, int64_t now)
{
    if (!str_equal(err->reason, http_refused))
        return false;
    if (!request->refused_ns)
        request->refused_ns = now;
    return now - request->refused_ns < DYING_MS * NS_PER_MS && now < request->deadline_ns;
}

/* Under the lock. */
static void wait_again(struct request *request, int64_t now)
{
    struct workload *workload = request->workload;
    free(give(&request->url));
    request->server = NULL;
    DL_PREPEND(workload->waiting, request);
    workload->waiting_count++;
    plan_tend(workload, now + LOOK_AGAIN_MS * NS_PER_MS);
}

static void on_ended(struct http_answer *answer, const struct err *err, void *context)
{
    struct request *request = context;
    struct workload *workload = request->workload;
    struct server *server = request->server;
    int64_t now = time_monotonic_ns();
    bool again = !answer && goes_on(request, err, now);
    pthread_mutex_lock(&workload->lock);
    server->active--;
    workload->busy_ns = now;
    if (again)
        wait_again(request, now);
    struct request *chosen = again ? NULL : assign(workload);
    plan_tend(workload, server->retiring ? 0 : now + workload->shape.spec.idle_ns);
    pthread_mutex_unlock(&workload->lock);
    start_all(chosen);
    if (again)
        return;

    if (!answer && request->own_limit && now >= request->deadline_ns) {
        refuse_late(request);
        return;
    }
    request->ended(answer, err, request->context);
    request_free(request);
}

static void start(struct request *request)
{
    int64_t left_ns = request->deadline_ns - time_monotonic_ns();
    request->call.timeout_ms = left_ns > NS_PER_MS ? (long)(left_ns / NS_PER_MS) + 1 : 1;
    request->url =
        str_format("http://127.0.0.1:%u%s", pod_port(request->server->pod), request->path);
    request->call.url = request->url;
    http_start(request->workload->home->client, &request->call, on_ended, request);
}

static struct request *request_new(struct workload *workload, const char *path,
                                   const struct http_call *call, http_ended *ended, void *context)
{
    struct request *request = must_alloc(sizeof(*request));
    request->workload = workload_hold(workload);
    request->call = *call;
    request->path = str_copy(path);
    request->ended = ended;
    request->context = context;
    int64_t limit_ns = workload->shape.spec.timeout_ns;
    int64_t asked_ns = call->timeout_ms > 0 ? call->timeout_ms * NS_PER_MS : INT64_MAX;
    request->own_limit = limit_ns <= asked_ns;
    request->deadline_ns = time_monotonic_ns() + (request->own_limit ? limit_ns : asked_ns);
    return request;
}

void workload_send(struct workload *workload, const char *path, const struct http_call *call,
                   http_ended *ended, void *context)
{
    pthread_mutex_lock(&workload->lock);
    struct request *request = request_new(workload, path, call, ended, context);
    DL_APPEND(workload->waiting, request);
    workload->waiting_count++;
    struct request *chosen = assign(workload);
    workload->busy_ns = time_monotonic_ns();
    if (workload->waiting)
        plan_tend(workload, 0);
    pthread_mutex_unlock(&workload->lock);
    start_all(chosen);
}

/* ---- tending: how many pods ---------------------------------------------------------------- */

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
    plan_tend(workload, 0);
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
        plan_tend(workload, time_monotonic_ns() + NS_PER_SEC);
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

/* ---- tending: what has ended --------------------------------------------------------------- */

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

static void take_late(struct workload *workload, int64_t now, struct chores *chores)
{
    struct request *request, *next;
    DL_FOREACH_SAFE(workload->waiting, request, next)
    {
        if (request->deadline_ns <= now) {
            DL_DELETE(workload->waiting, request);
            workload->waiting_count--;
            DL_APPEND(chores->late, request);
        } else {
            plan_tend(workload, request->deadline_ns);
        }
    }
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

static void take_hopeless(struct workload *workload, const char *message, struct chores *chores)
{
    snprintf(chores->message, sizeof(chores->message), "%s", message);
    chores->hopeless = workload->waiting;
    workload->waiting = NULL;
    workload->waiting_count = 0;
}

/* ---- tending: what is told ----------------------------------------------------------------- */

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

/* ---- tending ------------------------------------------------------------------------------- */

static void find_chores(struct workload *workload, struct chores *chores)
{
    char reason[32] = "", message[256] = "";
    int64_t now = time_monotonic_ns();
    workload->wake_ns = 0;
    collect_ended(workload, chores);
    take_late(workload, now, chores);
    bool failing = is_failing(workload, reason, message);
    if (workload->removed || failing)
        take_hopeless(workload, failing ? message : "the service was deleted", chores);
    chores->start = assign(workload);
    scale(workload, now);
    chores->tell = note_status(workload, failing, reason, message);
    int64_t idle_ns = workload->shape.spec.idle_ns;
    if (workload->servers && workload->busy_ns && workload->busy_ns + idle_ns > now)
        plan_tend(workload, workload->busy_ns + idle_ns);
}

static void do_chores(struct workload *workload, struct chores *chores)
{
    start_all(chores->start);
    struct request *request, *next;
    DL_FOREACH_SAFE(chores->late, request, next)
    {
        refuse_late(request);
    }
    DL_FOREACH_SAFE(chores->hopeless, request, next)
    {
        refuse(request, ERR_UNAVAILABLE, chores->message);
    }
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
        plan_tend(workload, 0);
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
    plan_tend(workload, 0);
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
