/* All of Google Cloud that there is here: the APIs, opened together and tied to each other. */
#include "gcp-local/cloud.h"

#include "base/log.h"

static char *id_token(const char *email, const char *audience, void *context)
{
    const struct cloud *cloud = context;
    struct err err = {0};
    return tokens_id_token(cloud->tokens, email, audience, &err);
}

static struct http_client *push_client(void *context)
{
    struct cloud *cloud = context;
    struct err err = {0};
    pthread_mutex_lock(&cloud->opening);
    if (!cloud->client) {
        cloud->client = http_client_open(NULL, &err);
        if (!cloud->client)
            log_error("nothing can be pushed: %s", err.text);
    }
    pthread_mutex_unlock(&cloud->opening);
    return cloud->client;
}

static bool open_pubsub(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    struct pubsub_options wanted = {
        .data_dir = options->in_memory ? NULL : options->data_dir,
        .client = push_client,
        .id_token = id_token,
        .context = cloud,
    };
    cloud->pubsub = pubsub_open(&wanted, err);
    return cloud->pubsub;
}

static bool open_vision(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    struct vision_options wanted = {
        .model = options->model,
        .allow_fetch = options->allow_fetch,
    };
    cloud->vision = vision_open(&wanted, err);
    return cloud->vision;
}

static bool open_tokens(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    struct tokens_options wanted = {.data_dir = options->data_dir, .project = options->project};
    cloud->tokens = tokens_open(&wanted, err);
    return cloud->tokens;
}

bool cloud_open(const struct cloud_options *options, struct cloud *cloud, struct err *err)
{
    *cloud = (struct cloud){.opening = PTHREAD_MUTEX_INITIALIZER};
    return open_tokens(options, cloud, err) && open_pubsub(options, cloud, err) &&
           open_vision(options, cloud, err);
}

void cloud_stop(struct cloud *cloud)
{
    if (cloud->pubsub)
        pubsub_stop(cloud->pubsub);
}

bool cloud_reset(struct cloud *cloud, struct err *err)
{
    return pubsub_reset(cloud->pubsub, err);
}

void cloud_close(struct cloud *cloud)
{
    vision_close(cloud->vision);
    http_client_close(cloud->client);
    pubsub_close(cloud->pubsub);
    tokens_close(cloud->tokens);
    *cloud = (struct cloud){0};
}
