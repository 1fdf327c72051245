/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server, on libmicrohttpd.
 *
 * A few threads run all connections by epoll and call the handler; a connection has no thread of
 * its own. A handler answers at once, keeps the exchange and answers later from any thread
 * (http_exchange_hold), or continues on a worker thread where it may block
 * (http_exchange_run_blocking). The server itself enforces limits (413, without reading the rest),
 * refuses malformed framing (400), closes idle connections and drains. */
#ifndef NET_SERVER_HTTP_SERVER_H
#define NET_SERVER_HTTP_SERVER_H

#include "base/buf.h"
#include "base/err.h"
#include "net/headers.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct http_server;

/* A request and its response. Owned by the server; valid until it is answered. */
struct http_exchange {
    const char *method;
    const char *path;  /* as sent, still percent-encoded, without the query */
    const char *query; /* the raw text after '?', or NULL */
    struct headers headers;
    struct buf body; /* empty with a sink */
    bool tls;

    /* Set by the begin handler to receive the body in pieces instead of in body. Called on a server
     * thread, in order. False with err ends the upload: the rest is dropped, and the error is the
     * response. */
    bool (*sink)(struct http_exchange *exchange, struct bytes piece, struct err *err);
    size_t max_body; /* set to the server's limit before begin, which may change it; 0 = no limit */
    void *context;   /* of the application, for this exchange */
    /* Called once when the exchange has ended in any way; frees context. May be NULL. */
    void (*ended)(struct http_exchange *exchange);
};

/* Called when the head was read, before the body: to route, to refuse early by answering, to set
 * sink, max_body, context and ended. May be NULL. */
typedef void http_begin_handler(struct http_exchange *exchange, void *app);

/* Called when the whole request was read. Answers exactly once: now, or later after
 * http_exchange_hold. */
typedef void http_handler(struct http_exchange *exchange, void *app);

/* Answers with an error, e.g. as Google's JSON. Used for errors that the server finds itself, and
 * by http_exchange_reply_err. NULL = err's text as a line of text/plain. */
typedef void http_error_handler(struct http_exchange *exchange, const struct err *err, void *app);

struct http_server_options {
    const char *host; /* address to listen on; NULL = 127.0.0.1 */
    uint16_t port;    /* 0 = a free one, see http_server_port */
    unsigned threads; /* that run connections; 0 = one per core, at most 4 */
    /* Threads for http_exchange_run_blocking, started on demand; 0 = 100. As many calls can wait
     * for one; more are answered with 503. */
    unsigned workers;
    size_t max_body;                /* 0 = 32 MiB */
    unsigned max_connections;       /* 0 = what the limit of open files allows, at most 20,000 */
    unsigned idle_sec;              /* a connection idle for longer is closed; 0 = 75 */
    unsigned drain_sec;             /* http_server_close waits at most this long; 0 = 30 */
    const char *cert_pem, *key_pem; /* PEM text; both set = TLS */
    http_begin_handler *begin;
    http_handler *handle; /* required */
    http_error_handler *refuse;
    /* Called with the port once it is bound, before any request is read. May be NULL. */
    void (*listening)(uint16_t port, void *app);
    void *app;
};

/* Listens and serves. NULL and err, e.g. "port 8080 on 127.0.0.1 is in use". Raises the process's
 * soft limit of open files. */
struct http_server *http_server_open(const struct http_server_options *options, struct err *err);

uint16_t http_server_port(const struct http_server *server);

/* How many connections were accepted so far. */
uint64_t http_server_accepted(const struct http_server *server);

/* Stops accepting, waits until all requests on accepted connections are answered, closes the
 * connections and frees. Exchanges still held after drain_sec are answered with 503. */
void http_server_close(struct http_server *server);

/* A response. Zero means the default. */
struct http_reply {
    int status;                     /* 0 = 200 */
    const char *content_type;       /* NULL = none */
    struct headers headers;         /* moved out: empty afterwards */
    struct buf body;                /* moved out: empty afterwards */
    int file;                       /* with has_file: sent instead of body, and closed afterwards */
    uint64_t file_offset, file_len; /* the part of the file that is sent */
    bool has_file;
    bool close; /* close the connection afterwards */
};

void http_exchange_reply(struct http_exchange *exchange, struct http_reply *reply);

/* Shorthands. http_exchange_reply_json decrefs the tree. */
void http_exchange_reply_text(struct http_exchange *exchange, int status, const char *text);
void http_exchange_reply_json(struct http_exchange *exchange, int status, json_t *tree);
void http_exchange_reply_empty(struct http_exchange *exchange, int status);
void http_exchange_reply_err(struct http_exchange *exchange, const struct err *err);

/* Keeps the exchange after the handler returns; it is answered later, from any thread. */
void http_exchange_hold(struct http_exchange *exchange);

/* Continues on a worker thread, where `work` may block; it answers before it returns, or holds the
 * exchange. The handler must do nothing after this call. */
void http_exchange_run_blocking(struct http_exchange *exchange, http_handler *work, void *app);

/* Whether the client of a held exchange is still connected. Does not block. */
bool http_exchange_is_connected(const struct http_exchange *exchange);

/* Whether the server is closing: held exchanges should be answered soon. */
bool http_exchange_is_closing(const struct http_exchange *exchange);

/* A response body that is written in pieces, e.g. of a watch: answers with the status, headers and
 * chunked coding, and returns a stream to write to. */
struct http_stream;
struct http_stream *http_stream_open(struct http_exchange *exchange, struct http_reply *head);

/* Queues a piece. False when the client has disconnected or reads too slowly (over 1 MiB is
 * queued): then only http_stream_end may be called. */
bool http_stream_write(struct http_stream *stream, struct bytes piece);

/* Ends the body after what is queued, and frees the stream. */
void http_stream_end(struct http_stream *stream);

#endif
