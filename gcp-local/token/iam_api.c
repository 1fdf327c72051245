/* SPDX-License-Identifier: Apache-2.0 */
/* The IAM Credentials API: tokens and signatures of another account. Every authorized caller may
 * get them for every account; all signatures are made with gcp-local's own key. */
#include "base/base64.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/api.h"
#include "gcp-local/token/account.h"
#include "gcp-local/token/token_private.h"

#include <string.h>

enum { MAX_LIFETIME = 3600, MAX_PAYLOAD = 1 << 20 };

/* Parses "3600s", a duration in protobuf's JSON; NULL is an hour. */
static bool read_lifetime(struct jread *reader, const char *text, int64_t *seconds)
{
    *seconds = MAX_LIFETIME;
    if (!text)
        return true;
    OWN(free) char *number = str_copy(text);
    size_t len = strlen(number);
    if (len > 1 && number[len - 1] == 's') {
        number[len - 1] = '\0';
        if (str_int(number, 1, MAX_LIFETIME, seconds))
            return true;
    }
    return jread_fail(reader, "lifetime", "is %s, want a duration from 1s to %ds", text,
                      MAX_LIFETIME);
}

/* The list of scopes, separated by spaces. The caller frees. */
static char *scopes_of(struct jread *reader)
{
    struct jread list = jread_list(reader, "scope");
    size_t count = jread_count(&list);
    if (jread_ok(reader) && count == 0)
        jread_fail(reader, "scope", "is empty, want at least one");
    OWN(buf) struct buf text = {0};
    for (size_t i = 0; i < count; i++)
        buf_add_format(&text, "%s%s", i ? " " : "", jread_item_str(&list, i));
    return buf_take(&text);
}

static json_t *access_token(struct token_service *tokens, const char *email, struct jread *reader)
{
    OWN(free) char *scope = scopes_of(reader);
    int64_t seconds = 0;
    if (!read_lifetime(reader, jread_str_or(reader, "lifetime", NULL), &seconds) ||
        !jread_ok(reader))
        return NULL;
    char expires[TIMESTAMP_SIZE];
    timestamp_format((timestamp_now_ns() / NS_PER_SEC + seconds) * NS_PER_SEC, expires);
    OWN(free) char *token = token_service_access_token_for(tokens, email, scope, seconds);
    return json_pack("{s:s, s:s}", "accessToken", token, "expireTime", expires);
}

static json_t *id_token(struct token_service *tokens, const char *email, struct jread *reader)
{
    const char *audience = jread_str(reader, "audience");
    if (jread_ok(reader) && str_empty(audience))
        jread_fail(reader, "audience", "is empty");
    if (!jread_ok(reader))
        return NULL;
    OWN(free) char *token = token_service_id_token(tokens, email, audience, reader->err);
    return token ? json_pack("{s:s}", "token", token) : NULL;
}

static json_t *signed_bytes(struct token_service *tokens, const char *email, struct jread *reader)
{
    (void)email;
    const char *text = jread_str(reader, "payload");
    OWN(buf) struct buf payload = {.max = MAX_PAYLOAD};
    if (jread_ok(reader) && !base64_decode(bytes_of(text), &payload))
        jread_fail(reader, "payload", "is not base64");
    OWN(buf) struct buf signature = {0};
    if (!jread_ok(reader) ||
        !signer_sign(tokens->signer, buf_bytes(&payload), &signature, reader->err))
        return NULL;
    OWN(free) char *encoded = base64_encode(buf_bytes(&signature));
    return json_pack("{s:s, s:s}", "keyId", signer_kid(tokens->signer, reader->err), "signedBlob",
                     encoded);
}

static json_t *signed_jwt(struct token_service *tokens, const char *email, struct jread *reader)
{
    (void)email;
    const char *text = jread_str(reader, "payload");
    if (!jread_ok(reader))
        return NULL;
    json_auto_t *claims = json_from_bytes(bytes_of(text), "payload", ERR_INPUT, reader->err);
    if (claims && !json_is_object(claims))
        jread_fail(reader, "payload", "is not a JSON object");
    if (!jread_ok(reader))
        return NULL;
    OWN(free) char *token = signer_jwt(tokens->signer, claims, reader->err);
    return token ? json_pack("{s:s, s:s}", "keyId", signer_kid(tokens->signer, reader->err),
                             "signedJwt", token)
                 : NULL;
}

static const struct {
    const char *verb;
    json_t *(*reply)(struct token_service *tokens, const char *email, struct jread *reader);
} verbs[] = {
    {"generateAccessToken", access_token},
    {"generateIdToken", id_token},
    {"signBlob", signed_bytes},
    {"signJwt", signed_jwt},
};

/* The reply's body, a new reference, or NULL and err. */
static json_t *reply(const struct http_exchange *exchange, struct token_service *tokens,
                     const struct api_path *path, struct err *err)
{
    json_auto_t *body = api_body(exchange, err);
    if (!body)
        return NULL;
    OWN(free) char *email = account_email(path->segment[0], tokens->project, err);
    if (!email)
        return NULL;
    struct jread reader = jread_open(body, "request", ERR_INPUT, err);
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (str_equal(path->verb, verbs[i].verb))
            return verbs[i].reply(tokens, email, &reader);
    err_set(err, ERR_INPUT, "serviceAccounts:%s is not supported by gcp-local",
            path->verb ? path->verb : "");
    return NULL;
}

void iam_api_handle(struct http_exchange *exchange, struct token_service *tokens)
{
    OWN(api_path) struct api_path path = {0};
    struct err err = {0};
    if (!api_path_parse(exchange->path, "/v1/projects/-/serviceAccounts/", &path) ||
        path.count != 1) {
        api_reject(exchange, API_ONE_PLATFORM, ERR_NOT_FOUND, NULL, "%s was not found",
                   exchange->path);
        return;
    }
    json_t *body = reply(exchange, tokens, &path, &err);
    if (body)
        http_exchange_reply_json(exchange, 200, body);
    else
        api_reply_err(exchange, API_ONE_PLATFORM, &err);
}
