/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local's Pub/Sub on a free port, and a client of it. */
#ifndef TESTS_HELPERS_PUBSUB_SERVER_H
#define TESTS_HELPERS_PUBSUB_SERVER_H

#include "base/own.h"
#include "gcp-local/pubsub/pubsub.h"

#include <jansson.h>

struct pubsub_server {
    struct pubsub *pubsub;
    struct http_server *server;
    struct http_client *client; /* for the test's requests */
    struct http_client *pusher; /* for the server's pushes */
    char *base;                 /* "http://127.0.0.1:PORT/v1/projects/demo/" */
};

/* data_dir NULL: in memory. id_token may be NULL. */
struct pubsub_server *pubsub_server_open(const char *data_dir, pubsub_id_token *id_token);
void pubsub_server_close(struct pubsub_server *server);

static inline void own_pubsub_server(struct pubsub_server **local)
{
    if (*local)
        pubsub_server_close(*local);
}

/* Sends a request to a path below projects/demo/ ("topics/t"), or to a path that starts with '/'.
 * body NULL = none. Returns the response's body, for free(); status may be NULL. */
char *pubsub_server_request(struct pubsub_server *server, const char *method, const char *path,
                            const char *body, int *status);

/* As pubsub_server_request; expects this status, and that the body contains `has` unless NULL. */
void pubsub_server_expect(struct pubsub_server *server, const char *method, const char *path,
                          const char *body, int status, const char *has);

/* Posts and expects 200. Returns the response, a new reference. */
json_t *pubsub_server_post(struct pubsub_server *server, const char *path, const char *body);

/* Pulls up to ten messages of subscriptions/SUBSCRIPTION without waiting: the list, a new
 * reference. */
json_t *pubsub_server_pull(struct pubsub_server *server, const char *subscription);

/* The decoded data of a list of received messages, joined by commas. The caller frees. */
char *pubsub_server_data(const json_t *received);

/* Acknowledges or returns all messages of such a list. */
void pubsub_server_ack_all(struct pubsub_server *server, const char *subscription,
                           const json_t *received);
void pubsub_server_nack_all(struct pubsub_server *server, const char *subscription,
                            const json_t *received);

/* Publishes one message with this data; ordering_key may be NULL. */
void pubsub_server_publish_text(struct pubsub_server *server, const char *topic, const char *data,
                                const char *ordering_key);

#endif
