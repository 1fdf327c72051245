/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP server share. */
#ifndef NET_SERVER_HTTP_SERVER_PRIVATE_H
#define NET_SERVER_HTTP_SERVER_PRIVATE_H

#include "net/server/http_server.h"
#include "net/server/server_thread.h"
#include "net/server/worker_pool.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* An exchange with what the server needs of it. Freed when the connection is done with the request
 * and no handler holds it. */
struct http_request {
    struct http_exchange base; /* first: a base is cast to its request */
    struct http_server *server;
    struct MHD_Connection *connection;
    struct server_thread *thread; /* runs the connection */
    int socket;
    char *uri; /* path and query lie in it */
    char *query;
    size_t received;
    struct err err; /* of a failed upload; answered when the rest was read */

    pthread_mutex_t lock; /* guards what follows */
    unsigned refs;        /* the connection's, and the holder's */
    bool begun, handled;  /* which handlers have run */
    bool held;            /* to be answered later */
    bool suspended;       /* the connection waits for the response */
    bool answered;        /* response and status are set */
    struct MHD_Response *response;
    unsigned status;
    void (*work)(struct http_exchange *exchange, void *app); /* for a worker */
    void *work_app;
    struct http_request *prev, *next; /* in the server's held */
};

struct http_server {
    struct http_server_options options;
    struct server_thread *threads; /* one a thread */
    unsigned thread_count;
    struct worker_pool *workers;
    int listener;
    uint16_t port;
    atomic_bool closing;
    atomic_uint refs;        /* the opener's, each exchange's, each stream's */
    atomic_uint requests;    /* in progress */
    atomic_uint connections; /* open */

    pthread_mutex_t lock;      /* guards what follows */
    pthread_cond_t changed;    /* while closing: requests or connections */
    struct http_request *held; /* held exchanges that are not answered */
    struct http_stream *streams;
};

/* Counts a request or connection up or down; wakes http_server_close if that waits for them. */
void http_server_count(struct http_server *server, atomic_uint *counter, int change);

/* libmicrohttpd's callbacks for one request. */
void *http_request_on_uri(void *thread, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_request_on_access(void *server, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *upload, size_t *upload_size, void **state);
void http_request_on_completed(void *server, struct MHD_Connection *connection, void **state,
                               enum MHD_RequestTerminationCode code);

/* The socket of a connection. */
int http_request_socket(struct MHD_Connection *connection);

void http_server_unref(struct http_server *server);

struct http_request *http_exchange_request(struct http_exchange *exchange);
void http_exchange_unref(struct http_request *request);

/* Whether the caller may answer: false when the server has already answered a held exchange. */
bool http_exchange_claim(struct http_request *request);

/* Takes over the response, and resumes the connection if it is suspended. */
void http_exchange_respond(struct http_request *request, unsigned status,
                           struct MHD_Response *response);

/* Adds the reply's content type and fields to a response, and empties them. */
void http_exchange_add_headers(struct MHD_Response *response, struct http_reply *reply, bool close);

/* For http_server_close, with the server's lock held: ends all streams. */
void http_stream_close_all(struct http_server *server);

#endif
