/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata server: what a machine on Google Cloud is told about itself. */
#include "gcp/auth/metadata_server.h"

#include "base/env.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/retry_send.h"

enum {
    MOST_REPLY = 64 * 1024,
    MOST_TIMEOUT_SEC = 60,
    USUAL_TIMEOUT_SEC = 3,
};

char *metadata_server_url(void)
{
    const char *host = env_str("GCE_METADATA_HOST", env_str("GCE_METADATA_ROOT", NULL));
    return str_format("http://%s", host ? host : "metadata.google.internal");
}

static long timeout_ms(void)
{
    int64_t sec = USUAL_TIMEOUT_SEC;
    str_int(env_str("GCE_METADATA_TIMEOUT", NULL), 1, MOST_TIMEOUT_SEC, &sec);
    return (long)sec * 1000;
}

/* The server says that it is one, so that no other server's answer is taken for it. */
static bool is_genuine(const struct http_response *answer)
{
    return str_equal_any_case(headers_get(&answer->headers, "metadata-flavor"), "Google");
}

static bool get(const struct gcp_environment *outside, const char *root, const char *path,
                int tries, struct http_response *answer, struct err *err)
{
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "Metadata-Flavor", "Google");
    OWN(free) char *url = str_format("%s%s", root, path);
    struct http_call call = {
        .url = url,
        .headers = &headers,
        .timeout_ms = timeout_ms(),
        .max_reply = MOST_REPLY,
        .no_proxy = true,
    };
    struct retry_run sending = {
        .policy = {.first_ns = NS_PER_SEC / 10,
                   .most_ns = 2LL * NS_PER_SEC,
                   .deadline_ns = 30LL * NS_PER_SEC,
                   .tries = tries,
                   .repeatable = true},
    };
    if (!retry_send(outside, &call, &sending, answer, err))
        return false;
    return is_genuine(answer) ||
           err_set(err, ERR_UPSTREAM, "what answers at %s is no metadata server", root);
}

bool metadata_server_found(const struct gcp_environment *outside, const char *root)
{
    struct err ignored = {0};
    bool skip = false;
    if (!env_bool("NO_GCE_CHECK", false, &skip, &ignored) || skip)
        return false;
    OWN(http_response) struct http_response answer = {0};
    return get(outside, root, "/", 3, &answer, &ignored);
}

json_t *metadata_server_token(const struct gcp_environment *outside, const char *root,
                              struct err *err)
{
    static const char path[] = "/computeMetadata/v1/instance/service-accounts/default/token";
    OWN(http_response) struct http_response answer = {0};
    struct err failed = {0};
    if (get(outside, root, path, 5, &answer, &failed))
        return json_from_bytes(buf_bytes(&answer.body), "metadata server's reply", ERR_UPSTREAM,
                               err);
    if (failed.status == ERR_NOT_FOUND)
        err_set(err, ERR_UNAUTHORIZED,
                "no service account is attached to this machine; attach "
                "one or set GOOGLE_APPLICATION_CREDENTIALS");
    else
        *err = failed;
    return NULL;
}

char *metadata_server_project(const struct gcp_environment *outside, const char *root)
{
    OWN(http_response) struct http_response answer = {0};
    struct err ignored = {0};
    bool ok = get(outside, root, "/computeMetadata/v1/project/project-id", 3, &answer, &ignored);
    return ok && answer.body.len ? str_copy_bytes(buf_bytes(&answer.body)) : NULL;
}
