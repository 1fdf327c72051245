/* SPDX-License-Identifier: Apache-2.0 */
/* Responses without an end: one thread serves all watches and followed logs. */
#ifndef KN_LOCAL_API_RESPONSE_STREAMS_H
#define KN_LOCAL_API_RESPONSE_STREAMS_H

#include "base/err.h"
#include "net/server/http_server.h"

#include <stdbool.h>
#include <stdint.h>

/* One response; the first member of what it is about. Used by the thread only, once it is added. */
struct response_stream {
    struct http_stream *http;
    int64_t until_ns;  /* on the monotonic clock; 0 = until the client closes it */
    bool polled;       /* to be polled every 50 ms, else when response_streams_wake was called */
    bool over;         /* the client has closed it, or there is nothing left to write */
    int64_t silent_ns; /* when something was written last; kept by the thread */
    /* Writes what is new; sets over after the last of it. No lock is held. */
    void (*poll)(struct response_stream *stream);
    /* Called once at the end, before http is ended; frees what the stream is a part of. */
    void (*done)(struct response_stream *stream);
    struct response_stream *prev, *next;
};

struct response_streams;

struct response_streams *response_streams_open(struct err *err);

/* Ends all streams; those that are added later end at once. */
void response_streams_drain(struct response_streams *streams);
void response_streams_close(struct response_streams *streams);

/* Hands a stream over to the thread. */
void response_streams_add(struct response_streams *streams, struct response_stream *stream);

/* Has the thread poll all streams soon. Takes a struct response_streams, from any thread. */
void response_streams_wake(void *context);

/* Writes; the stream is over when the client has closed it. */
void response_streams_write(struct response_stream *stream, struct bytes piece);

#endif
