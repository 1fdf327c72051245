/* SPDX-License-Identifier: Apache-2.0 */
/* Response bodies that are written in pieces. */
#include "net/server/http_server_private.h"

#include "base/str.h"

#include <string.h>
#include <utlist.h>

enum {
    MAX_QUEUED = 1 << 20, /* bytes; a slower reader is given up */
    BLOCK_BYTES = 16 * 1024,
};

struct http_stream {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct server_thread *thread;
    pthread_mutex_t lock; /* guards what follows */
    struct buf queued;
    size_t sent;       /* of queued */
    bool ended;        /* by the writer, or because the server closes */
    bool disconnected; /* the connection does not use it any longer */
    bool suspended;
    bool released; /* the writer does not use it any longer */
    struct http_stream *prev, *next;
};

static void stream_free(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->server->lock);
    DL_DELETE(stream->server->streams, stream);
    pthread_mutex_unlock(&stream->server->lock);
    http_server_unref(stream->server);
    buf_done(&stream->queued);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

/* MHD_ContentReaderCallback: gives the connection the next bytes. */
static ssize_t read_piece(void *context, uint64_t position, char *to, size_t room)
{
    (void)position;
    struct http_stream *stream = context;
    pthread_mutex_lock(&stream->lock);
    size_t len = stream->queued.len - stream->sent;
    if (len > room)
        len = room;
    ssize_t result = (ssize_t)len;
    if (len) {
        memcpy(to, stream->queued.data + stream->sent, len);
        stream->sent += len;
        if (stream->sent == stream->queued.len)
            stream->queued.len = stream->sent = 0;
    } else if (stream->ended) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

/* MHD_ContentReaderFreeCallback: the response has ended. */
static void disconnect(void *context)
{
    struct http_stream *stream = context;
    pthread_mutex_lock(&stream->lock);
    stream->disconnected = true;
    bool last = stream->released;
    pthread_mutex_unlock(&stream->lock);
    if (last)
        stream_free(stream);
}

static void wake(struct http_stream *stream)
{
    if (stream->suspended) {
        stream->suspended = false;
        MHD_resume_connection(stream->connection);
        server_thread_wake(stream->thread);
    }
}

struct http_stream *http_stream_open(struct http_exchange *exchange, struct http_reply *head)
{
    struct http_request *request = http_exchange_request(exchange);
    bool held = request->held;
    struct http_stream *stream = alloc_zeroed(sizeof(*stream));
    stream->server = request->server;
    atomic_fetch_add(&stream->server->refs, 1);
    stream->connection = request->connection;
    stream->thread = request->thread;
    stream->queued.max = MAX_QUEUED;
    pthread_mutex_init(&stream->lock, NULL);
    pthread_mutex_lock(&stream->server->lock);
    DL_APPEND(stream->server->streams, stream);
    pthread_mutex_unlock(&stream->server->lock);

    if (http_exchange_claim(request)) {
        struct MHD_Response *response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_piece, stream, disconnect);
        if (!response)
            abort(); /* out of memory */
        http_exchange_add_headers(response, head, false);
        http_exchange_respond(request, head->status ? (unsigned)head->status : MHD_HTTP_OK,
                              response);
    } else {
        stream->disconnected = true;
        headers_done(&head->headers);
    }
    if (held)
        http_exchange_unref(request);
    return stream;
}

bool http_stream_write(struct http_stream *stream, struct bytes piece)
{
    pthread_mutex_lock(&stream->lock);
    bool open = !stream->disconnected && !stream->ended;
    if (open && stream->sent) {
        memmove(stream->queued.data, stream->queued.data + stream->sent,
                stream->queued.len - stream->sent);
        stream->queued.len -= stream->sent;
        stream->sent = 0;
    }
    bool taken = open && buf_add(&stream->queued, piece.data, piece.len);
    if (taken)
        wake(stream);
    pthread_mutex_unlock(&stream->lock);
    return taken;
}

void http_stream_end(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->ended = stream->released = true;
    wake(stream);
    bool last = stream->disconnected;
    pthread_mutex_unlock(&stream->lock);
    if (last)
        stream_free(stream);
}

void http_stream_close_all(struct http_server *server)
{
    struct http_stream *stream;
    DL_FOREACH(server->streams, stream)
    {
        pthread_mutex_lock(&stream->lock);
        stream->ended = true;
        wake(stream);
        pthread_mutex_unlock(&stream->lock);
    }
}
