/* SPDX-License-Identifier: Apache-2.0 */
/* All APIs, opened together and connected. */
#include "gcp-local/cloud.h"

#include "base/log.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/storage/catalog/bucket.h"
#include "net/client/http_client.h"

static char *id_token(const char *email, const char *audience, void *context)
{
    const struct cloud *cloud = context;
    struct err err = {0};
    return token_service_id_token(cloud->tokens, email, audience, &err);
}

static struct http_client *push_client(void *context)
{
    struct cloud *cloud = context;
    struct err err = {0};
    pthread_mutex_lock(&cloud->lock);
    if (!cloud->client) {
        cloud->client = http_client_open(NULL, &err);
        if (!cloud->client)
            log_error("cannot push messages: %s", err.text);
    }
    pthread_mutex_unlock(&cloud->lock);
    return cloud->client;
}

static bool open_pubsub(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    struct pubsub_options pubsub_options = {
        .data_dir = options->in_memory ? NULL : options->data_dir,
        .client = push_client,
        .id_token = id_token,
        .context = cloud,
    };
    cloud->pubsub = pubsub_open(&pubsub_options, err);
    return cloud->pubsub;
}

/* Publishes a notification of Storage. */
static bool publish(const char *topic, const json_t *attributes, struct bytes data, void *context,
                    struct err *err)
{
    const struct cloud *cloud = context;
    OWN(free) struct pubsub_attribute *list =
        alloc_zeroed((json_object_size(attributes) + 1) * sizeof(list[0]));
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)attributes, name, value) list[count++] =
        (struct pubsub_attribute){name, json_string_value(value)};
    return pubsub_publish(cloud->pubsub, topic, list, count, data, NULL, err);
}

static bool topic_exists(const char *topic, void *context)
{
    const struct cloud *cloud = context;
    return pubsub_has_topic(cloud->pubsub, topic);
}

static bool open_storage(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    struct storage_options storage_options = {
        .data_dir = options->in_memory ? NULL : options->data_dir,
        .publish = publish,
        .topic_exists = topic_exists,
        .context = cloud,
    };
    cloud->storage = storage_open(&storage_options, err);
    return cloud->storage;
}

/* Reads a picture in Storage for Vision. */
static bool read_object(const char *bucket, const char *object, size_t max, struct buf *out,
                        void *context, struct err *err)
{
    const struct cloud *cloud = context;
    return storage_read_object(cloud->storage, bucket, object, max, out, err);
}

static bool open_vision(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    struct vision_options vision_options = {
        .model = options->model,
        .allow_fetch = options->allow_fetch,
        .read_object = read_object,
        .context = cloud,
    };
    cloud->vision = vision_open(&vision_options, err);
    return cloud->vision;
}

static bool open_tokens(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    OWN(free) char *number = bucket_project_number(options->project);
    struct token_service_options token_options = {
        .data_dir = options->data_dir,
        .project = options->project,
        .project_number = number,
    };
    cloud->tokens = token_service_open(&token_options, err);
    return cloud->tokens;
}

bool cloud_open(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    *cloud = (struct cloud){.lock = PTHREAD_MUTEX_INITIALIZER, .translate = translate_open()};
    return open_tokens(options, cloud, err) && open_pubsub(options, cloud, err) &&
           open_storage(options, cloud, err) && open_vision(options, cloud, err);
}

void cloud_stop(struct cloud *cloud)
{
    if (cloud->pubsub)
        pubsub_stop(cloud->pubsub);
}

bool cloud_reset(struct cloud *cloud, struct err *err)
{
    return pubsub_reset(cloud->pubsub, err) && storage_reset(cloud->storage, err);
}

void cloud_close(struct cloud *cloud)
{
    translate_close(cloud->translate);
    vision_close(cloud->vision);
    storage_close(cloud->storage);
    http_client_close(cloud->client);
    pubsub_close(cloud->pubsub);
    token_service_close(cloud->tokens);
    *cloud = (struct cloud){0};
}
