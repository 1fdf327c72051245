/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata server of Google Cloud: project and access tokens for programs that run there. */
#include "gcp/auth/metadata_server.h"

#include "base/env.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/retry_send.h"

enum {
    MAX_REPLY_BYTES = 64 * 1024,
    MAX_TIMEOUT_SEC = 60,
    DEFAULT_TIMEOUT_SEC = 3,
};

char *metadata_server_url(void)
{
    const char *host = env_str("GCE_METADATA_HOST", env_str("GCE_METADATA_ROOT", NULL));
    return str_format("http://%s", host ? host : "metadata.google.internal");
}

static long timeout_ms(void)
{
    int64_t sec = DEFAULT_TIMEOUT_SEC;
    str_int(env_str("GCE_METADATA_TIMEOUT", NULL), 1, MAX_TIMEOUT_SEC, &sec);
    return (long)sec * 1000;
}

static bool get(const struct gcp_environment *env, const char *root, const char *path,
                int max_attempts, struct http_response *response, struct err *err)
{
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "Metadata-Flavor", "Google");
    OWN(free) char *url = str_format("%s%s", root, path);
    struct http_call call = {
        .url = url,
        .headers = &headers,
        .timeout_ms = timeout_ms(),
        .max_reply = MAX_REPLY_BYTES,
        .no_proxy = true,
    };
    struct retry_policy policy = {
        .initial_ns = NS_PER_SEC / 10,
        .max_ns = 2LL * NS_PER_SEC,
        .deadline_ns = 30LL * NS_PER_SEC,
        .max_attempts = max_attempts,
        .idempotent = true,
    };
    if (!retry_send(env, &call, &policy, response, NULL, err))
        return false;
    /* tells it from a proxy or a login page that answers every request */
    const char *flavor = headers_get(&response->headers, "metadata-flavor");
    return str_equal_any_case(flavor, "Google") ||
           err_set(err, ERR_UPSTREAM, "the server at %s is not a metadata server", root);
}

bool metadata_server_found(const struct gcp_environment *env, const char *root)
{
    struct err ignored = {0};
    bool skip = false;
    if (!env_bool("NO_GCE_CHECK", false, &skip, &ignored) || skip)
        return false;
    OWN(http_response) struct http_response response = {0};
    return get(env, root, "/", 3, &response, &ignored);
}

json_t *metadata_server_token(const struct gcp_environment *env, const char *root, struct err *err)
{
    static const char path[] = "/computeMetadata/v1/instance/service-accounts/default/token";
    OWN(http_response) struct http_response response = {0};
    struct err failed = {0};
    if (get(env, root, path, 5, &response, &failed))
        return json_from_bytes(buf_bytes(&response.body), "metadata server's reply", ERR_UPSTREAM,
                               err);
    if (failed.status == ERR_NOT_FOUND)
        err_set(err, ERR_UNAUTHORIZED,
                "no service account is attached to this machine; attach "
                "one or set GOOGLE_APPLICATION_CREDENTIALS");
    else
        *err = failed;
    return NULL;
}

char *metadata_server_project(const struct gcp_environment *env, const char *root)
{
    OWN(http_response) struct http_response response = {0};
    struct err ignored = {0};
    bool ok = get(env, root, "/computeMetadata/v1/project/project-id", 3, &response, &ignored);
    return ok && response.body.len ? str_copy_bytes(buf_bytes(&response.body)) : NULL;
}
