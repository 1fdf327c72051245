/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: libmicrohttpd behind one door.
 *
 * A few threads run all connections by epoll and call the handler; 10,000 connections cost no
 * thread of their own. A handler answers at once, keeps the exchange and answers later from any
 * thread (http_exchange_hold), or moves on to a worker thread where it may block
 * (http_exchange_run_blocking). What every server does the same happens here: limits, malformed
 * framing (400), 413 without reading on, timeouts, draining. */
#ifndef NET_SERVER_HTTP_SERVER_H
#define NET_SERVER_HTTP_SERVER_H

#include "base/buf.h"
#include "base/err.h"
#include "net/headers.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct http_server;

/* One request and its answer. Belongs to the server; valid until it is answered. */
struct http_exchange {
    const char *method;
    const char *path;  /* as sent, still percent-encoded, without the query */
    const char *query; /* raw text behind '?', or NULL */
    struct headers headers;
    struct buf body; /* empty when a sink took it */
    bool tls;

    /* Set by the begin handler when it takes the body piece by piece instead of in body. Called on
     * a server thread, in order. False (with err) ends the upload: the rest is not read, and the
     * error is answered. */
    bool (*sink)(struct http_exchange *exchange, struct bytes piece, struct err *err);
    size_t max_body; /* set to the server's limit before begin, which may change it; 0 = no limit */
    void *context;   /* the application's, for this exchange */
    /* Called once when the exchange ends, however it ended; frees context. May be NULL. */
    void (*ended)(struct http_exchange *exchange);
};

/* Called when the head was read, before any body: to route, to refuse early by answering, to set
 * sink, max_body, context and ended. May be NULL. */
typedef void http_begin_handler(struct http_exchange *exchange, void *app);

/* Called when the whole request was read. Answers now, or keeps the exchange (http_exchange_hold)
 * and answers later, exactly once. */
typedef void http_handler(struct http_exchange *exchange, void *app);

/* Makes the body of an error answer out of err, e.g. Google's JSON or a plain line. NULL: the text
 * and a line break as text/plain. Used for errors the server finds itself, and by
 * http_exchange_reply_err.
 */
typedef void http_error_handler(struct http_exchange *exchange, const struct err *err, void *app);

struct http_server_options {
    const char *host; /* address to listen on; NULL = 127.0.0.1 */
    uint16_t port;    /* 0 = a free one, see http_server_port */
    unsigned threads; /* that run connections; 0 = one a core, at most 4 */
    /* Threads for http_exchange_run_blocking, started on demand; 0 = 100. Beyond it calls queue,
     * and beyond as many queued again they are answered with 503. */
    unsigned workers;
    size_t max_body;                /* 0 = 32 MiB */
    unsigned max_connections;       /* 0 = what the file limit allows, at most 20,000 */
    unsigned idle_sec;              /* a connection silent for longer is closed; 0 = 75 */
    unsigned drain_sec;             /* http_server_close waits so long at most; 0 = 30 */
    const char *cert_pem, *key_pem; /* both set: TLS. Texts, not files */
    http_begin_handler *begin;
    http_handler *handle; /* required */
    http_error_handler *refuse;
    /* Called with the port once it is bound, before any request is read. May be NULL. */
    void (*listening)(uint16_t port, void *app);
    void *app;
};

/* NULL and err, e.g. "port 8080 on 127.0.0.1 is in use". Raises the process's limit of open files
 * to what is allowed. */
struct http_server *http_server_open(const struct http_server_options *options, struct err *err);

uint16_t http_server_port(const struct http_server *server);

/* How many connections were accepted so far. */
uint64_t http_server_accepted(const struct http_server *server);

/* Stops accepting, lets every request that was accepted be answered, closes the connections,
 * frees. Held exchanges must be answered or time out by drain_sec; then they get 503. */
void http_server_close(struct http_server *server);

/* An answer. Zero means the default. */
struct http_reply {
    int status;               /* 0 = 200 */
    const char *content_type; /* NULL = none */
    struct headers headers;   /* moved out: empty afterwards */
    struct buf body;          /* moved out: empty afterwards */
    int file;                 /* an open file to send from instead of body, with file_len; closed */
    uint64_t file_offset, file_len; /* in the end. Only read when has_file */
    bool has_file;
    bool close; /* close the connection afterwards */
};

void http_exchange_reply(struct http_exchange *exchange, struct http_reply *reply);

/* Shortcuts. http_exchange_reply_json decrefs the tree. */
void http_exchange_reply_text(struct http_exchange *exchange, int status, const char *text);
void http_exchange_reply_json(struct http_exchange *exchange, int status, json_t *tree);
void http_exchange_reply_empty(struct http_exchange *exchange, int status);
void http_exchange_reply_err(struct http_exchange *exchange, const struct err *err);

/* Keeps the exchange beyond the handler's return; it is answered later. */
void http_exchange_hold(struct http_exchange *exchange);

/* Goes on with the exchange on a worker thread, where `work` may block; it answers before it
 * returns, or holds. To be called from the handler as its last deed. */
void http_exchange_run_blocking(struct http_exchange *exchange, http_handler *work, void *app);

/* Whether the client of a held exchange is still connected (a look at the socket, no wait). */
bool http_exchange_is_connected(const struct http_exchange *exchange);

/* Whether the exchange's server is being closed: those who hold exchanges should answer them. */
bool http_exchange_is_closing(const struct http_exchange *exchange);

/* A body that is written piece by piece (watches, followed logs): answers with status, headers and
 * chunked coding, and returns a stream to write to. */
struct http_stream;
struct http_stream *http_stream_open(struct http_exchange *exchange, struct http_reply *head);

/* Queues a piece. False when the client has gone or does not read (over 1 MiB is waiting): then
 * only http_stream_end is left to call. */
bool http_stream_write(struct http_stream *stream, struct bytes piece);

/* Ends the body once what is queued was sent, and frees the stream. */
void http_stream_end(struct http_stream *stream);

#endif
