/* SPDX-License-Identifier: Apache-2.0 */
/* --require-auth: which scopes a request needs, and Google's answer when it comes without. */
#include "gcp-local/router/auth_guard.h"

#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/pubsub/rest/pubsub_rest.h"
#include "gcp-local/translate/translate_api.h"
#include "gcp-local/vision/vision_api.h"

#include <string.h>

#define AUTH "https://www.googleapis.com/auth/"

/* An API, and what its callers must be allowed to do. */
struct api {
    bool (*owns)(const char *path);
    const char *service;     /* NULL = open to everybody */
    const char *scopes;      /* each of them will do, and cloud-platform always does */
    const char *read_scopes; /* besides those, for what changes nothing; NULL = none */
    bool older;              /* the JSON APIs' form of errors */
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

/* In the order of asking: any other path is Storage's /BUCKET/OBJECT. */
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

static const char *const missing_text =
    "Request is missing required authentication credential. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project.";
static const char *const invalid_text =
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or "
    "other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project.";

/* An answer to a request without sufficient credentials. */
struct refusal {
    int status;
    const char *reason; /* of the newer APIs */
    const char *text;   /* theirs as well */
    const char *old_reason, *old_text;
    const char *challenge; /* behind the realm in WWW-Authenticate */
};

static const struct refusal missing = {401,
                                       "CREDENTIALS_MISSING",
                                       missing_text,
                                       "required",
                                       "Anonymous caller does not have storage access.",
                                       ""};
static const struct refusal invalid = {
    401,         "ACCESS_TOKEN_TYPE_UNSUPPORTED", invalid_text,
    "authError", "Invalid Credentials",           ", error=\"invalid_token\""};
static const struct refusal expired = {
    401,         "ACCESS_TOKEN_EXPIRED", invalid_text,
    "authError", "Invalid Credentials",  ", error=\"invalid_token\""};
static const struct refusal too_little = {403,
                                          "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                                          "Request had insufficient authentication scopes.",
                                          "insufficientPermissions",
                                          "Insufficient Permission",
                                          ", error=\"insufficient_scope\""};

static json_t *newer_error(const struct api *api, const struct refusal *refusal)
{
    return json_pack("{s:{s:i, s:s, s:s, s:[{s:s, s:s, s:s, s:{s:s}}]}}", "error", "code",
                     refusal->status, "message", refusal->text, "status",
                     refusal->status == 401 ? "UNAUTHENTICATED" : "PERMISSION_DENIED", "details",
                     "@type", "type.googleapis.com/google.rpc.ErrorInfo", "reason", refusal->reason,
                     "domain", "googleapis.com", "metadata", "service", api->service);
}

static json_t *older_error(const struct refusal *refusal)
{
    return json_pack("{s:{s:i, s:s, s:[{s:s, s:s, s:s, s:s, s:s}]}}", "error", "code",
                     refusal->status, "message", refusal->old_text, "errors", "message",
                     refusal->old_text, "domain", "global", "reason", refusal->old_reason,
                     "locationType", "header", "location", "Authorization");
}

static bool refuse(struct http_exchange *exchange, const struct api *api,
                   const struct refusal *refusal)
{
    json_auto_t *body = api->older ? older_error(refusal) : newer_error(api, refusal);
    OWN(free) char *text = json_to_text(body);
    OWN(free) char *challenge =
        str_format("Bearer realm=\"https://accounts.google.com/\"%s", refusal->challenge);
    struct http_reply reply = {.status = refusal->status,
                               .content_type = "application/json; charset=UTF-8"};
    headers_add(&reply.headers, "WWW-Authenticate", challenge);
    buf_add_text(&reply.body, text);
    http_exchange_reply(exchange, &reply);
    return false;
}

static const struct refusal *refusal_for(const struct err *err)
{
    const struct refusal *const all[] = {&missing, &expired};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (str_equal(err->reason, all[i]->reason))
            return all[i];
    return &invalid;
}

static bool changes_nothing(const char *method)
{
    return str_equal(method, "GET") || str_equal(method, "HEAD");
}

static bool may(const struct access_grant *grant, const struct api *api, const char *method)
{
    return access_grant_covers(grant, api->scopes) ||
           (api->read_scopes && changes_nothing(method) &&
            access_grant_covers(grant, api->read_scopes));
}

bool auth_guard_allows(struct http_exchange *exchange, struct token_service *tokens)
{
    const struct api *api = api_of(exchange->path);
    if (!api->service || str_equal(exchange->path, "/") || str_equal(exchange->path, "/healthz"))
        return true;
    OWN(access_grant) struct access_grant grant = {0};
    struct err err = {0};
    if (!token_service_authenticate(tokens, &exchange->headers, &grant, &err))
        return refuse(exchange, api, refusal_for(&err));
    return may(&grant, api, exchange->method) || refuse(exchange, api, &too_little);
}
