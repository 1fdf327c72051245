/* The requests of a workload: each waits for a pod with room, goes there, and is answered. */
#include "kn-local/serving/revision_private.h"

#include "base/str.h"

enum {
    DYING_MS = 1000, /* a pod that refuses connections for longer is not just about to go */
    LOOK_AGAIN_MS = 5,
};

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

struct request *workload_assign(struct workload *workload)
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

void workload_start_all(struct request *chosen)
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
    workload_plan_tend(workload, now + LOOK_AGAIN_MS * NS_PER_MS);
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
    struct request *chosen = again ? NULL : workload_assign(workload);
    workload_plan_tend(workload, server->retiring ? 0 : now + workload->shape.spec.idle_ns);
    pthread_mutex_unlock(&workload->lock);
    workload_start_all(chosen);
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
    struct request *chosen = workload_assign(workload);
    workload->busy_ns = time_monotonic_ns();
    if (workload->waiting)
        workload_plan_tend(workload, 0);
    pthread_mutex_unlock(&workload->lock);
    workload_start_all(chosen);
}

/* ---- giving up ------------------------------------------------------------------------------- */

void workload_take_late(struct workload *workload, int64_t now, struct request **late)
{
    struct request *request, *next;
    DL_FOREACH_SAFE(workload->waiting, request, next)
    {
        if (request->deadline_ns <= now) {
            DL_DELETE(workload->waiting, request);
            workload->waiting_count--;
            DL_APPEND(*late, request);
        } else {
            workload_plan_tend(workload, request->deadline_ns);
        }
    }
}

struct request *workload_take_all(struct workload *workload)
{
    workload->waiting_count = 0;
    return give(&workload->waiting);
}

void workload_refuse_late(struct request *late)
{
    struct request *request, *next;
    DL_FOREACH_SAFE(late, request, next)
    {
        refuse_late(request);
    }
}

void workload_refuse(struct request *hopeless, const char *why)
{
    struct request *request, *next;
    DL_FOREACH_SAFE(hopeless, request, next)
    {
        refuse(request, ERR_UNAVAILABLE, why);
    }
}
