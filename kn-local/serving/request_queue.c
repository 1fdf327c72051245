/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of a revision: queued until a pod has capacity, sent to it, and answered. */
#include "kn-local/serving/revision_private.h"

#include "base/str.h"

enum {
    REFUSED_RETRY_MS = 1000, /* a request is requeued for so long while connections are refused */
    RETRY_INTERVAL_MS = 5,
};

static void request_free(struct queued_request *request)
{
    struct revision *revision = request->revision;
    free(request->path);
    free(request->url);
    free(request);
    revision_release(revision);
}

/* Answers a request that no pod has answered. */
static void fail_with_status(struct queued_request *request, int status, const char *text)
{
    OWN(http_response) struct http_response response = {.status = status};
    struct err err = {0};
    headers_add(&response.headers, "Content-Type", "text/plain; charset=utf-8");
    if (status == ERR_UNAVAILABLE)
        headers_add(&response.headers, "Retry-After", "1");
    buf_add_format(&response.body, "%s\n", text);
    request->ended(&response, &err, request->context);
    request_free(request);
}

static void fail_expired(struct queued_request *request)
{
    if (request->is_revision_deadline) {
        fail_with_status(request, 504, "the service did not answer in time");
        return;
    }
    struct err err = {0};
    err_set(&err, ERR_UNAVAILABLE, "the service did not answer in time");
    request->ended(NULL, &err, request->context);
    request_free(request);
}

static bool has_capacity(const struct revision *revision, struct replica *replica)
{
    unsigned most = revision->applied.spec.concurrency;
    return !replica->retiring && (!most || replica->active < most) && pod_ready(replica->pod);
}

/* The ready pod with the fewest requests. Call with the lock held. */
static struct replica *choose(struct revision *revision)
{
    struct replica *best = NULL, *replica;
    DL_FOREACH(revision->replicas, replica)
    {
        if ((!best || replica->active < best->active) && has_capacity(revision, replica))
            best = replica;
    }
    return best;
}

static void start(struct queued_request *request);

struct queued_request *request_queue_assign(struct revision *revision)
{
    struct queued_request *assigned = NULL;
    for (struct replica *replica; revision->waiting && (replica = choose(revision));) {
        struct queued_request *request = revision->waiting;
        DL_DELETE(revision->waiting, request);
        revision->waiting_count--;
        request->replica = replica;
        replica->active++;
        DL_APPEND(assigned, request);
    }
    return assigned;
}

void request_queue_start_all(struct queued_request *assigned)
{
    struct queued_request *request, *next;
    DL_FOREACH_SAFE(assigned, request, next)
    {
        DL_DELETE(assigned, request);
        start(request);
    }
}

/* A program that has just exited refuses connections until its exit is noticed. Such a request has
 * reached no program, and waits for the next pod. */
static bool may_retry(struct queued_request *request, const struct err *err, int64_t now)
{
    if (!str_equal(err->reason, http_client_refused))
        return false;
    if (!request->refused_ns)
        request->refused_ns = now;
    return now - request->refused_ns < REFUSED_RETRY_MS * NS_PER_MS && now < request->deadline_ns;
}

/* Call with the lock held. */
static void requeue(struct queued_request *request, int64_t now)
{
    struct revision *revision = request->revision;
    free(move_ptr(&request->url));
    request->replica = NULL;
    DL_PREPEND(revision->waiting, request);
    revision->waiting_count++;
    autoscaler_schedule(revision, now + RETRY_INTERVAL_MS * NS_PER_MS);
}

static void on_ended(struct http_response *response, const struct err *err, void *context)
{
    struct queued_request *request = context;
    struct revision *revision = request->revision;
    struct replica *replica = request->replica;
    int64_t now = timestamp_monotonic_ns();
    bool again = !response && may_retry(request, err, now);
    pthread_mutex_lock(&revision->lock);
    replica->active--;
    revision->busy_ns = now;
    if (again)
        requeue(request, now);
    struct queued_request *assigned = again ? NULL : request_queue_assign(revision);
    autoscaler_schedule(revision, replica->retiring ? 0 : now + revision->applied.spec.idle_ns);
    pthread_mutex_unlock(&revision->lock);
    request_queue_start_all(assigned);
    if (again)
        return;

    if (!response && request->is_revision_deadline && now >= request->deadline_ns) {
        fail_expired(request);
        return;
    }
    request->ended(response, err, request->context);
    request_free(request);
}

static void start(struct queued_request *request)
{
    int64_t left_ns = request->deadline_ns - timestamp_monotonic_ns();
    request->call.timeout_ms = left_ns > NS_PER_MS ? (long)(left_ns / NS_PER_MS) + 1 : 1;
    request->url =
        str_format("http://127.0.0.1:%u%s", pod_port(request->replica->pod), request->path);
    request->call.url = request->url;
    http_client_start(request->revision->manager->client, &request->call, on_ended, request);
}

static struct queued_request *request_new(struct revision *revision, const char *path,
                                          const struct http_call *call, http_client_callback *ended,
                                          void *context)
{
    struct queued_request *request = alloc_zeroed(sizeof(*request));
    request->revision = revision_hold(revision);
    request->call = *call;
    request->path = str_copy(path);
    request->ended = ended;
    request->context = context;
    int64_t limit_ns = revision->applied.spec.timeout_ns;
    int64_t asked_ns = call->timeout_ms > 0 ? call->timeout_ms * NS_PER_MS : INT64_MAX;
    request->is_revision_deadline = limit_ns <= asked_ns;
    request->deadline_ns =
        timestamp_monotonic_ns() + (request->is_revision_deadline ? limit_ns : asked_ns);
    return request;
}

void request_queue_send(struct revision *revision, const char *path, const struct http_call *call,
                        http_client_callback *ended, void *context)
{
    pthread_mutex_lock(&revision->lock);
    struct queued_request *request = request_new(revision, path, call, ended, context);
    DL_APPEND(revision->waiting, request);
    revision->waiting_count++;
    struct queued_request *assigned = request_queue_assign(revision);
    revision->busy_ns = timestamp_monotonic_ns();
    if (revision->waiting)
        autoscaler_schedule(revision, 0);
    pthread_mutex_unlock(&revision->lock);
    request_queue_start_all(assigned);
}

void request_queue_take_expired(struct revision *revision, int64_t now,
                                struct queued_request **expired)
{
    struct queued_request *request, *next;
    DL_FOREACH_SAFE(revision->waiting, request, next)
    {
        if (request->deadline_ns <= now) {
            DL_DELETE(revision->waiting, request);
            revision->waiting_count--;
            DL_APPEND(*expired, request);
        } else {
            autoscaler_schedule(revision, request->deadline_ns);
        }
    }
}

struct queued_request *request_queue_take_all(struct revision *revision)
{
    revision->waiting_count = 0;
    return move_ptr(&revision->waiting);
}

void request_queue_fail_expired(struct queued_request *expired)
{
    struct queued_request *request, *next;
    DL_FOREACH_SAFE(expired, request, next)
    {
        fail_expired(request);
    }
}

void request_queue_fail(struct queued_request *unservable, const char *why)
{
    struct queued_request *request, *next;
    DL_FOREACH_SAFE(unservable, request, next)
    {
        fail_with_status(request, ERR_UNAVAILABLE, why);
    }
}
