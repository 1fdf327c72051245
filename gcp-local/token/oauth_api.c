/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint: exchanges a signed assertion, a refresh token or an ID token for an access
 * token or an ID token. */
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/token/account.h"
#include "gcp-local/token/assertion.h"
#include "gcp-local/token/signature_check.h"
#include "gcp-local/token/token_private.h"
#include "net/url.h"

#include <string.h>

/* The parameters of a request. All owned; NULL when absent. */
struct form {
    char *grant_type, *assertion, *refresh_token, *client_id, *client_secret, *scope;
    char *subject_token, *subject_token_type;
    bool repeated; /* a parameter was repeated, which RFC 6749 forbids */
};

static void own_form(struct form *form)
{
    free(form->grant_type);
    free(form->assertion);
    free(form->refresh_token);
    free(form->client_id);
    free(form->client_secret);
    free(form->scope);
    free(form->subject_token);
    free(form->subject_token_type);
}

static void add_parameter(const char *name, const char *value, void *context)
{
    struct form *form = context;
    const struct {
        const char *name;
        char **field;
    } fields[] = {
        {"grant_type", &form->grant_type},       {"assertion", &form->assertion},
        {"refresh_token", &form->refresh_token}, {"client_id", &form->client_id},
        {"client_secret", &form->client_secret}, {"scope", &form->scope},
        {"subject_token", &form->subject_token}, {"subject_token_type", &form->subject_token_type},
    };
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (str_equal(name, fields[i].name)) {
            form->repeated |= *fields[i].field != NULL;
            str_replace(fields[i].field, str_copy(value));
        }
}

static bool read_form(const struct http_exchange *exchange, struct form *form, struct err *err)
{
    OWN(free) char *type = headers_media_type(headers_get(&exchange->headers, "Content-Type"));
    if (!str_equal(type, "application/x-www-form-urlencoded"))
        return token_oauth_error(err, "invalid_request",
                                 "Content-Type must be application/x-www-form-urlencoded");
    if (!url_query_each(buf_bytes(&exchange->body), add_parameter, form))
        return token_oauth_error(err, "invalid_request", "the form is not percent-encoded UTF-8");
    if (form->repeated)
        return token_oauth_error(err, "invalid_request", "a parameter is repeated");
    return true;
}

static bool require(const char *value, const char *name, struct err *err)
{
    if (!str_empty(value))
        return true;
    OWN(free) char *text = str_format("Missing required parameter: %s", name);
    return token_oauth_error(err, "invalid_request", text);
}

static json_t *access_reply(struct token_service *tokens, const char *email, const char *scope)
{
    OWN(free) char *token = token_service_access_token(tokens, email, scope);
    return json_pack("{s:s, s:i, s:s}", "access_token", token, "expires_in", TOKEN_LIFETIME_SEC - 1,
                     "token_type", "Bearer");
}

static json_t *id_reply(struct token_service *tokens, const char *email, const char *audience,
                        struct err *err)
{
    OWN(free) char *token = token_service_id_token(tokens, email, audience, err);
    return token ? json_pack("{s:s}", "id_token", token) : NULL;
}

static json_t *grant_assertion(const struct http_exchange *exchange, struct token_service *tokens,
                               const struct form *form, struct err *err)
{
    OWN(assertion) struct assertion assertion = {0};
    if (!require(form->assertion, "assertion", err) ||
        !assertion_read(tokens->accounts, form->assertion, headers_get(&exchange->headers, "Host"),
                        timestamp_now_ns() / NS_PER_SEC, &assertion, err))
        return NULL;
    return assertion.target_audience
               ? id_reply(tokens, assertion.email, assertion.target_audience, err)
               : access_reply(tokens, assertion.email, assertion.scope);
}

static const char user_scopes[] = "openid https://www.googleapis.com/auth/userinfo.email "
                                  "https://www.googleapis.com/auth/cloud-platform";

static bool find_refresh_token(struct token_service *tokens, const struct form *form,
                               struct account_key *key, struct err *err)
{
    OWN(free) char *id = account_refresh_token_id(form->refresh_token);
    struct err ignored = {0};
    if (!account_key_find(tokens->accounts, id, key, &ignored) || !key->secret)
        return token_oauth_error(err, "invalid_grant", "Token has been expired or revoked.");
    if (str_equal(form->client_secret, key->secret) &&
        str_equal(form->client_id, ACCOUNT_CLIENT_ID))
        return true;
    token_oauth_error(err, "invalid_client", "The provided client secret is invalid.");
    err->status = ERR_UNAUTHORIZED;
    return false;
}

static json_t *grant_refresh(const struct http_exchange *exchange, struct token_service *tokens,
                             const struct form *form, struct err *err)
{
    (void)exchange;
    OWN(account_key) struct account_key key = {0};
    if (!require(form->refresh_token, "refresh_token", err) ||
        !require(form->client_id, "client_id", err) || !find_refresh_token(tokens, form, &key, err))
        return NULL;
    const char *scope = str_empty(form->scope) ? user_scopes : form->scope;
    OWN(free) char *id_token = token_service_id_token(tokens, key.email, form->client_id, err);
    if (!id_token)
        return NULL;
    json_t *reply = access_reply(tokens, key.email, scope);
    json_object_set_new(reply, "scope", json_string(scope));
    json_object_set_new(reply, "id_token", json_string(id_token));
    return reply;
}

/* The account of an ID token of gcp-local; other tokens cannot be verified here. The caller frees.
 */
static char *account_of(struct token_service *tokens, const char *token, struct err *err)
{
    struct err unverified = {0};
    json_auto_t *claims = signer_verify(tokens->signer, token, &unverified);
    struct jread reader = jread_open(claims, "subject token", ERR_INPUT, &unverified);
    if (claims) {
        int64_t expires = jread_int64(&reader, "exp", 0, INT64_MAX);
        const char *email = jread_str(&reader, "email");
        if (jread_ok(&reader) && expires > timestamp_now_ns() / NS_PER_SEC)
            return str_copy(email);
    }
    token_oauth_error(err, "invalid_grant",
                      "The subject token is not an ID token of this gcp-local, or it has expired.");
    return NULL;
}

static json_t *grant_exchange(const struct http_exchange *exchange, struct token_service *tokens,
                              const struct form *form, struct err *err)
{
    (void)exchange;
    if (!require(form->subject_token, "subject_token", err) ||
        !require(form->subject_token_type, "subject_token_type", err) ||
        !require(form->scope, "scope", err))
        return NULL;
    OWN(free) char *email = account_of(tokens, form->subject_token, err);
    if (!email)
        return NULL;
    json_t *reply = access_reply(tokens, email, form->scope);
    json_object_set_new(reply, "issued_token_type",
                        json_string("urn:ietf:params:oauth:token-type:access_token"));
    return reply;
}

static json_t *grant_token(const struct http_exchange *exchange, struct token_service *tokens,
                           struct err *err)
{
    static const struct {
        const char *type;
        json_t *(*grant)(const struct http_exchange *exchange, struct token_service *tokens,
                         const struct form *form, struct err *err);
    } grants[] = {
        {"urn:ietf:params:oauth:grant-type:jwt-bearer", grant_assertion},
        {"refresh_token", grant_refresh},
        {"urn:ietf:params:oauth:grant-type:token-exchange", grant_exchange},
    };
    OWN(form) struct form form = {0};
    if (!read_form(exchange, &form, err) || !require(form.grant_type, "grant_type", err))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(grants); i++)
        if (str_equal(form.grant_type, grants[i].type))
            return grants[i].grant(exchange, tokens, &form, err);
    OWN(free) char *text = str_format("Invalid grant_type: %s", form.grant_type);
    token_oauth_error(err, "unsupported_grant_type", text);
    return NULL;
}

void oauth_api_handle(struct http_exchange *exchange, struct token_service *tokens)
{
    struct err err = {0};
    json_auto_t *body = grant_token(exchange, tokens, &err);
    if (!body)
        body = json_pack("{s:s, s:s}", "error", err.reason ? err.reason : "internal_failure",
                         "error_description", err.text);
    OWN(free) char *text = json_to_text(body);
    struct http_reply reply = {.status = err.status ? err.status : 200,
                               .content_type = "application/json; charset=utf-8"};
    headers_add(&reply.headers, "Cache-Control", "no-cache, no-store, max-age=0, must-revalidate");
    headers_add(&reply.headers, "Pragma", "no-cache");
    if (err.status == ERR_UNAUTHORIZED)
        headers_add(&reply.headers, "WWW-Authenticate", "Basic realm=\"gcp-local\"");
    buf_add_text(&reply.body, text);
    http_exchange_reply(exchange, &reply);
}
