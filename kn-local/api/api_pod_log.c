/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of pods: what there is, or also what comes. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/response_streams.h"
#include "kn-local/kinds/object.h"
#include "net/url.h"

enum {
    MAX_LOG_BYTES = 64 << 20,   /* of a log that is not followed */
    MAX_POLL_BYTES = 256 << 10, /* of one that is, so that the client can keep up */
};

struct log_follower {
    struct response_stream stream;
    struct api_server *kube;
    char *ns, *pod; /* the request borrows them */
    struct serving_log_request request;
    struct serving_log_position at;
};

static bool read_number(const struct http_exchange *exchange, const char *name, int64_t fallback,
                        int64_t *value, struct err *err)
{
    OWN(free) char *text = url_query_get(exchange->query, name);
    *value = fallback;
    return str_empty(text) || str_int(text, 0, INT64_MAX / NS_PER_SEC, value) ||
           err_set(err, ERR_INPUT, "%s is \"%.40s\", want a whole number", name, text);
}

static bool read_request(const struct api_request *call, struct serving_log_request *request,
                         int64_t *limit, struct err *err)
{
    const struct http_exchange *exchange = call->exchange;
    int64_t since_sec = 0;
    *request = (struct serving_log_request){.ns = call->path.ns, .pod = call->path.name};
    request->previous = api_query_is_true(exchange, "previous");
    request->timestamps = api_query_is_true(exchange, "timestamps");
    if (!read_number(exchange, "tailLines", -1, &request->tail, err) ||
        !read_number(exchange, "limitBytes", MAX_LOG_BYTES, limit, err) ||
        !read_number(exchange, "sinceSeconds", 0, &since_sec, err))
        return false;
    OWN(free) char *since = url_query_get(exchange->query, "sinceTime");
    if (since_sec)
        request->since_ns = timestamp_now_ns() - since_sec * NS_PER_SEC;
    return str_empty(since) || timestamp_parse(since, &request->since_ns) ||
           err_set(err, ERR_INPUT, "sinceTime is \"%.40s\", want an RFC 3339 time", since);
}

/* Whether the pod is there and has that container. */
static bool check_container(const struct api_request *call, struct err *err)
{
    struct object_key key = api_object_key(call);
    json_auto_t *pod = object_store_get(call->kube->options.objects, &key);
    if (!pod)
        return err_set(err, ERR_NOT_FOUND, "pods \"%s\" not found", key.name);
    OWN(free) char *wanted = url_query_get(call->exchange->query, "container");
    const json_t *containers = json_object_get(json_object_get(pod, "spec"), "containers");
    const char *own = json_string_value(json_object_get(json_array_get(containers, 0), "name"));
    return str_empty(wanted) || str_equal(wanted, own) ||
           err_set(err, ERR_INPUT, "container %.60s is not valid for pod %s, which has %s", wanted,
                   key.name, own ? own : "none");
}

static void reply_all(struct api_request *call, const struct serving_log_request *request,
                      int64_t limit)
{
    const struct api_server_options *options = &call->kube->options;
    struct http_reply reply = {.content_type = "text/plain"};
    struct serving_log_position at = {0};
    reply.body.max = MAX_LOG_BYTES;
    bool ended = false;
    size_t before;
    do {
        struct err err = {0};
        before = reply.body.len;
        if (!runtime_log_read(options->runtime, request, &at, &reply.body, &ended, &err)) {
            buf_done(&reply.body);
            api_reply_status(call->exchange, &err, call->kind, call->path.name);
            return;
        }
    } while (reply.body.len > before);
    if (reply.body.len > (uint64_t)limit)
        reply.body.len = (size_t)limit;
    http_exchange_reply(call->exchange, &reply);
}

static void poll(struct response_stream *stream)
{
    struct log_follower *follower = (struct log_follower *)stream;
    const struct api_server_options *options = &follower->kube->options;
    OWN(buf) struct buf piece = {.max = MAX_POLL_BYTES};
    bool ended = false;
    struct err err = {0};
    if (!runtime_log_read(options->runtime, &follower->request, &follower->at, &piece, &ended,
                          &err) ||
        (piece.len == 0 && ended))
        stream->over = true;
    else if (piece.len)
        response_streams_write(stream, buf_bytes(&piece));
}

static void done(struct response_stream *stream)
{
    struct log_follower *follower = (struct log_follower *)stream;
    free(follower->ns);
    free(follower->pod);
    free(follower);
}

static void follow(struct api_request *call, const struct serving_log_request *request)
{
    struct log_follower *follower = alloc_zeroed(sizeof(*follower));
    follower->kube = call->kube;
    follower->ns = str_copy(request->ns);
    follower->pod = str_copy(request->pod);
    follower->request = *request;
    follower->request.ns = follower->ns;
    follower->request.pod = follower->pod;
    follower->stream.polled = true;
    follower->stream.poll = poll;
    follower->stream.done = done;
    struct http_reply head = {.content_type = "text/plain"};
    follower->stream.http = http_stream_open(call->exchange, &head);
    response_streams_add(call->kube->streams, &follower->stream);
}

void api_pod_log(struct api_request *call)
{
    struct serving_log_request request;
    int64_t limit = 0;
    struct err err = {0};
    if (!check_container(call, &err) || !read_request(call, &request, &limit, &err))
        api_reply_status(call->exchange, &err, call->kind, call->path.name);
    else if (api_query_is_true(call->exchange, "follow"))
        follow(call, &request);
    else
        reply_all(call, &request, limit);
}
