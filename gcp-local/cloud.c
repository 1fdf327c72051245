/* All of Google Cloud that there is here: the APIs, opened together and tied to each other. */
#include "gcp-local/cloud.h"

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
    *cloud = (struct cloud){0};
    return open_tokens(options, cloud, err) && open_vision(options, cloud, err);
}

void cloud_stop(struct cloud *cloud)
{
    (void)cloud;
}

bool cloud_reset(struct cloud *cloud, struct err *err)
{
    (void)cloud, (void)err;
    return true;
}

void cloud_close(struct cloud *cloud)
{
    vision_close(cloud->vision);
    tokens_close(cloud->tokens);
    *cloud = (struct cloud){0};
}
