/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies the OIDC token of a Pub/Sub push request. */
#include "gcp/auth/push_token.h"

#include "base/env.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/auth/jwt.h"
#include "gcp/auth/key_set.h"
#include "gcp/auth/oidc_claims.h"
#include "net/url.h"

#include <string.h>

static const char GOOGLE_KEYS[] = "https://www.googleapis.com/oauth2/v3/certs";

struct gcp_push {
    char *audience, *email;
    struct gcp_environment env;
    struct http_client *http; /* NULL when outside was given */
    struct key_set *keys;
};

static bool configure(struct gcp_push *push, struct err *err)
{
    const char *url = env_str("PUSH_JWKS_URL", GOOGLE_KEYS);
    OWN(url) struct url parts = {0};
    if (!url_parse(url, &parts))
        return err_set(err, ERR_INPUT, "PUSH_JWKS_URL is %s, want an http or https URL", url);
    push->audience = str_copy(env_str("PUSH_AUDIENCE", NULL));
    push->email = str_copy(env_str("PUSH_EMAIL", NULL));
    push->keys = key_set_open(url, &push->env);
    return true;
}

/* Takes client; NULL when env is the caller's. */
static bool open_with(struct gcp_push **push, const struct gcp_environment *env,
                      struct http_client *client, struct err *err)
{
    struct gcp_push *opened = alloc_zeroed(sizeof(*opened));
    opened->env = *env;
    opened->http = client;
    if (configure(opened, err)) {
        *push = opened;
        return true;
    }
    gcp_push_close(opened);
    return false;
}

bool push_token_open(struct gcp_push **push, const struct gcp_environment *env, struct err *err)
{
    *push = NULL;
    return !env_str("PUSH_AUDIENCE", NULL) || open_with(push, env, NULL, err);
}

bool gcp_push_open(struct gcp_push **push, struct err *err)
{
    *push = NULL;
    if (!env_str("PUSH_AUDIENCE", NULL))
        return true;
    struct http_client_options http = {.user_agent = "libgcp/" VERSION};
    struct http_client *client = http_client_open(&http, err);
    if (!client)
        return false;
    struct gcp_environment env = environment_real(client);
    return open_with(push, &env, client, err);
}

void gcp_push_close(struct gcp_push *push)
{
    if (!push)
        return;
    http_client_close(push->http);
    key_set_close(push->keys);
    free(push->audience);
    free(push->email);
    free(push);
}

/* The token after "Bearer", or NULL and err. Borrowed. */
static const char *bearer(const char *authorization, struct err *err)
{
    if (!authorization || !str_starts_any_case(authorization, "bearer ")) {
        err_set(err, ERR_UNAUTHORIZED, "the request has no bearer token");
        return NULL;
    }
    authorization += strlen("bearer");
    return authorization + strspn(authorization, " ");
}

bool gcp_push_check(struct gcp_push *push, const char *authorization, struct err *err)
{
    const char *token = bearer(authorization, err);
    if (!token)
        return false;
    OWN(free) char *kid = jwt_rs256_kid(token, err);
    if (!kid)
        return false;
    OWN(jwt_key) struct jwt_key key = {0};
    if (!key_set_find(push->keys, kid, &key, err))
        return false;
    json_auto_t *claims = jwt_rs256_verify(token, &key, err);
    struct oidc_expected expected = {
        .audience = push->audience,
        .email = push->email,
        .now_sec = push->env.now_ns(push->env.context) / NS_PER_SEC,
    };
    return claims && oidc_claims_check(claims, &expected, err);
}
