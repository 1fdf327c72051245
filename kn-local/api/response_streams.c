/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that go on: one thread looks after all watches and followed logs. */
#include "kn-local/api/response_streams.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <pthread.h>
#include <utlist.h>

enum { POLL_MS = 50, IDLE_POLL_MS = 500, MAX_SILENT_SEC = 20 };

struct response_streams {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct response_stream *list;
    bool draining, closing;
};

void response_streams_write(struct response_stream *stream, struct bytes piece)
{
    if (!http_stream_write(stream->http, piece))
        atomic_store(&stream->gone, true);
}

static void end(struct response_stream *stream)
{
    struct http_stream *http = stream->http;
    stream->done(stream);
    http_stream_end(http);
}

/* A line break now and then means nothing in JSON, but finds out whether the client is there. */
static void keep_alive(struct response_stream *stream, int64_t now_ns)
{
    if (stream->silent_ns == 0)
        stream->silent_ns = now_ns;
    if (stream->eager || now_ns - stream->silent_ns < MAX_SILENT_SEC * (int64_t)NS_PER_SEC)
        return;
    stream->silent_ns = now_ns;
    response_streams_write(stream, bytes_of("\n"));
}

/* Returns in how many milliseconds to look again; 0 when there is nothing to look after. */
static int look_at_all(struct response_streams *streams)
{
    int64_t now_ns = timestamp_monotonic_ns();
    struct response_stream *stream = NULL;
    struct response_stream *next = NULL;
    int wait_ms = 0;
    DL_FOREACH_SAFE(streams->list, stream, next)
    {
        if (stream->eager && !streams->draining)
            stream->look(stream);
        keep_alive(stream, now_ns);
        bool over = streams->draining || atomic_load(&stream->gone) ||
                    (stream->until_ns && now_ns >= stream->until_ns);
        if (over) {
            DL_DELETE(streams->list, stream);
            end(stream);
            continue;
        }
        wait_ms = stream->eager || wait_ms == POLL_MS ? POLL_MS : IDLE_POLL_MS;
    }
    return wait_ms;
}

static void wait_for(struct response_streams *streams, int wait_ms)
{
    if (wait_ms == 0) {
        pthread_cond_wait(&streams->changed, &streams->lock);
        return;
    }
    int64_t at_ns = timestamp_monotonic_ns() + wait_ms * (int64_t)NS_PER_MS;
    struct timespec at = {at_ns / NS_PER_SEC, at_ns % NS_PER_SEC};
    pthread_cond_timedwait(&streams->changed, &streams->lock, &at);
}

static void *run(void *context)
{
    struct response_streams *streams = context;
    pthread_mutex_lock(&streams->lock);
    while (!streams->closing || streams->list) {
        int wait_ms = look_at_all(streams);
        if (!streams->closing)
            wait_for(streams, wait_ms);
    }
    pthread_mutex_unlock(&streams->lock);
    return NULL;
}

struct response_streams *response_streams_open(struct err *err)
{
    struct response_streams *streams = alloc_zeroed(sizeof(*streams));
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&streams->lock, NULL);
    pthread_cond_init(&streams->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&streams->thread, NULL, run, streams) == 0)
        return streams;
    err_set(err, ERR_UNAVAILABLE, "cannot start a thread");
    pthread_cond_destroy(&streams->changed);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
    return NULL;
}

void response_streams_add(struct response_streams *streams, struct response_stream *stream)
{
    pthread_mutex_lock(&streams->lock);
    DL_APPEND(streams->list, stream);
    pthread_cond_signal(&streams->changed);
    pthread_mutex_unlock(&streams->lock);
}

void response_streams_drain(struct response_streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    streams->draining = true;
    pthread_cond_signal(&streams->changed);
    pthread_mutex_unlock(&streams->lock);
}

void response_streams_close(struct response_streams *streams)
{
    if (!streams)
        return;
    pthread_mutex_lock(&streams->lock);
    streams->draining = streams->closing = true;
    pthread_cond_signal(&streams->changed);
    pthread_mutex_unlock(&streams->lock);
    pthread_join(streams->thread, NULL);
    pthread_cond_destroy(&streams->changed);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
}
