/* SPDX-License-Identifier: Apache-2.0 */
/* --require-auth: the scopes that a request needs, and Google's error when it lacks them. */
#include "gcp-local/router/auth_guard.h"

#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/pubsub/rest/pubsub_rest.h"
#include "gcp-local/translate/translate_api.h"
#include "gcp-local/vision/vision_api.h"

#include <string.h>

#define AUTH "https://www.googleapis.com/auth/"

struct api {
    bool (*owns)(const char *path);
    const char *service;     /* NULL = needs no token */
    const char *scopes;      /* one of them is sufficient, and cloud-platform always is */
    const char *read_scopes; /* sufficient for GET and HEAD as well; NULL = none */
    bool older;              /* errors in the form of the JSON APIs */
};

static bool is_iam(const char *path)
{
    return str_starts(path, "/v1/projects/-/serviceAccounts/");
}

static bool is_translate_v2(const char *path)
{
    return str_starts(path, "/language/translate/");
}

static bool is_any(const char *path)
{
    (void)path;
    return true;
}

/* The first that owns a path. Storage comes last, since almost any path may be /BUCKET/OBJECT. */
static const struct api apis[] = {
    {is_iam, "iamcredentials.googleapis.com", AUTH "iam", NULL, false},
    {token_service_owns, NULL, NULL, NULL, false},
    {pubsub_rest_owns, "pubsub.googleapis.com", AUTH "pubsub", NULL, false},
    {vision_owns, "vision.googleapis.com", AUTH "cloud-vision", NULL, false},
    {is_translate_v2, "translate.googleapis.com", AUTH "cloud-translation", NULL, true},
    {translate_owns, "translate.googleapis.com", AUTH "cloud-translation", NULL, false},
    {is_any, "storage.googleapis.com", AUTH "devstorage.read_write " AUTH "devstorage.full_control",
     AUTH "devstorage.read_only", true},
};

static const struct api *api_of(const char *path)
{
    size_t i = 0;
    while (!apis[i].owns(path))
        i++;
    return &apis[i];
}

#define CREDENTIALS                                                                                \
    " Expected OAuth 2 access token, login cookie or other valid authentication credential. See "  \
    "https://developers.google.com/identity/sign-in/web/devconsole-project."

/* An error for insufficient credentials. */
struct denial {
    int status;
    const char *reason, *text; /* of the newer APIs */
    const char *old_reason, *old_text;
    const char *challenge; /* after the realm in WWW-Authenticate */
};

static const struct denial missing = {
    .status = 401,
    .reason = "CREDENTIALS_MISSING",
    .text = "Request is missing required authentication credential." CREDENTIALS,
    .old_reason = "required",
    .old_text = "Anonymous caller does not have storage access.",
    .challenge = "",
};

static const struct denial expired = {
    .status = 401,
    .reason = "ACCESS_TOKEN_EXPIRED",
    .text = "Request had invalid authentication credentials." CREDENTIALS,
    .old_reason = "authError",
    .old_text = "Invalid Credentials",
    .challenge = ", error=\"invalid_token\"",
};

static const struct denial invalid = {
    .status = 401,
    .reason = "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    .text = "Request had invalid authentication credentials." CREDENTIALS,
    .old_reason = "authError",
    .old_text = "Invalid Credentials",
    .challenge = ", error=\"invalid_token\"",
};

static const struct denial insufficient_scope = {
    .status = 403,
    .reason = "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    .text = "Request had insufficient authentication scopes.",
    .old_reason = "insufficientPermissions",
    .old_text = "Insufficient Permission",
    .challenge = ", error=\"insufficient_scope\"",
};

static json_t *newer_error(const struct api *api, const struct denial *denial)
{
    return json_pack("{s:{s:i, s:s, s:s, s:[{s:s, s:s, s:s, s:{s:s}}]}}", "error", "code",
                     denial->status, "message", denial->text, "status",
                     denial->status == 401 ? "UNAUTHENTICATED" : "PERMISSION_DENIED", "details",
                     "@type", "type.googleapis.com/google.rpc.ErrorInfo", "reason", denial->reason,
                     "domain", "googleapis.com", "metadata", "service", api->service);
}

static json_t *older_error(const struct denial *denial)
{
    return json_pack("{s:{s:i, s:s, s:[{s:s, s:s, s:s, s:s, s:s}]}}", "error", "code",
                     denial->status, "message", denial->old_text, "errors", "message",
                     denial->old_text, "domain", "global", "reason", denial->old_reason,
                     "locationType", "header", "location", "Authorization");
}

static bool deny(struct http_exchange *exchange, const struct api *api, const struct denial *denial)
{
    json_auto_t *body = api->older ? older_error(denial) : newer_error(api, denial);
    OWN(free) char *text = json_to_text(body);
    OWN(free) char *challenge =
        str_format("Bearer realm=\"https://accounts.google.com/\"%s", denial->challenge);
    struct http_reply reply = {.status = denial->status,
                               .content_type = "application/json; charset=UTF-8"};
    headers_add(&reply.headers, "WWW-Authenticate", challenge);
    buf_add_text(&reply.body, text);
    http_exchange_reply(exchange, &reply);
    return false;
}

static bool has_scope(const struct access_grant *grant, const struct api *api, const char *method)
{
    bool reads = str_equal(method, "GET") || str_equal(method, "HEAD");
    return access_grant_covers(grant, api->scopes) ||
           (reads && api->read_scopes && access_grant_covers(grant, api->read_scopes));
}

bool auth_guard_allows(struct http_exchange *exchange, struct token_service *tokens)
{
    const struct api *api = api_of(exchange->path);
    if (!api->service || str_equal(exchange->path, "/") || str_equal(exchange->path, "/healthz"))
        return true;
    OWN(access_grant) struct access_grant grant = {0};
    struct err err = {0};
    if (!token_service_authenticate(tokens, &exchange->headers, &grant, &err))
        return deny(exchange, api,
                    str_equal(err.reason, missing.reason)   ? &missing
                    : str_equal(err.reason, expired.reason) ? &expired
                                                            : &invalid);
    return has_scope(&grant, api, exchange->method) || deny(exchange, api, &insufficient_scope);
}
