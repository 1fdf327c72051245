/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: opening, routes, authentication. */
#include "gcp-local/token/token_service.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/api.h"
#include "gcp-local/token/assertion.h"
#include "gcp-local/token/token_private.h"

#include <string.h>

static const char iam_prefix[] = "/v1/projects/-/serviceAccounts/";

struct token_service *token_service_open(const struct token_service_options *options,
                                         struct err *err)
{
    OWN(token_service) struct token_service *tokens = alloc_zeroed(sizeof(*tokens));
    OWN(free) char *folder = str_format("%s/tokens", options->data_dir);
    OWN(free) char *secret = str_format("%s/secret", folder);
    OWN(free) char *key = str_format("%s/signing-key.pem", folder);
    tokens->accounts = str_format("%s/accounts", options->data_dir);
    tokens->project = str_copy(options->project);
    tokens->project_number = str_copy(options->project_number);
    tokens->email = str_format("default@%s.iam.gserviceaccount.com", options->project);
    tokens->signer = signer_open(key);
    if (!file_make_dirs(folder, err) || !token_secret_open(secret, &tokens->secret, err))
        return NULL;
    return move_ptr(&tokens);
}

void token_service_close(struct token_service *tokens)
{
    if (!tokens)
        return;
    signer_close(tokens->signer);
    free(tokens->accounts);
    free(tokens->project);
    free(tokens->project_number);
    free(tokens->email);
    free(tokens);
}

static void reply_cached(struct http_exchange *exchange, json_t *tree)
{
    OWN(free) char *text = json_to_text(tree);
    json_decref(tree);
    struct http_reply reply = {.content_type = "application/json; charset=UTF-8"};
    headers_add(&reply.headers, "Cache-Control", "public, max-age=3600, must-revalidate");
    buf_add_text(&reply.body, text);
    http_exchange_reply(exchange, &reply);
}

static void key_set(struct http_exchange *exchange, struct token_service *tokens)
{
    struct err err = {0};
    json_t *keys = signer_key_set(tokens->signer, &err);
    if (keys)
        reply_cached(exchange, keys);
    else
        api_reply_err(exchange, API_ONE_PLATFORM, &err);
}

/* The document of OpenID Connect Discovery: the issuer is Google, as in the tokens; the endpoints
 * are ours. */
static void discovery(struct http_exchange *exchange, struct token_service *tokens)
{
    (void)tokens;
    const char *host = headers_get(&exchange->headers, "Host");
    OWN(free) char *root =
        str_format("%s://%s", exchange->tls ? "https" : "http", host ? host : "localhost");
    OWN(free) char *token = str_format("%s/token", root);
    OWN(free) char *keys = str_format("%s/oauth2/v3/certs", root);
    json_t *tree = json_pack(
        "{s:s, s:s, s:s, s:[s, s], s:[s], s:[s], s:[s, s, s, s, s, s, s, s], s:[s, s]}", "issuer",
        "https://accounts.google.com", "token_endpoint", token, "jwks_uri", keys,
        "response_types_supported", "token", "id_token", "subject_types_supported", "public",
        "id_token_signing_alg_values_supported", "RS256", "claims_supported", "aud", "azp", "email",
        "email_verified", "exp", "iat", "iss", "sub", "grant_types_supported", "refresh_token",
        "urn:ietf:params:oauth:grant-type:jwt-bearer");
    if (tree)
        reply_cached(exchange, tree);
    else
        api_reject(exchange, API_ONE_PLATFORM, ERR_INPUT, NULL, "the Host header is not UTF-8");
}

/* A path that ends in '/' includes all paths below it. */
static const struct {
    const char *path;
    const char *method; /* NULL = any */
    void (*handle)(struct http_exchange *exchange, struct token_service *tokens);
} routes[] = {
    {"/token", "POST", oauth_api_handle},
    {"/oauth2/v4/token", "POST", oauth_api_handle},
    {"/o/oauth2/token", "POST", oauth_api_handle},
    {"/v1/token", "POST", oauth_api_handle},
    {"/oauth2/v3/certs", "GET", key_set},
    {"/.well-known/openid-configuration", "GET", discovery},
    {"/computeMetadata/", NULL, metadata_api_handle},
    {iam_prefix, "POST", iam_api_handle},
};

static bool matches(const char *path, const char *route)
{
    return str_ends(route, "/") ? str_starts(path, route) : str_equal(path, route);
}

bool token_service_owns(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
        if (matches(path, routes[i].path))
            return true;
    return false;
}

void token_service_handle(struct http_exchange *exchange, struct token_service *tokens)
{
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (!matches(exchange->path, routes[i].path))
            continue;
        if (routes[i].method && !str_equal(routes[i].method, exchange->method))
            api_reject(exchange, API_ONE_PLATFORM, ERR_NOT_FOUND, NULL, "%s accepts %s only",
                       exchange->path, routes[i].method);
        else
            routes[i].handle(exchange, tokens);
        return;
    }
    api_reject(exchange, API_ONE_PLATFORM, ERR_NOT_FOUND, NULL, "%s was not found", exchange->path);
}

char *token_service_access_token_for(struct token_service *tokens, const char *email,
                                     const char *scope, int64_t seconds)
{
    struct access_grant grant = {(char *)(uintptr_t)email, (char *)(uintptr_t)scope,
                                 timestamp_now_ns() / NS_PER_SEC + seconds};
    return access_grant_to_token(&tokens->secret, &grant);
}

char *token_service_access_token(struct token_service *tokens, const char *email, const char *scope)
{
    return token_service_access_token_for(tokens, email, scope, TOKEN_LIFETIME_SEC);
}

char *token_service_id_token(struct token_service *tokens, const char *email, const char *audience,
                             struct err *err)
{
    return signer_id_token(tokens->signer, email, audience, err);
}

bool token_service_authenticate(struct token_service *tokens, const struct headers *headers,
                                struct access_grant *grant, struct err *err)
{
    const char *field = headers_get(headers, "Authorization");
    if (str_empty(field))
        return err_set_reason(err, ERR_UNAUTHORIZED, "CREDENTIALS_MISSING",
                              "the request has no token");
    if (headers_count(headers, "Authorization") != 1 || !str_starts_any_case(field, "Bearer "))
        return err_set_reason(err, ERR_UNAUTHORIZED, "ACCESS_TOKEN_TYPE_UNSUPPORTED",
                              "the request must have exactly one Bearer token");
    const char *token = field + strlen("Bearer ");
    token += strspn(token, " ");
    int64_t now = timestamp_now_ns() / NS_PER_SEC;
    if (!str_starts(token, "eyJ")) /* a JSON object in base64, so a JWT */
        return access_grant_from_token(&tokens->secret, token, now, grant, err);

    OWN(assertion) struct assertion self = {0};
    const char *host = headers_get(headers, "Host");
    struct err invalid = {0};
    if (!assertion_read_self_signed(tokens->accounts, token, host, now, &self, &invalid))
        return err_set_reason(err, ERR_UNAUTHORIZED, "ACCESS_TOKEN_TYPE_UNSUPPORTED", "%s",
                              invalid.text);
    *grant = (struct access_grant){move_ptr(&self.email), move_ptr(&self.scope),
                                   now + TOKEN_LIFETIME_SEC};
    return true;
}
