/* SPDX-License-Identifier: Apache-2.0 */
/* Forwards HTTP requests to the pods of a service. */
#include "kn-local/serving/proxy.h"

#include "base/str.h"
#include "cloudevents/event.h"

#include <string.h>

enum { MAX_RESPONSE_BYTES = 64 << 20 };

struct proxy_call {
    struct http_exchange *exchange;
    struct headers headers;
    struct http_call call;
};

/* Hop-by-hop headers (RFC 9110 section 7.6.1), and those that the proxy sets itself. */
static bool is_dropped(const char *name)
{
    static const char *const names[] = {"connection",
                                        "keep-alive",
                                        "te",
                                        "trailer",
                                        "transfer-encoding",
                                        "upgrade",
                                        "expect",
                                        "host",
                                        "content-length",
                                        "proxy-connection",
                                        "proxy-authorization",
                                        "proxy-authenticate",
                                        "forwarded",
                                        "x-forwarded-host",
                                        "x-forwarded-proto"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_equal_any_case(name, names[i]))
            return true;
    return false;
}

/* Whether the Connection header lists this name. */
static bool is_connection_option(const struct headers *headers, const char *name)
{
    const char *list = headers_get(headers, "Connection");
    size_t len = strlen(name);
    while (list && *list) {
        size_t skip = strspn(list, ", \t"), word = strcspn(list + skip, ", \t");
        if (word == len && strncasecmp(list + skip, name, len) == 0)
            return true;
        list += skip + word;
    }
    return false;
}

static void copy_headers(const struct headers *from, struct headers *to)
{
    for (size_t i = 0; i < from->count; i++)
        if (!is_dropped(from->list[i].name) && !is_connection_option(from, from->list[i].name))
            headers_add(to, from->list[i].name, from->list[i].value);
}

static void add_request_id(struct headers *headers)
{
    if (headers_get(headers, "X-Request-Id"))
        return;
    OWN(ce_event) struct ce_event event = {0};
    ce_event_new(&event, "/", "request", NULL, (struct bytes){0});
    headers_add(headers, "X-Request-Id", event.id);
}

static void add_forwarded(const struct headers *from, struct headers *to)
{
    const char *host = headers_get(from, "Host");
    const char *earlier = headers_get(from, "X-Forwarded-For");
    OWN(free) char *clients =
        str_format("%s%s127.0.0.1", earlier ? earlier : "", earlier ? ", " : "");
    OWN(free) char *forwarded = str_format("for=127.0.0.1;proto=http%s%s%s", host ? ";host=\"" : "",
                                           host ? host : "", host ? "\"" : "");
    headers_set(to, "X-Forwarded-For", clients);
    headers_set(to, "X-Forwarded-Proto", "http");
    headers_set(to, "X-Forwarded-Host", host);
    headers_set(to, "Forwarded", forwarded);
    headers_set(to, "Host", host);
    headers_set(to, "K-Proxy-Request", "activator");
    add_request_id(to);
}

static void reply_with(struct http_exchange *exchange, struct http_response *response)
{
    struct http_reply reply = {.status = response->status};
    copy_headers(&response->headers, &reply.headers);
    reply.body = response->body;
    response->body = (struct buf){0};
    http_exchange_reply(exchange, &reply);
}

static void on_ended(struct http_response *response, const struct err *err, void *context)
{
    struct proxy_call *call = context;
    struct err failure = {0};
    if (response) {
        reply_with(call->exchange, response);
    } else {
        err_set(&failure, ERR_UPSTREAM, "the service sent no response: %s", err->text);
        http_exchange_reply_err(call->exchange, &failure);
    }
    headers_done(&call->headers);
    free(call);
}

void proxy_request(struct revision *revision, const char *path, struct http_exchange *exchange)
{
    struct proxy_call *call = alloc_zeroed(sizeof(*call));
    call->exchange = exchange;
    copy_headers(&exchange->headers, &call->headers);
    add_forwarded(&exchange->headers, &call->headers);
    call->call = (struct http_call){.method = exchange->method,
                                    .headers = &call->headers,
                                    .body = buf_bytes(&exchange->body),
                                    .timeout_ms = -1,
                                    .max_reply = MAX_RESPONSE_BYTES};
    OWN(free) char *target =
        str_format("%s%s%s%s", *path == '/' ? "" : "/", path, exchange->query ? "?" : "",
                   exchange->query ? exchange->query : "");
    http_exchange_hold(exchange);
    request_queue_send(revision, target, &call->call, on_ended, call);
}
