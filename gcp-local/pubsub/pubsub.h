/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub: topics, subscriptions and their messages, in memory or in a data directory. Its HTTP API
 * is rest/pubsub_rest.h. */
#ifndef GCP_LOCAL_PUBSUB_PUBSUB_H
#define GCP_LOCAL_PUBSUB_PUBSUB_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct http_client;
struct pubsub;

struct pubsub_options {
    const char *data_dir; /* of pubsub.db; NULL = in memory only */

    /* The client for pushes, opened when the first push is due: loading libcurl takes longer than
     * the rest of the start. It returns NULL when it cannot be opened. NULL = nothing is pushed. */
    struct http_client *(*client)(void *context);

    /* Makes a signed OIDC token for an account and audience; the caller frees. It returns NULL when
     * it cannot: nothing is pushed to that endpoint until it can. NULL = pushed without. */
    char *(*id_token)(const char *email, const char *audience, void *context);

    void *context; /* of both; they are called from any thread */
};

struct pubsub *pubsub_open(const struct pubsub_options *options, struct err *err);

/* An attribute of a message to publish. */
struct pubsub_attribute {
    const char *name, *value;
};

/* Publishes from within the process; returns when the message is stored. The caller frees *id; id
 * may be NULL. ERR_NOT_FOUND when the topic does not exist. */
bool pubsub_publish(struct pubsub *pubsub, const char *topic,
                    const struct pubsub_attribute *attributes, size_t count, struct bytes data,
                    char **id, struct err *err);

/* Whether a topic exists, by its full name. */
bool pubsub_has_topic(struct pubsub *pubsub, const char *topic);

/* Deletes all topics, subscriptions, snapshots, policies and messages. */
bool pubsub_reset(struct pubsub *pubsub, struct err *err);

/* Answers the pulls that wait, lets none wait from now on, and pushes nothing more. To be called
 * before the server is closed. */
void pubsub_stop(struct pubsub *pubsub);

/* Saves and frees. To be called after pubsub_stop, http_server_close and http_client_close, in this
 * order: closing the client ends the pushes in flight. NULL is fine. */
void pubsub_close(struct pubsub *pubsub);

static inline void own_pubsub(struct pubsub **local)
{
    pubsub_close(*local);
}

#endif
