/* SPDX-License-Identifier: Apache-2.0 */
/* Calls Google's APIs: access token, retries, errors. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/auth/token_fetch.h"
#include "gcp/call/retry_send.h"
#include "gcp/client/client.h"

#include <string.h>

/* The context of an access_token_fetch. */
struct token_source {
    struct gcp *gcp;
    enum gcp_api_index api;
};

static bool fetch_shared(void *context, struct access_token *token, struct err *err)
{
    struct gcp *gcp = ((struct token_source *)context)->gcp;
    return token_fetch_from_credentials(&gcp->env, &gcp->credentials, token, err);
}

static bool fetch_self_signed(void *context, struct access_token *token, struct err *err)
{
    const struct token_source *source = context;
    struct gcp *gcp = source->gcp;
    OWN(free) char *audience = str_format("%s/", gcp->endpoint[source->api].base);
    return token_fetch_self_signed(&gcp->credentials, audience, gcp->env.now_ns(gcp->env.context),
                                   token, err);
}

/* A service account's key can sign tokens itself, which saves a request to the token server.
 * Storage does not accept such tokens, nor do other servers than Google's. */
static bool can_self_sign(const struct gcp *gcp, enum gcp_api_index api)
{
    return gcp->credentials.type == CREDENTIALS_SERVICE_ACCOUNT && api != GCP_API_STORAGE &&
           gcp->endpoint[api].google &&
           str_starts(gcp->credentials.token_uri, "https://oauth2.googleapis.com/");
}

static struct access_token_cache *cache_for(struct gcp *gcp, enum gcp_api_index api)
{
    return can_self_sign(gcp, api) ? &gcp->self_signed_token[api] : &gcp->shared_token;
}

static char *token_for(struct gcp *gcp, enum gcp_api_index api, struct err *err)
{
    struct token_source source = {gcp, api};
    return access_token_get(cache_for(gcp, api), gcp->env.now_ns(gcp->env.context),
                            can_self_sign(gcp, api) ? fetch_self_signed : fetch_shared, &source,
                            err);
}

static bool add_headers(const struct gcp *gcp, const struct google_call *call, const char *token,
                        struct headers *headers, struct err *err)
{
    if (call->json)
        headers_add(headers, "Content-Type", "application/json; charset=utf-8");
    else if (call->content_type && !headers_add(headers, "Content-Type", call->content_type))
        return err_set(err, ERR_INPUT, "the content type contains control characters");
    if (!token)
        return true;
    OWN(free) char *bearer = str_format("Bearer %s", token);
    if (!headers_add(headers, "Authorization", bearer))
        return err_set(err, ERR_UPSTREAM, "the access token contains control characters");
    if (gcp->quota_project && !headers_add(headers, "x-goog-user-project", gcp->quota_project))
        return err_set(err, ERR_INPUT, "the quota project contains control characters");
    return true;
}

/* All attempts with one token. */
static bool send_with(struct gcp *gcp, struct google_call *call, const char *token,
                      struct bytes body, struct http_response *response, struct err *err)
{
    OWN(headers) struct headers headers = {0};
    if (!add_headers(gcp, call, token, &headers, err))
        return false;
    OWN(free) char *url = str_format("%s%s", gcp->endpoint[call->api].base, call->target);
    struct http_call http = {
        .method = call->method,
        .url = url,
        .headers = &headers,
        .body = body,
        .timeout_ms = call->timeout_ms ? call->timeout_ms : gcp->timeout_ms,
        .max_reply = call->max_reply,
    };
    long deadline_ms = call->deadline_ms ? call->deadline_ms : gcp->deadline_ms;
    struct retry_policy policy = {
        .initial_ns = call->api == GCP_API_STORAGE ? NS_PER_SEC : NS_PER_SEC / 10,
        .max_ns = 32LL * NS_PER_SEC,
        .deadline_ns = (int64_t)deadline_ms * NS_PER_MS,
        .idempotent = !call->no_retry,
    };
    int attempts;
    bool ok = retry_send(&gcp->env, &http, &policy, response, &attempts, err);
    call->attempts += attempts;
    return ok;
}

static bool send_authorised(struct gcp *gcp, struct google_call *call, struct bytes body,
                            struct http_response *response, struct err *err)
{
    OWN(free) char *token = token_for(gcp, call->api, err);
    if (!token)
        return false;
    struct err failed = {0};
    if (send_with(gcp, call, token, body, response, &failed))
        return true;
    if (failed.status != ERR_UNAUTHORIZED) {
        *err = failed;
        return false;
    }
    access_token_refused(cache_for(gcp, call->api), token);
    OWN(free) char *fresh = token_for(gcp, call->api, err);
    return fresh && send_with(gcp, call, fresh, body, response, err);
}

bool google_call_send(struct gcp *gcp, struct google_call *call, struct http_response *response,
                      struct err *err)
{
    OWN(free) char *text = call->json ? json_to_text(call->json) : NULL;
    struct bytes body = text ? bytes_of(text) : call->body;
    call->attempts = 0;
    return gcp->endpoint[call->api].anonymous ? send_with(gcp, call, NULL, body, response, err)
                                              : send_authorised(gcp, call, body, response, err);
}

json_t *google_call_json(struct gcp *gcp, struct google_call *call, struct err *err)
{
    OWN(http_response) struct http_response response = {0};
    if (!google_call_send(gcp, call, &response, err))
        return NULL;
    static const char *const names[] = {"Pub/Sub's reply", "Storage's reply", "Vision's reply",
                                        "Translate's reply"};
    return json_from_bytes(buf_bytes(&response.body), names[call->api], ERR_UPSTREAM, err);
}

bool google_call_ignore_reply(struct gcp *gcp, struct google_call *call, struct err *err)
{
    OWN(http_response) struct http_response response = {0};
    return google_call_send(gcp, call, &response, err);
}

void gcp_names_add(struct gcp_names *names, const char *name)
{
    names->list = alloc_resize(names->list, (names->count + 1) * sizeof(names->list[0]));
    names->list[names->count++] = str_copy(name);
}

void gcp_names_done(struct gcp_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    *names = (struct gcp_names){0};
}

bool gcp_err_for_handler(struct err *err)
{
    switch (err->status) {
    case ERR_UNAUTHORIZED:
    case ERR_FORBIDDEN:
    case ERR_NOT_FOUND: /* the API does not exist: a wrong address or project */
        err->status = ERR_INTERNAL;
        break;
    case ERR_INPUT:
    case ERR_INTERNAL:
    case ERR_UPSTREAM:
    case ERR_UNAVAILABLE:
        break;
    default:
        err->status = err->status < 500 ? ERR_INPUT : ERR_UPSTREAM;
    }
    return false;
}
