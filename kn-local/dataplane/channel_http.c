/* SPDX-License-Identifier: Apache-2.0 */
/* A channel's address: requests in, answers out. */
#include "kn-local/dataplane/channel_http.h"

#include "base/str.h"

/* A sender that waits for its answer. */
struct http_receipt {
    struct receipt receipt; /* first */
    struct http_exchange *exchange;
};

static void reply(struct http_exchange *exchange, int status, const char *text)
{
    struct http_reply reply = {.status = status};
    headers_add(&reply.headers, "Allow", "POST, OPTIONS");
    if (status == ERR_UNAVAILABLE)
        headers_add(&reply.headers, "Retry-After", "1");
    if (text) {
        reply.content_type = "text/plain; charset=utf-8";
        buf_add_format(&reply.body, "%s\n", text);
    }
    http_exchange_reply(exchange, &reply);
}

/* The handshake of webhooks. */
static void reply_options(struct http_exchange *exchange)
{
    struct http_reply reply = {.status = 200};
    headers_add(&reply.headers, "Allow", "POST, OPTIONS");
    headers_add(&reply.headers, "WebHook-Allowed-Origin", "*");
    headers_add(&reply.headers, "WebHook-Allowed-Rate", "*");
    http_exchange_reply(exchange, &reply);
}

static void answer(struct receipt *receipt, int status, const char *reason)
{
    reply(((struct http_receipt *)receipt)->exchange, status, status == 202 ? NULL : reason);
}

static bool is_connected(struct receipt *receipt)
{
    return http_exchange_is_connected(((struct http_receipt *)receipt)->exchange);
}

static void free_receipt(struct receipt *receipt)
{
    free(receipt);
}

static void receive_event(struct channel *channel, struct http_exchange *exchange)
{
    struct err err = {0};
    OWN(event_message)
    struct event_message *event =
        event_message_from_http(&exchange->headers, &exchange->body, &err);
    if (!event) {
        channel_note_refused(channel, err.status);
        reply(exchange, err.status, err.text);
        return;
    }
    struct http_receipt *waiting = alloc_zeroed(sizeof(*waiting));
    bool waits = !channel->durable && !atomic_load(&channel->async);
    receipt_init(&waiting->receipt, answer, waits ? is_connected : NULL, free_receipt);
    waiting->exchange = exchange;
    http_exchange_hold(exchange);
    channel_take(channel, event, &waiting->receipt);
}

void channel_http_receive(struct channel *channel, struct http_exchange *exchange)
{
    if (str_equal(exchange->method, "OPTIONS"))
        reply_options(exchange);
    else if (str_equal(exchange->method, "POST"))
        receive_event(channel, exchange);
    else
        reply(exchange, 405, "want POST");
}
