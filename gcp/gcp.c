/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a client for Google Cloud: endpoints, credentials, project. */
#include "gcp/gcp.h"

#include "base/env.h"
#include "base/str.h"
#include "gcp/auth/metadata_server.h"
#include "gcp/auth/project.h"
#include "gcp/client/client.h"
#include "net/url.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, DEFAULT_DEADLINE_MS = 60000 };

static const struct {
    enum gcp_api bit;
    const char *host;     /* first label of the host name */
    const char *emulator; /* environment variable with an emulator's address */
    const char *override; /* environment variable with another address */
} apis[GCP_API_COUNT] = {
    [GCP_API_PUBSUB] = {GCP_PUBSUB, "pubsub", "PUBSUB_EMULATOR_HOST",
                        "CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB"},
    [GCP_API_STORAGE] = {GCP_STORAGE, "storage", "STORAGE_EMULATOR_HOST",
                         "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"},
    [GCP_API_VISION] = {GCP_VISION, "vision", "VISION_EMULATOR_HOST",
                        "CLOUDSDK_API_ENDPOINT_OVERRIDES_VISION"},
    [GCP_API_TRANSLATE] = {GCP_TRANSLATE, "translation", "TRANSLATE_EMULATOR_HOST",
                           "CLOUDSDK_API_ENDPOINT_OVERRIDES_TRANSLATE"},
};

/* "http://host:port" from a variable's value, whose scheme is optional. The caller frees. */
static char *base_from_variable(const char *variable, const char *text, struct err *err)
{
    char *base = strstr(text, "://") ? str_copy(text) : str_format("http://%s", text);
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        base[--len] = '\0';

    OWN(url) struct url url = {0};
    if (url_parse(base, &url))
        return base;
    free(base);
    err_set(err, ERR_INPUT, "%s is %s, want host:port or http://host:port", variable, text);
    return NULL;
}

/* Reads the environment variables of an API. Leaves base NULL when none is set. */
static bool endpoint_from_env(enum gcp_api_index api, struct gcp_endpoint *endpoint,
                              struct err *err)
{
    const char *emulator = env_str(apis[api].emulator, NULL);
    const char *override = env_str(apis[api].override, NULL);
    if (emulator)
        endpoint->base = base_from_variable(apis[api].emulator, emulator, err);
    else if (override)
        endpoint->base = base_from_variable(apis[api].override, override, err);
    endpoint->anonymous = emulator != NULL;
    endpoint->google = !emulator && !override;
    return endpoint->base || endpoint->google;
}

/* Finds credentials for api, which names its emulator variable in the message. */
static bool find_credentials(struct gcp *gcp, const char *path, enum gcp_api_index api,
                             struct err *err)
{
    if (credentials_find_file(path, &gcp->credentials, &gcp->warning, err))
        return true;
    if (err->status)
        return false;
    OWN(free) char *root = metadata_server_url();
    if (!metadata_server_found(&gcp->env, root))
        return err_set(err, ERR_INPUT,
                       "no Google credentials: GOOGLE_APPLICATION_CREDENTIALS is not set, gcloud "
                       "has no login, and %s does not answer; set GOOGLE_APPLICATION_CREDENTIALS "
                       "to a key file, run gcloud auth application-default login, or, without an "
                       "account, set %s to an emulator",
                       root, apis[api].emulator);
    gcp->credentials.type = CREDENTIALS_METADATA;
    gcp->credentials.path = move_ptr(&root);
    return true;
}

/* Looks for a project that neither the caller nor the environment names. */
static void find_project(struct gcp *gcp)
{
    if (!gcp->project)
        gcp->project = str_copy(gcp->credentials.project);
    if (!gcp->project)
        gcp->project = project_from_gcloud();
    if (!gcp->project && gcp->credentials.type == CREDENTIALS_METADATA)
        gcp->project = metadata_server_project(&gcp->env, gcp->credentials.path);
}

static bool is_requested(const struct gcp_options *options, enum gcp_api_index api)
{
    return options->apis == 0 || (options->apis & (unsigned)apis[api].bit);
}

/* A project named demo-... exists only in emulators: its calls must not reach Google. */
static bool check_demo(const struct gcp *gcp, const struct gcp_options *options, struct err *err)
{
    if (!gcp->project || !str_starts(gcp->project, "demo-"))
        return true;
    for (enum gcp_api_index api = 0; api < GCP_API_COUNT; api++)
        if (is_requested(options, api) && gcp->endpoint[api].google)
            return err_set(err, ERR_INPUT,
                           "project %s: the prefix demo- is for emulators only; set %s, or use "
                           "another project",
                           gcp->project, apis[api].emulator);
    return true;
}

static bool read_settings(struct gcp *gcp, const struct gcp_options *options, struct err *err)
{
    gcp->timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
    gcp->deadline_ms = options->deadline_ms ? options->deadline_ms : DEFAULT_DEADLINE_MS;
    gcp->translate_location = str_copy(options->translate_place);

    const char *translate = env_str("TRANSLATE_API", "v2");
    gcp->translate_v3 = options->translate_v3 || str_equal(translate, "v3");
    return gcp->translate_v3 || str_equal(translate, "v2") ||
           err_set(err, ERR_INPUT, "TRANSLATE_API is %s, want v2 or v3", translate);
}

static bool configure(struct gcp *gcp, const struct gcp_options *options, struct err *err)
{
    enum gcp_api_index authenticated_api = GCP_API_COUNT; /* the first API that needs credentials */
    for (enum gcp_api_index api = 0; api < GCP_API_COUNT; api++) {
        if (!endpoint_from_env(api, &gcp->endpoint[api], err))
            return false;
        if (authenticated_api == GCP_API_COUNT && is_requested(options, api) &&
            !gcp->endpoint[api].anonymous)
            authenticated_api = api;
    }
    if (!read_settings(gcp, options, err))
        return false;
    gcp->project = options->project ? str_copy(options->project) : project_from_env();
    if (!check_demo(gcp, options, err))
        return false;

    if (authenticated_api != GCP_API_COUNT &&
        !find_credentials(gcp, options->credentials, authenticated_api, err))
        return false;
    find_project(gcp);
    const char *quota_project = options->quota_project
                                    ? options->quota_project
                                    : env_str("GOOGLE_CLOUD_QUOTA_PROJECT", NULL);
    gcp->quota_project = str_copy(quota_project ? quota_project : gcp->credentials.quota_project);

    const char *universe = gcp->credentials.universe;
    for (enum gcp_api_index api = 0; api < GCP_API_COUNT; api++)
        if (gcp->endpoint[api].google)
            gcp->endpoint[api].base =
                str_format("https://%s.%s", apis[api].host, universe ? universe : "googleapis.com");
    return check_demo(gcp, options, err);
}

/* Takes client; NULL when env is the caller's. */
static struct gcp *open_with(const struct gcp_options *options, const struct gcp_environment *env,
                             struct http_client *client, struct err *err)
{
    static const struct gcp_options defaults = {0};
    struct gcp *gcp = alloc_zeroed(sizeof(*gcp));
    gcp->env = *env;
    gcp->http = client;
    access_token_cache_init(&gcp->shared_token);
    for (enum gcp_api_index api = 0; api < GCP_API_COUNT; api++)
        access_token_cache_init(&gcp->self_signed_token[api]);
    if (configure(gcp, options ? options : &defaults, err))
        return gcp;
    gcp_close(gcp);
    return NULL;
}

struct gcp *gcp_open_with(const struct gcp_options *options, const struct gcp_environment *env,
                          struct err *err)
{
    return open_with(options, env, NULL, err);
}

struct gcp *gcp_open(const struct gcp_options *options, struct err *err)
{
    const char *agent = options && options->user_agent ? options->user_agent : "libgcp/" VERSION;
    struct http_client_options http = {.user_agent = agent};
    struct http_client *client = http_client_open(&http, err);
    if (!client)
        return NULL;
    struct gcp_environment env = environment_real(client);
    return open_with(options, &env, client, err);
}

struct gcp *gcp_from_env(unsigned requested, struct err *err)
{
    struct gcp_options options = {.apis = requested};
    return gcp_open(&options, err);
}

void gcp_close(struct gcp *gcp)
{
    if (!gcp)
        return;
    http_client_close(gcp->http);
    for (enum gcp_api_index api = 0; api < GCP_API_COUNT; api++) {
        free(gcp->endpoint[api].base);
        access_token_cache_done(&gcp->self_signed_token[api]);
    }
    access_token_cache_done(&gcp->shared_token);
    credentials_done(&gcp->credentials);
    free(gcp->warning);
    free(gcp->project);
    free(gcp->quota_project);
    free(gcp->translate_location);
    free(gcp);
}

const char *gcp_project(const struct gcp *gcp)
{
    return gcp->project;
}

const char *gcp_credentials(const struct gcp *gcp)
{
    return gcp->credentials.path ? gcp->credentials.path : "none";
}

const char *gcp_warning(const struct gcp *gcp)
{
    return gcp->warning;
}
