/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that go on: one thread looks after all watches and followed logs. */
#ifndef KN_LOCAL_API_RESPONSE_STREAMS_H
#define KN_LOCAL_API_RESPONSE_STREAMS_H

#include "base/err.h"
#include "net/server/http_server.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One answer; a part of what it is about. */
struct response_stream {
    struct http_stream *http;
    int64_t until_ns;  /* by the monotonic clock; 0 = as long as the client likes */
    atomic_bool gone;  /* nobody reads it any more, or there is no more to say */
    bool eager;        /* has something to do at every look, not only when it ends */
    int64_t silent_ns; /* since when nothing was written (kept by the thread) */
    /* Called at every look, when eager. Sets gone at the end. */
    void (*look)(struct response_stream *stream);
    /* Called in the end, before http is ended; frees what it is a part of. */
    void (*done)(struct response_stream *stream);
    struct response_stream *prev, *next;
};

struct response_streams;

struct response_streams *response_streams_open(struct err *err);

/* Ends all streams; those that are added later end at once. */
void response_streams_drain(struct response_streams *streams);
void response_streams_close(struct response_streams *streams);

/* Hands a stream over. */
void response_streams_add(struct response_streams *streams, struct response_stream *stream);

/* Writes, and marks the stream as gone when that fails. */
void response_streams_write(struct response_stream *stream, struct bytes piece);

#endif
