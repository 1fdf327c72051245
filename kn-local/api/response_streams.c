/* SPDX-License-Identifier: Apache-2.0 */
/* Responses without an end: one thread serves all watches and followed logs. */
#include "kn-local/api/response_streams.h"

#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"

#include <utlist.h>

enum { POLL_MS = 50, IDLE_POLL_MS = 500, MAX_SILENT_SEC = 20 };

struct response_streams {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct response_stream *added; /* not yet taken by the thread */
    bool woken, draining, closing;
};

void response_streams_write(struct response_stream *stream, struct bytes piece)
{
    if (!http_stream_write(stream->http, piece))
        stream->over = true;
    stream->silent_ns = timestamp_monotonic_ns();
}

/* A line break now and then means nothing in JSON, but shows whether the client is still there. */
static void keep_alive(struct response_stream *stream, int64_t now_ns)
{
    if (stream->silent_ns == 0)
        stream->silent_ns = now_ns;
    if (!stream->polled && !stream->over &&
        now_ns - stream->silent_ns >= MAX_SILENT_SEC * (int64_t)NS_PER_SEC)
        response_streams_write(stream, bytes_of("\n"));
}

/* Returns when to poll again; INT64_MAX when there is no stream. */
static int64_t poll_all(struct response_stream **list, bool draining)
{
    int64_t now_ns = timestamp_monotonic_ns();
    struct response_stream *stream = NULL;
    struct response_stream *next = NULL;
    int64_t next_ns = INT64_MAX;
    DL_FOREACH_SAFE(*list, stream, next)
    {
        if (!draining && !stream->over)
            stream->poll(stream);
        keep_alive(stream, now_ns);
        if (draining || stream->over || (stream->until_ns && now_ns >= stream->until_ns)) {
            struct http_stream *http = stream->http;
            DL_DELETE(*list, stream);
            stream->done(stream);
            http_stream_end(http);
        } else {
            int64_t at_ns = now_ns + (stream->polled ? POLL_MS : IDLE_POLL_MS) * (int64_t)NS_PER_MS;
            next_ns = at_ns < next_ns ? at_ns : next_ns;
        }
    }
    return next_ns;
}

static void *run(void *context)
{
    struct response_streams *streams = context;
    struct response_stream *list = NULL;
    pthread_mutex_lock(&streams->lock);
    while (!streams->closing || list || streams->added) {
        bool draining = streams->draining;
        DL_CONCAT(list, streams->added);
        streams->added = NULL;
        streams->woken = false;
        pthread_mutex_unlock(&streams->lock);
        int64_t next_ns = poll_all(&list, draining);
        pthread_mutex_lock(&streams->lock);
        if (!streams->woken && !streams->closing)
            thread_cond_wait_until(&streams->changed, &streams->lock, next_ns);
    }
    pthread_mutex_unlock(&streams->lock);
    return NULL;
}

struct response_streams *response_streams_open(struct err *err)
{
    struct response_streams *streams = alloc_zeroed(sizeof(*streams));
    pthread_mutex_init(&streams->lock, NULL);
    thread_cond_init(&streams->changed);
    if (thread_start(&streams->thread, "api-streams", run, streams, err))
        return streams;
    pthread_cond_destroy(&streams->changed);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
    return NULL;
}

/* Called with the lock held. */
static void wake(struct response_streams *streams)
{
    streams->woken = true;
    pthread_cond_signal(&streams->changed);
}

void response_streams_wake(void *context)
{
    struct response_streams *streams = context;
    pthread_mutex_lock(&streams->lock);
    wake(streams);
    pthread_mutex_unlock(&streams->lock);
}

void response_streams_add(struct response_streams *streams, struct response_stream *stream)
{
    pthread_mutex_lock(&streams->lock);
    DL_APPEND(streams->added, stream);
    wake(streams);
    pthread_mutex_unlock(&streams->lock);
}

void response_streams_drain(struct response_streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    streams->draining = true;
    wake(streams);
    pthread_mutex_unlock(&streams->lock);
}

void response_streams_close(struct response_streams *streams)
{
    if (!streams)
        return;
    pthread_mutex_lock(&streams->lock);
    streams->draining = streams->closing = true;
    wake(streams);
    pthread_mutex_unlock(&streams->lock);
    pthread_join(streams->thread, NULL);
    pthread_cond_destroy(&streams->changed);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
}
