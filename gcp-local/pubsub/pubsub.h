/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub v1 over REST: topics, subscriptions and what flows between them, in memory or kept in a
 * data directory. This is all that the rest of gcp-local needs to know of it. */
#ifndef GCP_LOCAL_PUBSUB_PUBSUB_H
#define GCP_LOCAL_PUBSUB_PUBSUB_H

#include "base/buf.h"
#include "net/client/http_client.h"
#include "net/server/http_server.h"

struct pubsub;

/* Makes a signed OIDC token for an account and audience; the caller frees. NULL when it cannot. */
typedef char *pubsub_id_token(const char *email, const char *audience, void *context);

/* Gives the client that pushes go through, opened when the first one is due: loading libcurl takes
 * longer than all of the start. NULL when there is none. */
typedef struct http_client *pubsub_client(void *context);

struct pubsub_options {
    const char *data_dir;      /* keeps everything in pubsub.db there; NULL = in memory only */
    pubsub_client *client;     /* for push; NULL = nothing is pushed */
    pubsub_id_token *id_token; /* for push with OIDC; NULL = pushed without */
    void *context;             /* of both */
};

struct pubsub *pubsub_open(const struct pubsub_options *options, struct err *err);

/* Whether a path (as sent, without the query) is one of this API. */
bool pubsub_owns(const char *path);

/* Answers a request, now or later. */
void pubsub_handle(struct http_exchange *exchange, void *pubsub);

/* An attribute of a message to publish. */
struct pubsub_attribute {
    const char *name, *value;
};

/* Publishes from within the process; returns when the message is safe. id (may be NULL) is the
 * caller's to free. ERR_NOT_FOUND when there is no such topic. */
bool pubsub_publish(struct pubsub *pubsub, const char *topic,
                    const struct pubsub_attribute *attributes, size_t count, struct bytes data,
                    char **id, struct err *err);

/* Whether a topic is there, by its whole name. */
bool pubsub_has_topic(struct pubsub *pubsub, const char *topic);

/* Empties all: projects, topics, subscriptions, messages. */
bool pubsub_reset(struct pubsub *pubsub, struct err *err);

/* Answers those who wait for messages, and lets nobody wait from now on; to be called before the
 * server is closed. */
void pubsub_stop(struct pubsub *pubsub);

/* Saves and frees. To be called after pubsub_stop, http_server_close and http_client_close, in this
 * order: closing the client ends the pushes under way, which are waited for. */
void pubsub_close(struct pubsub *pubsub);

static inline void own_pubsub(struct pubsub **local)
{
    pubsub_close(*local);
}

#endif
