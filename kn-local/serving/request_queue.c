/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of a workload: each waits for a pod with room, goes there, and is answered. */
#include "kn-local/serving/revision_private.h"

#include "base/str.h"

enum {
    DYING_MS = 1000, /* a pod that refuses connections for longer is not just about to go */
    LOOK_AGAIN_MS = 5,
};

static void request_free(struct queued_request *request)
{
    struct revision *workload = request->workload;
    free(request->path);
    free(request->url);
    free(request);
    revision_release(workload);
}

/* Ends a request that no pod has answered. */
static void refuse(struct queued_request *request, int status, const char *text)
{
    OWN(http_response) struct http_response answer = {.status = status};
    struct err err = {0};
    headers_add(&answer.headers, "Content-Type", "text/plain; charset=utf-8");
    if (status == ERR_UNAVAILABLE)
        headers_add(&answer.headers, "Retry-After", "1");
    buf_add_format(&answer.body, "%s\n", text);
    request->ended(&answer, &err, request->context);
    request_free(request);
}

static void refuse_late(struct queued_request *request)
{
    if (request->is_revision_deadline) {
        refuse(request, 504, "the service did not answer in time");
        return;
    }
    struct err err = {0};
    err_set(&err, ERR_UNAVAILABLE, "the service did not answer in time");
    request->ended(NULL, &err, request->context);
    request_free(request);
}

static bool has_room(const struct revision *workload, struct replica *server)
{
    unsigned most = workload->shape.spec.concurrency;
    return !server->retiring && (!most || server->active < most) && pod_ready(server->pod);
}

/* The pod that has least to do. Under the lock. */
static struct replica *choose(struct revision *workload)
{
    struct replica *best = NULL, *server;
    DL_FOREACH(workload->servers, server)
    {
        if ((!best || server->active < best->active) && has_room(workload, server))
            best = server;
    }
    return best;
}

static void start(struct queued_request *request);

struct queued_request *request_queue_assign(struct revision *workload)
{
    struct queued_request *chosen = NULL;
    for (struct replica *server; workload->waiting && (server = choose(workload));) {
        struct queued_request *request = workload->waiting;
        DL_DELETE(workload->waiting, request);
        workload->waiting_count--;
        request->server = server;
        server->active++;
        DL_APPEND(chosen, request);
    }
    return chosen;
}

void request_queue_start_all(struct queued_request *chosen)
{
    struct queued_request *request, *next;
    DL_FOREACH_SAFE(chosen, request, next)
    {
        DL_DELETE(chosen, request);
        start(request);
    }
}

/* A pod that has just died refuses connections until its end is noticed: the request has reached
 * nobody, and waits for the next pod. */
static bool goes_on(struct queued_request *request, const struct err *err, int64_t now)
{
    if (!str_equal(err->reason, http_client_refused))
        return false;
    if (!request->refused_ns)
        request->refused_ns = now;
    return now - request->refused_ns < DYING_MS * NS_PER_MS && now < request->deadline_ns;
}

/* Under the lock. */
static void wait_again(struct queued_request *request, int64_t now)
{
    struct revision *workload = request->workload;
    free(move_ptr(&request->url));
    request->server = NULL;
    DL_PREPEND(workload->waiting, request);
    workload->waiting_count++;
    autoscaler_schedule(workload, now + LOOK_AGAIN_MS * NS_PER_MS);
}

static void on_ended(struct http_response *answer, const struct err *err, void *context)
{
    struct queued_request *request = context;
    struct revision *workload = request->workload;
    struct replica *server = request->server;
    int64_t now = timestamp_monotonic_ns();
    bool again = !answer && goes_on(request, err, now);
    pthread_mutex_lock(&workload->lock);
    server->active--;
    workload->busy_ns = now;
    if (again)
        wait_again(request, now);
    struct queued_request *chosen = again ? NULL : request_queue_assign(workload);
    autoscaler_schedule(workload, server->retiring ? 0 : now + workload->shape.spec.idle_ns);
    pthread_mutex_unlock(&workload->lock);
    request_queue_start_all(chosen);
    if (again)
        return;

    if (!answer && request->is_revision_deadline && now >= request->deadline_ns) {
        refuse_late(request);
        return;
    }
    request->ended(answer, err, request->context);
    request_free(request);
}

static void start(struct queued_request *request)
{
    int64_t left_ns = request->deadline_ns - timestamp_monotonic_ns();
    request->call.timeout_ms = left_ns > NS_PER_MS ? (long)(left_ns / NS_PER_MS) + 1 : 1;
    request->url =
        str_format("http://127.0.0.1:%u%s", pod_port(request->server->pod), request->path);
    request->call.url = request->url;
    http_client_start(request->workload->home->client, &request->call, on_ended, request);
}

static struct queued_request *request_new(struct revision *workload, const char *path,
                                          const struct http_call *call, http_client_callback *ended,
                                          void *context)
{
    struct queued_request *request = alloc_zeroed(sizeof(*request));
    request->workload = revision_hold(workload);
    request->call = *call;
    request->path = str_copy(path);
    request->ended = ended;
    request->context = context;
    int64_t limit_ns = workload->shape.spec.timeout_ns;
    int64_t asked_ns = call->timeout_ms > 0 ? call->timeout_ms * NS_PER_MS : INT64_MAX;
    request->is_revision_deadline = limit_ns <= asked_ns;
    request->deadline_ns =
        timestamp_monotonic_ns() + (request->is_revision_deadline ? limit_ns : asked_ns);
    return request;
}

void request_queue_send(struct revision *workload, const char *path, const struct http_call *call,
                        http_client_callback *ended, void *context)
{
    pthread_mutex_lock(&workload->lock);
    struct queued_request *request = request_new(workload, path, call, ended, context);
    DL_APPEND(workload->waiting, request);
    workload->waiting_count++;
    struct queued_request *chosen = request_queue_assign(workload);
    workload->busy_ns = timestamp_monotonic_ns();
    if (workload->waiting)
        autoscaler_schedule(workload, 0);
    pthread_mutex_unlock(&workload->lock);
    request_queue_start_all(chosen);
}

void request_queue_take_expired(struct revision *workload, int64_t now,
                                struct queued_request **late)
{
    struct queued_request *request, *next;
    DL_FOREACH_SAFE(workload->waiting, request, next)
    {
        if (request->deadline_ns <= now) {
            DL_DELETE(workload->waiting, request);
            workload->waiting_count--;
            DL_APPEND(*late, request);
        } else {
            autoscaler_schedule(workload, request->deadline_ns);
        }
    }
}

struct queued_request *request_queue_take_all(struct revision *workload)
{
    workload->waiting_count = 0;
    return move_ptr(&workload->waiting);
}

void request_queue_fail_expired(struct queued_request *late)
{
    struct queued_request *request, *next;
    DL_FOREACH_SAFE(late, request, next)
    {
        refuse_late(request);
    }
}

void request_queue_fail(struct queued_request *unservable, const char *why)
{
    struct queued_request *request, *next;
    DL_FOREACH_SAFE(unservable, request, next)
    {
        refuse(request, ERR_UNAVAILABLE, why);
    }
}
