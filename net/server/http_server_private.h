/* What the files of the HTTP server share; included by nobody else. */
#ifndef NET_SERVER_HTTP_SERVER_PRIVATE_H
#define NET_SERVER_HTTP_SERVER_PRIVATE_H

#include "net/server/http_server.h"
#include "net/server/server_thread.h"
#include "net/server/worker_pool.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* An exchange with what the server needs of it. Freed when the connection is through with the
 * request and nobody holds it any more. */
struct live {
    struct http_exchange face; /* first: a face is cast to its live */
    struct http_server *server;
    struct MHD_Connection *connection;
    struct lane *lane; /* runs the connection */
    int socket;
    char *uri; /* path and query lie in it */
    char *query;
    size_t received;
    struct err err; /* of an upload that failed: answered when the rest was read */

    pthread_mutex_t lock; /* guards all below */
    unsigned refs;        /* the connection's, and the holder's */
    bool begun, handled;  /* which handlers have run */
    bool held;            /* to be answered later */
    bool suspended;       /* the connection sleeps until it is answered */
    bool answered;        /* response is there */
    struct MHD_Response *response;
    unsigned status;
    void (*work)(struct http_exchange *exchange, void *app); /* for a worker */
    void *work_app;
    struct live *prev, *next; /* among the server's held ones */
};

struct http_server {
    struct http_server_options options;
    struct lane *lanes; /* one a thread */
    unsigned lane_count;
    struct workers *workers;
    int listener;
    uint16_t port;
    atomic_bool closing;
    atomic_uint refs;        /* the opener's, each exchange's, each stream's */
    atomic_uint requests;    /* under way */
    atomic_uint connections; /* open */
    atomic_uint_fast64_t accepted;

    pthread_mutex_t lock; /* guards all below */
    struct live *held;    /* held exchanges that are not answered */
    struct http_stream *streams;
};

/* libmicrohttpd's callbacks for one request. */
void *http_on_uri(void *lane, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_on_request(void *server, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **request);
void http_on_completed(void *server, struct MHD_Connection *connection, void **request,
                       enum MHD_RequestTerminationCode code);

/* The socket of a connection. */
int http_socket(struct MHD_Connection *connection);

void http_server_unref(struct http_server *server);

struct live *live_of(struct http_exchange *exchange);
void live_unref(struct live *live);

/* Whether the caller may answer: false when the server has answered a held exchange itself. */
bool live_claim(struct live *live);

/* Takes the answer and wakes the connection if it sleeps. Owns response. */
void live_answer(struct live *live, unsigned status, struct MHD_Response *response);

/* Adds the reply's content type and fields to a response, and empties them. */
void http_reply_headers(struct MHD_Response *response, struct http_reply *reply, bool close);

/* For http_server_close, with the server's lock held: ends streams that nobody ended. */
void http_streams_close(struct http_server *server);

#endif
