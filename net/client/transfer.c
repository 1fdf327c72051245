/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange of an HTTP client. */
#include "net/client/transfer.h"

#include "base/str.h"

#include <string.h>

enum {
    DEFAULT_TIMEOUT_MS = 60 * 1000,
    DEFAULT_MAX_REPLY = 16 << 20,
};

const char http_client_refused[] = "CONNECTION_REFUSED";

struct transfer *transfer_new(const struct http_call *call, http_client_callback *ended,
                              void *context)
{
    struct transfer *transfer = alloc_zeroed(sizeof(*transfer));
    transfer->call = *call;
    transfer->ended = ended;
    transfer->context = context;
    transfer->response.body.max = call->max_reply ? call->max_reply : DEFAULT_MAX_REPLY;
    if (!call->url || !url_parse(call->url, &transfer->url))
        err_set(&transfer->failure, ERR_INPUT, "%s is not an http or https URL",
                call->url ? call->url : "nothing");
    return transfer;
}

/* Puts "http://host:port: " before a failure; the rest of a URL may hold secrets. */
static void name_server(struct transfer *transfer)
{
    const struct url *url = &transfer->url;
    bool bracket = strchr(url->host, ':') != NULL;
    err_wrap(&transfer->failure, "%s://%s%s%s:%d", url->tls ? "https" : "http", bracket ? "[" : "",
             url->host, bracket ? "]" : "", url->port);
}

void transfer_end(struct transfer *transfer)
{
    struct http_response *response = &transfer->response;
    response->body.max = 0;
    bool failed = transfer->failure.status != 0;
    if (failed && transfer->head_read && transfer->call.allow_lost_body) {
        buf_done(&response->body);
        response->body_lost = true;
        failed = false;
    }
    if (failed && transfer->url.host)
        name_server(transfer);
    transfer->ended(failed ? NULL : response, &transfer->failure, transfer->context);
    http_response_done(response);
    url_done(&transfer->url);
    free(transfer);
}

void transfer_fail_closed(struct transfer *transfer)
{
    if (transfer->failure.status == 0)
        err_set(&transfer->failure, ERR_UNAVAILABLE, "the HTTP client was closed");
    transfer_end(transfer);
}

bool transfer_has_body(const struct http_call *call)
{
    const char *method = call->method;
    return call->body.len || str_equal(method, "POST") || str_equal(method, "PUT") ||
           str_equal(method, "PATCH");
}

long transfer_timeout_ms(const struct http_call *call)
{
    return call->timeout_ms < 0 ? 0 : call->timeout_ms ? call->timeout_ms : DEFAULT_TIMEOUT_MS;
}

bool transfer_is_idempotent(const struct http_call *call)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (str_equal(call->method, methods[i]))
            return true;
    return !call->method && !call->body.len;
}

bool transfer_is_framing(const char *name)
{
    return str_equal_any_case(name, "Content-Length") ||
           str_equal_any_case(name, "Transfer-Encoding");
}
