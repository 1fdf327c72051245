/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of pods: what is written already, or also what follows. */
#include "base/json/json_at.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/response_streams.h"
#include "net/url.h"

enum {
    MAX_LOG_BYTES = 64 << 20,   /* of a log that is not followed */
    MAX_POLL_BYTES = 256 << 10, /* of one that is, so that the client can keep up */
};

struct log_follower {
    struct response_stream stream;
    const struct api_pods *pods;
    char *ns, *pod; /* borrowed by log */
    struct api_log_request log;
    struct api_log_position position;
};

static bool read_number(const struct http_exchange *exchange, const char *name, int64_t fallback,
                        int64_t *value, struct err *err)
{
    OWN(free) char *text = url_query_get(exchange->query, name);
    *value = fallback;
    return str_empty(text) || str_int(text, 0, INT64_MAX / NS_PER_SEC, value) ||
           err_set(err, ERR_INPUT, "%s is \"%.40s\", must be a whole number", name, text);
}

static bool read_query(const struct api_request *request, struct api_log_request *log,
                       int64_t *limit, struct err *err)
{
    const struct http_exchange *exchange = request->exchange;
    int64_t since_sec = 0;
    *log = (struct api_log_request){.ns = request->path.ns, .pod = request->path.name};
    log->previous = api_query_is_true(exchange, "previous");
    log->timestamps = api_query_is_true(exchange, "timestamps");
    if (!read_number(exchange, "tailLines", -1, &log->tail, err) ||
        !read_number(exchange, "limitBytes", MAX_LOG_BYTES, limit, err) ||
        !read_number(exchange, "sinceSeconds", 0, &since_sec, err))
        return false;
    OWN(free) char *since = url_query_get(exchange->query, "sinceTime");
    if (since_sec)
        log->since_ns = timestamp_now_ns() - since_sec * NS_PER_SEC;
    return str_empty(since) || timestamp_parse(since, &log->since_ns) ||
           err_set(err, ERR_INPUT, "sinceTime is \"%.40s\", must be an RFC 3339 time", since);
}

/* Whether the pod exists and has that container. */
static bool check_container(const struct api_request *request, struct err *err)
{
    struct object_key key = api_request_key(request);
    json_auto_t *pod = object_store_get(request->server->options.objects, &key);
    if (!pod)
        return err_set(err, ERR_NOT_FOUND, "pods \"%s\" not found", key.name);
    OWN(free) char *name = url_query_get(request->exchange->query, "container");
    const char *own = json_text_at(pod, "spec.containers[0].name");
    return str_empty(name) || str_equal(name, own) ||
           err_set(err, ERR_INPUT, "container %.60s is not valid for pod %s, which has %s", name,
                   key.name, own ? own : "none");
}

static void reply_log(struct api_request *request, const struct api_log_request *log, int64_t limit)
{
    const struct api_pods *pods = &request->server->options.pods;
    struct http_reply reply = {.content_type = "text/plain"};
    struct api_log_position position = {0};
    reply.body.max = MAX_LOG_BYTES;
    bool ended = false;
    size_t before;
    do {
        struct err err = {0};
        before = reply.body.len;
        if (!pods->read_log(pods->app, log, &position, &reply.body, &ended, &err)) {
            buf_done(&reply.body);
            api_reply_error(request, &err);
            return;
        }
    } while (reply.body.len > before);
    if (reply.body.len > (uint64_t)limit)
        reply.body.len = (size_t)limit;
    http_exchange_reply(request->exchange, &reply);
}

static void poll(struct response_stream *stream)
{
    struct log_follower *follower = (struct log_follower *)stream;
    OWN(buf) struct buf lines = {.max = MAX_POLL_BYTES};
    bool ended = false;
    struct err err = {0};
    bool read = follower->pods->read_log(follower->pods->app, &follower->log, &follower->position,
                                         &lines, &ended, &err);
    if (!read || (lines.len == 0 && ended))
        stream->over = true;
    else if (lines.len)
        response_streams_write(stream, buf_bytes(&lines));
}

static void done(struct response_stream *stream)
{
    struct log_follower *follower = (struct log_follower *)stream;
    free(follower->ns);
    free(follower->pod);
    free(follower);
}

static void follow(struct api_request *request, const struct api_log_request *log)
{
    struct log_follower *follower = alloc_zeroed(sizeof(*follower));
    follower->pods = &request->server->options.pods;
    follower->log = *log;
    follower->log.ns = follower->ns = str_copy(log->ns);
    follower->log.pod = follower->pod = str_copy(log->pod);
    follower->stream.polled = true;
    follower->stream.poll = poll;
    follower->stream.done = done;
    struct http_reply head = {.content_type = "text/plain"};
    follower->stream.http = http_stream_open(request->exchange, &head);
    response_streams_add(request->server->streams, &follower->stream);
}

void api_pod_log(struct api_request *request)
{
    struct api_log_request log;
    int64_t limit = 0;
    struct err err = {0};
    if (!check_container(request, &err) || !read_query(request, &log, &limit, &err))
        api_reply_error(request, &err);
    else if (api_query_is_true(request->exchange, "follow"))
        follow(request, &log);
    else
        reply_log(request, &log, limit);
}
