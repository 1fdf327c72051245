/* SPDX-License-Identifier: Apache-2.0 */
/* A call to one of Google's APIs: token, retries, errors. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/auth/token_fetch.h"
#include "gcp/call/retry_send.h"
#include "gcp/client/client.h"

#include <string.h>

/* Whose token, for access_token_fetch. */
struct asking {
    struct gcp *gcp;
    enum gcp_api_index api;
};

static bool fetch_shared(void *context, struct access_token *token, struct err *err)
{
    struct gcp *gcp = ((struct asking *)context)->gcp;
    return token_fetch_from_credentials(&gcp->outside, &gcp->credentials, token, err);
}

static bool fetch_own(void *context, struct access_token *token, struct err *err)
{
    const struct asking *asking = context;
    struct gcp *gcp = asking->gcp;
    OWN(free) char *audience = str_format("%s/", gcp->endpoint[asking->api].base);
    return token_fetch_self_signed(&gcp->credentials, audience,
                                   gcp->outside.now_ns(gcp->outside.context), token, err);
}

/* A key can sign its own tokens where Google takes them, which saves the way to the token server.
 * Storage is not among them, nor is anybody but Google. */
static bool signs_itself(const struct gcp *gcp, enum gcp_api_index api)
{
    return gcp->credentials.type == CREDENTIALS_SERVICE_ACCOUNT && api != GCP_API_STORAGE &&
           gcp->endpoint[api].google &&
           str_starts(gcp->credentials.token_uri, "https://oauth2.googleapis.com/");
}

static struct access_token_cache *cache_for(struct gcp *gcp, enum gcp_api_index api)
{
    return signs_itself(gcp, api) ? &gcp->own_token[api] : &gcp->shared;
}

static char *token_for(struct gcp *gcp, enum gcp_api_index api, struct err *err)
{
    struct asking asking = {gcp, api};
    return access_token_get(cache_for(gcp, api), gcp->outside.now_ns(gcp->outside.context),
                            signs_itself(gcp, api) ? fetch_own : fetch_shared, &asking, err);
}

static bool add_headers(const struct gcp *gcp, const struct google_call *call, const char *token,
                        struct headers *headers, struct err *err)
{
    if (call->json)
        headers_add(headers, "Content-Type", "application/json; charset=utf-8");
    else if (call->content_type && !headers_add(headers, "Content-Type", call->content_type))
        return err_set(err, ERR_INPUT, "the content type holds control characters");
    if (!token)
        return true;
    OWN(free) char *bearer = str_format("Bearer %s", token);
    if (!headers_add(headers, "Authorization", bearer))
        return err_set(err, ERR_UPSTREAM, "the access token holds control characters");
    if (gcp->quota_project && !headers_add(headers, "x-goog-user-project", gcp->quota_project))
        return err_set(err, ERR_INPUT, "the quota project holds control characters");
    return true;
}

/* All tries with one token. */
static bool send_with(struct gcp *gcp, struct google_call *call, const char *token,
                      struct bytes body, struct http_response *answer, struct err *err)
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
    struct retry_run sending = {
        .policy = {.first_ns = call->api == GCP_API_STORAGE ? NS_PER_SEC : NS_PER_SEC / 10,
                   .most_ns = 32LL * NS_PER_SEC,
                   .deadline_ns = (int64_t)deadline_ms * NS_PER_MS,
                   .repeatable = !call->once},
    };
    bool ok = retry_send(&gcp->outside, &http, &sending, answer, err);
    call->attempts += sending.attempts;
    return ok;
}

static bool send_authorised(struct gcp *gcp, struct google_call *call, struct bytes body,
                            struct http_response *answer, struct err *err)
{
    OWN(free) char *token = token_for(gcp, call->api, err);
    if (!token)
        return false;
    struct err failed = {0};
    if (send_with(gcp, call, token, body, answer, &failed))
        return true;
    if (failed.status != ERR_UNAUTHORIZED) {
        *err = failed;
        return false;
    }
    access_token_refused(cache_for(gcp, call->api), token);
    OWN(free) char *fresh = token_for(gcp, call->api, err);
    return fresh && send_with(gcp, call, fresh, body, answer, err);
}

bool google_call_send(struct gcp *gcp, struct google_call *call, struct http_response *answer,
                      struct err *err)
{
    OWN(free) char *text = call->json ? json_to_text(call->json) : NULL;
    struct bytes body = text ? bytes_of(text) : call->body;
    call->attempts = 0;
    return gcp->endpoint[call->api].anonymous ? send_with(gcp, call, NULL, body, answer, err)
                                              : send_authorised(gcp, call, body, answer, err);
}

json_t *google_call_json(struct gcp *gcp, struct google_call *call, struct err *err)
{
    OWN(http_response) struct http_response answer = {0};
    if (!google_call_send(gcp, call, &answer, err))
        return NULL;
    static const char *const names[] = {"Pub/Sub's reply", "Storage's reply", "Vision's reply",
                                        "Translate's reply"};
    return json_from_bytes(buf_bytes(&answer.body), names[call->api], ERR_UPSTREAM, err);
}

bool google_call_ignore_reply(struct gcp *gcp, struct google_call *call, struct err *err)
{
    OWN(http_response) struct http_response answer = {0};
    return google_call_send(gcp, call, &answer, err);
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
    case ERR_NOT_FOUND: /* the API itself: a wrong address or project */
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
