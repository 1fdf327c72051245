/* SPDX-License-Identifier: Apache-2.0 */
/* A Pub/Sub service for a test, on a free port, and a client of it. */
#ifndef TESTS_HELPERS_PUBSUB_SERVER_H
#define TESTS_HELPERS_PUBSUB_SERVER_H

#include "base/own.h"
#include "gcp-local/pubsub/pubsub.h"
#include "net/client/http_client.h"
#include "net/server/http_server.h"

#include <jansson.h>

struct pubsub_server {
    struct pubsub *pubsub;
    struct http_server *server;
    struct http_client *client; /* of the requests */
    struct http_client *pusher; /* of the pushes */
    char *base;                 /* "http://127.0.0.1:PORT/v1/projects/demo/" */
};

/* data_dir NULL: in memory. id_token may be NULL. */
struct pubsub_server *pubsub_server_open(const char *data_dir,
                                         char *(*id_token)(const char *, const char *, void *));
void pubsub_server_close(struct pubsub_server *server);

static inline void own_pubsub_server(struct pubsub_server **local)
{
    if (*local)
        pubsub_server_close(*local);
}

/* Sends a request to a path below projects/demo/ ("topics/t"), or to one that starts with '/'. body
 * and status may be NULL. Returns the body of the response; the caller frees. */
char *pubsub_server_request(struct pubsub_server *server, const char *method, const char *path,
                            const char *body, int *status);

/* As pubsub_server_request, but expects this status, and a body that contains has unless it is
 * NULL.
 */
void pubsub_server_expect(struct pubsub_server *server, const char *method, const char *path,
                          const char *body, int status, const char *has);

/* A request, and what its response contains. */
struct pubsub_server_row {
    const char *method, *path, *body;
    int status;
    const char *has;
};

/* Sends rows to a fresh service that has topics/news, topics/dead and subscriptions/reader. */
void pubsub_server_run_rows(const struct pubsub_server_row *rows, size_t count);

/* Sends a POST that must be answered 200. New reference. */
json_t *pubsub_server_post(struct pubsub_server *server, const char *path, const char *body);

/* Pulls up to ten messages without waiting: the list receivedMessages. New reference. */
json_t *pubsub_server_pull(struct pubsub_server *server, const char *subscription);

/* The decoded data of the messages of such a list, joined by commas. The caller frees. */
char *pubsub_server_data(const json_t *received);

/* Acknowledges all messages of such a list, or gives them back. */
void pubsub_server_ack_all(struct pubsub_server *server, const char *subscription,
                           const json_t *received);
void pubsub_server_nack_all(struct pubsub_server *server, const char *subscription,
                            const json_t *received);

/* Publishes one message with this data (plain text). */
void pubsub_server_publish_text(struct pubsub_server *server, const char *topic, const char *data,
                                const char *ordering_key);

#endif
