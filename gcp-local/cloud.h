/* SPDX-License-Identifier: Apache-2.0 */
/* All APIs, opened together and connected: Storage publishes to topics, Vision reads objects,
 * pushes carry ID tokens. */
#ifndef GCP_LOCAL_CLOUD_H
#define GCP_LOCAL_CLOUD_H

#include "gcp-local/pubsub/pubsub.h"
#include "gcp-local/storage/storage.h"
#include "gcp-local/token/token_service.h"
#include "gcp-local/translate/translate_api.h"
#include "gcp-local/vision/vision_api.h"

#include <pthread.h>

struct cloud_options {
    const char *data_dir; /* for keys and secrets, and for all data unless in_memory */
    bool in_memory;
    const char *project; /* of the metadata server's account */
    const char *model;   /* as in struct vision_options */
    bool allow_fetch;
};

struct cloud {
    struct token_service *tokens;
    pthread_mutex_t lock;       /* guards client */
    struct http_client *client; /* for pushes; NULL until the first */
    struct pubsub *pubsub;
    struct storage *storage;
    struct vision_api *vision;
    struct translate_api *translate;
};

/* cloud must not be moved once it is open. Call cloud_close after a failure, too. */
bool cloud_open(const struct cloud_options *options, struct cloud *cloud, struct err *err);

/* Ends requests that wait, such as pulls. Call it before the servers are closed. */
void cloud_stop(struct cloud *cloud);

/* Deletes all data; accounts and keys are kept. */
bool cloud_reset(struct cloud *cloud, struct err *err);

/* Saves and frees. Call it after the servers are closed. */
void cloud_close(struct cloud *cloud);

static inline void own_cloud(struct cloud *local)
{
    cloud_close(local);
}

#endif
