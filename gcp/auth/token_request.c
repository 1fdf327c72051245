/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a token server, with a form or JSON. */
#include "gcp/auth/token_request.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/retry_send.h"
#include "net/url.h"

enum {
    TIMEOUT_MS = 20000,
    MAX_REPLY_BYTES = 256 * 1024,
};

const struct retry_policy token_request_retries = {
    .initial_ns = NS_PER_SEC,
    .max_ns = 4LL * NS_PER_SEC,
    .deadline_ns = 60LL * NS_PER_SEC,
    .max_attempts = 3,
    .idempotent = true,
};

void token_request_add_field(struct buf *form, const char *name, const char *value)
{
    if (!value)
        return;
    OWN(free) char *encoded = url_encode_text(value);
    buf_add_format(form, "%s%s=%s", form->len ? "&" : "", name, encoded);
}

static json_t *post(const struct gcp_environment *env, const char *url, const char *content_type,
                    struct bytes body, const char *authorization, struct err *err)
{
    OWN(headers) struct headers headers = {0};
    headers_add(&headers, "Content-Type", content_type);
    if (authorization && !headers_add(&headers, "Authorization", authorization)) {
        err_set(err, ERR_INPUT, "a token or client id contains control characters");
        return NULL;
    }
    struct http_call call = {
        .method = "POST",
        .url = url,
        .headers = &headers,
        .body = body,
        .timeout_ms = TIMEOUT_MS,
        .max_reply = MAX_REPLY_BYTES,
    };
    OWN(http_response) struct http_response response = {0};
    if (!retry_send(env, &call, &token_request_retries, &response, NULL, err))
        return NULL;
    return json_from_bytes(buf_bytes(&response.body), "token server's reply", ERR_UPSTREAM, err);
}

json_t *token_request_post_form(const struct gcp_environment *env, const char *url,
                                const struct buf *form, const char *authorization, struct err *err)
{
    return post(env, url, "application/x-www-form-urlencoded", buf_bytes(form), authorization, err);
}

json_t *token_request_post_json(const struct gcp_environment *env, const char *url,
                                const json_t *body, const char *authorization, struct err *err)
{
    OWN(free) char *text = json_to_text(body);
    return post(env, url, "application/json; charset=utf-8", bytes_of(text), authorization, err);
}
