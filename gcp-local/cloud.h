/* SPDX-License-Identifier: Apache-2.0 */
/* All of Google Cloud that there is here: the APIs, opened together and tied to each other. Storage
 * publishes to topics, Vision reads objects, pushes carry ID tokens. */
#ifndef GCP_LOCAL_CLOUD_H
#define GCP_LOCAL_CLOUD_H

#include "gcp-local/pubsub/pubsub.h"
#include "gcp-local/storage/storage.h"
#include "gcp-local/token/token_service.h"
#include "gcp-local/translate/translate_api.h"
#include "gcp-local/vision/vision_api.h"

#include <pthread.h>

struct cloud_options {
    const char *data_dir; /* of keys and secrets, and of all data unless in_memory */
    bool in_memory;
    const char *project; /* of the metadata server's account */
    const char *model;   /* NULL = where the weights are found */
    bool allow_fetch;
};

struct cloud {
    struct token_service *tokens;
    pthread_mutex_t opening;    /* guards client */
    struct http_client *client; /* for pushes; NULL until the first */
    struct pubsub *pubsub;
    struct storage *storage;
    struct vision_api *vision;
    struct translate_api *translate;
};

/* On failure cloud is left for cloud_close. It must not be moved afterwards. */
bool cloud_open(const struct cloud_options *options, struct cloud *cloud, struct err *err);

/* Answers all who wait for something; to be called before the servers are closed. */
void cloud_stop(struct cloud *cloud);

/* Empties all APIs; accounts and keys stay. */
bool cloud_reset(struct cloud *cloud, struct err *err);

/* Saves and frees; to be called when the servers are closed. */
void cloud_close(struct cloud *cloud);

static inline void own_cloud(struct cloud *local)
{
    cloud_close(local);
}

#endif
