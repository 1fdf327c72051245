/* SPDX-License-Identifier: Apache-2.0 */
/* Requests from outside on their way to a workload. */
#include "kn-local/serving/proxy.h"

#include "base/str.h"
#include "cloudevents/event.h"

#include <string.h>

enum { MAX_ANSWER_BYTES = 64 << 20 };

struct proxy_call {
    struct http_exchange *exchange;
    struct headers headers;
    struct http_call call;
};

/* Fields that are between two neighbours only (RFC 9110 section 7.6.1), and those that are made
 * anew. */
static bool stays_behind(const char *name)
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

/* Whether the Connection field names this one. */
static bool is_named(const struct headers *headers, const char *name)
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

static void pass_fields(const struct headers *from, struct headers *to)
{
    for (size_t i = 0; i < from->count; i++)
        if (!stays_behind(from->list[i].name) && !is_named(from, from->list[i].name))
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
    const char *before = headers_get(from, "X-Forwarded-For");
    OWN(free) char *clients = str_format("%s%s127.0.0.1", before ? before : "", before ? ", " : "");
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

static void answer(struct http_exchange *exchange, struct http_response *from)
{
    struct http_reply reply = {.status = from->status};
    pass_fields(&from->headers, &reply.headers);
    reply.body = from->body;
    from->body = (struct buf){0};
    http_exchange_reply(exchange, &reply);
}

static void on_ended(struct http_response *from, const struct err *err, void *context)
{
    struct proxy_call *passage = context;
    struct err failure = {0};
    if (from) {
        answer(passage->exchange, from);
    } else {
        err_set(&failure, ERR_UPSTREAM, "the service gave no answer: %s", err->text);
        http_exchange_reply_err(passage->exchange, &failure);
    }
    headers_done(&passage->headers);
    free(passage);
}

void proxy_request(struct revision *workload, const char *path, struct http_exchange *exchange)
{
    struct proxy_call *passage = alloc_zeroed(sizeof(*passage));
    passage->exchange = exchange;
    pass_fields(&exchange->headers, &passage->headers);
    add_forwarded(&exchange->headers, &passage->headers);
    passage->call = (struct http_call){.method = exchange->method,
                                       .headers = &passage->headers,
                                       .body = buf_bytes(&exchange->body),
                                       .timeout_ms = -1,
                                       .max_reply = MAX_ANSWER_BYTES};
    OWN(free) char *target =
        str_format("%s%s%s%s", *path == '/' ? "" : "/", path, exchange->query ? "?" : "",
                   exchange->query ? exchange->query : "");
    http_exchange_hold(exchange);
    request_queue_send(workload, target, &passage->call, on_ended, passage);
}
