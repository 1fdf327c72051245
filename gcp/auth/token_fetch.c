/* SPDX-License-Identifier: Apache-2.0 */
/* Gets an access token for each type of credentials.
 * Formats: RFC 7523 (JWT bearer), RFC 6749 section 6 (refresh), RFC 8693 (token exchange). */
#include "gcp/auth/token_fetch.h"

#include "base/base64.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/auth/jwt_sign.h"
#include "gcp/auth/metadata_server.h"
#include "gcp/auth/subject_token.h"
#include "gcp/auth/token_request.h"
#include "net/url.h"

#include <string.h>

enum { LIFETIME_SEC = 3600, MAX_LIFETIME_SEC = 24 * 3600 };

static const char SCOPE[] = "https://www.googleapis.com/auth/cloud-platform";

/* {"access_token":"...","expires_in":3599}, from token servers and the metadata server. */
static bool read_token(const struct gcp_environment *env, const json_t *reply,
                       struct access_token *token, struct err *err)
{
    struct jread reader = jread_open(reply, "token server's reply", ERR_UPSTREAM, err);
    const char *text = jread_str(&reader, "access_token");
    int64_t lifetime_sec = jread_int64_or(&reader, "expires_in", 1, MAX_LIFETIME_SEC, LIFETIME_SEC);
    if (!jread_ok(&reader))
        return false;
    token->text = str_copy(text);
    token->expires_ns = env->now_ns(env->context) + lifetime_sec * NS_PER_SEC;
    return true;
}

static bool token_by_assertion(const struct gcp_environment *env,
                               const struct credentials *credentials, struct access_token *token,
                               struct err *err)
{
    int64_t now_sec = env->now_ns(env->context) / NS_PER_SEC;
    json_auto_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", credentials->email, "scope",
                                    SCOPE, "aud", credentials->token_uri, "iat",
                                    (json_int_t)now_sec, "exp", (json_int_t)now_sec + LIFETIME_SEC);
    OWN(free) char *assertion = jwt_sign(claims, credentials->key_id, credentials->key, err);
    if (!assertion)
        return false;
    OWN(buf) struct buf form = {0};
    token_request_add_field(&form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    token_request_add_field(&form, "assertion", assertion);
    json_auto_t *reply = token_request_post_form(env, credentials->token_uri, &form, NULL, err);
    return reply && read_token(env, reply, token, err);
}

bool token_fetch_self_signed(const struct credentials *credentials, const char *audience,
                             int64_t now_ns, struct access_token *token, struct err *err)
{
    int64_t now_sec = now_ns / NS_PER_SEC;
    json_auto_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", credentials->email, "sub",
                                    credentials->email, "aud", audience, "iat", (json_int_t)now_sec,
                                    "exp", (json_int_t)now_sec + LIFETIME_SEC);
    token->text = jwt_sign(claims, credentials->key_id, credentials->key, err);
    token->expires_ns = (now_sec + LIFETIME_SEC) * NS_PER_SEC;
    return token->text != NULL;
}

static bool token_by_refresh(const struct gcp_environment *env,
                             const struct credentials *credentials, struct access_token *token,
                             struct err *err)
{
    OWN(buf) struct buf form = {0};
    token_request_add_field(&form, "grant_type", "refresh_token");
    token_request_add_field(&form, "client_id", credentials->client_id);
    token_request_add_field(&form, "client_secret", credentials->client_secret);
    token_request_add_field(&form, "refresh_token", credentials->refresh_token);
    json_auto_t *reply = token_request_post_form(env, credentials->token_uri, &form, NULL, err);
    return reply && read_token(env, reply, token, err);
}

/* "Basic ..." for the client's id and secret (RFC 6749 section 2.3.1); NULL without them. */
static char *basic_authorization(const struct credentials *credentials)
{
    if (!credentials->client_id || !credentials->client_secret)
        return NULL;
    OWN(free) char *id = url_encode_text(credentials->client_id);
    OWN(free) char *secret = url_encode_text(credentials->client_secret);
    OWN(free) char *both = str_format("%s:%s", id, secret);
    OWN(free) char *encoded = base64_encode(bytes_of(both));
    return str_format("Basic %s", encoded);
}

static bool token_of_external_user(const struct gcp_environment *env,
                                   struct credentials *credentials, struct access_token *token,
                                   struct err *err)
{
    OWN(buf) struct buf form = {0};
    token_request_add_field(&form, "grant_type", "refresh_token");
    token_request_add_field(&form, "refresh_token", credentials->refresh_token);
    OWN(free) char *authorization = basic_authorization(credentials);
    json_auto_t *reply =
        token_request_post_form(env, credentials->token_uri, &form, authorization, err);
    if (!reply || !read_token(env, reply, token, err))
        return false;
    /* a new refresh token invalidates the old one */
    const char *next = json_string_value(json_object_get(reply, "refresh_token"));
    if (!str_empty(next))
        str_replace(&credentials->refresh_token, str_copy(next));
    return true;
}

/* Gets a token of another account: {"accessToken","expireTime"}. */
static bool impersonate(const struct gcp_environment *env, const struct credentials *credentials,
                        const char *bearer, struct access_token *token, struct err *err)
{
    json_auto_t *body = json_pack("{s:[s], s:o}", "scope", SCOPE, "lifetime",
                                  json_sprintf("%llds", (long long)credentials->lifetime_sec));
    json_object_set_new(body, "delegates",
                        credentials->delegates ? json_deep_copy(credentials->delegates)
                                               : json_array());
    OWN(free) char *authorization = str_format("Bearer %s", bearer);
    json_auto_t *reply =
        token_request_post_json(env, credentials->impersonation_url, body, authorization, err);
    if (!reply)
        return false;
    struct jread reader = jread_open(reply, "impersonation's reply", ERR_UPSTREAM, err);
    const char *text = jread_str(&reader, "accessToken");
    const char *time = jread_str(&reader, "expireTime");
    if (jread_ok(&reader) && !timestamp_parse(time, &token->expires_ns))
        jread_fail(&reader, "expireTime", "is %s, want a timestamp", time);
    if (!jread_ok(&reader))
        return false;
    token->text = str_copy(text);
    return true;
}

static bool token_of_impersonated(const struct gcp_environment *env,
                                  const struct credentials *credentials, struct access_token *token,
                                  struct err *err)
{
    struct access_token source = {0};
    if (!token_fetch_from_credentials(env, credentials->source, &source, err))
        return false;
    bool ok = impersonate(env, credentials, source.text, token, err);
    free(source.text);
    return ok;
}

/* The options parameter: a user project for workforce pools without a client. */
static char *exchange_options(const struct credentials *credentials)
{
    if (!credentials->user_project || credentials->client_id)
        return NULL;
    json_auto_t *options = json_pack("{s:s}", "userProject", credentials->user_project);
    return json_to_text(options);
}

static bool exchange(const struct gcp_environment *env, const struct credentials *credentials,
                     const char *subject, struct access_token *token, struct err *err)
{
    OWN(buf) struct buf form = {0};
    OWN(free) char *options = exchange_options(credentials);
    token_request_add_field(&form, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
    token_request_add_field(&form, "audience", credentials->audience);
    token_request_add_field(&form, "scope", SCOPE);
    token_request_add_field(&form, "requested_token_type",
                            "urn:ietf:params:oauth:token-type:access_token");
    token_request_add_field(&form, "subject_token", subject);
    token_request_add_field(&form, "subject_token_type", credentials->subject_token_type);
    token_request_add_field(&form, "options", options);
    OWN(free) char *authorization = basic_authorization(credentials);
    json_auto_t *reply =
        token_request_post_form(env, credentials->token_uri, &form, authorization, err);
    return reply && read_token(env, reply, token, err);
}

static bool token_of_external_account(const struct gcp_environment *env,
                                      const struct credentials *credentials,
                                      struct access_token *token, struct err *err)
{
    OWN(free) char *subject = subject_token(env, credentials, err);
    if (!subject)
        return false;
    if (!credentials->impersonation_url)
        return exchange(env, credentials, subject, token, err);

    struct access_token federated = {0};
    if (!exchange(env, credentials, subject, &federated, err))
        return false;
    bool ok = impersonate(env, credentials, federated.text, token, err);
    free(federated.text);
    return ok;
}

static bool fetch(const struct gcp_environment *env, struct credentials *credentials,
                  struct access_token *token, struct err *err)
{
    switch (credentials->type) {
    case CREDENTIALS_SERVICE_ACCOUNT:
        return token_by_assertion(env, credentials, token, err);
    case CREDENTIALS_USER:
        return token_by_refresh(env, credentials, token, err);
    case CREDENTIALS_EXTERNAL_USER:
        return token_of_external_user(env, credentials, token, err);
    case CREDENTIALS_EXTERNAL_ACCOUNT:
        return token_of_external_account(env, credentials, token, err);
    case CREDENTIALS_IMPERSONATED:
        return token_of_impersonated(env, credentials, token, err);
    case CREDENTIALS_METADATA: {
        json_auto_t *reply = metadata_server_token(env, credentials->path, err);
        return reply && read_token(env, reply, token, err);
    }
    default:
        return err_set(err, ERR_UNAUTHORIZED, "no credentials");
    }
}

/* What to do about a refusal, from the words of Google's message. */
static const char *remedy(const struct credentials *credentials, const char *text)
{
    if (strstr(text, "short-lived token") || strstr(text, "reasonable timeframe"))
        return "; check this machine's clock";
    if (credentials->type == CREDENTIALS_USER || credentials->type == CREDENTIALS_EXTERNAL_USER)
        return "; log in again with gcloud auth application-default login";
    if (strstr(text, "Invalid JWT Signature") || strstr(text, "account not found"))
        return "; the key or its account may have been deleted: create a new key";
    return "";
}

bool token_fetch_from_credentials(const struct gcp_environment *env,
                                  struct credentials *credentials, struct access_token *token,
                                  struct err *err)
{
    struct err failed = {0};
    if (fetch(env, credentials, token, &failed))
        return true;
    /* the token server's 4xx is about our credentials, not about our caller's request */
    int status = failed.status >= 400 && failed.status < 500 ? ERR_UNAUTHORIZED : failed.status;
    err_set(err, status, "no access token for %s: %s%s",
            credentials->path ? credentials->path : "this program", failed.text,
            status == ERR_UNAUTHORIZED ? remedy(credentials, failed.text) : "");
    err->reason = failed.reason;
    err->retry_after_sec = failed.retry_after_sec;
    return false;
}
