/* SPDX-License-Identifier: Apache-2.0 */
/* An event service. */
#include "cloudevents/service.h"

#include "base/env.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "cloudevents/http.h"
#include "cloudevents/metrics.h"

#include <signal.h>
#include <string.h>

/* A running service. */
struct service_state {
    const struct ce_service *service;
    char *labels; /* of the metrics: service, revision, configuration; owned */
    struct metrics metrics;
};

void ce_reply_done(struct ce_reply *reply)
{
    free(reply->text);
    ce_event_done(&reply->event);
    *reply = (struct ce_reply){0};
}

/* Answers with the reply: a CloudEvent if the request was one, else a line of text. */
static void answer_reply(struct http_exchange *exchange, enum ce_mode mode, struct ce_reply *reply)
{
    struct http_reply response = {.status = 200};
    if (mode == CE_NONE && reply->text) {
        response.content_type = "text/plain; charset=utf-8";
        buf_add_format(&response.body, "%s\n", reply->text);
    } else if ((mode == CE_BINARY || mode == CE_STRUCTURED) && reply->event.id) {
        ce_headers_from_event(&reply->event, &response.headers);
        buf_add(&response.body, reply->event.data, reply->event.len);
    }
    http_exchange_reply(exchange, &response);
}

static void answer_error(struct http_exchange *exchange, const struct err *err)
{
    struct http_reply response = {.status = err->status,
                                  .content_type = "text/plain; charset=utf-8"};
    buf_add_format(&response.body, "%s\n", err->text);
    if (err->status == ERR_UNAUTHORIZED)
        headers_add(&response.headers, "WWW-Authenticate", "Bearer");
    if (err->retry_after_sec) {
        OWN(free) char *seconds = str_format("%d", err->retry_after_sec);
        headers_add(&response.headers, "Retry-After", seconds);
    }
    http_exchange_reply(exchange, &response);
}

/* Calls the handler for each event, until one fails. After a batch, reply is that of its last
 * event, and is not sent. */
static bool handle_events(struct service_state *state, const struct ce_events *events,
                          struct ce_reply *reply, struct err *err)
{
    for (size_t i = 0; i < events->count; i++) {
        const struct ce_event *event = &events->list[i];
        ce_reply_done(reply);
        if (!state->service->handler(event, reply, state->service->app, err))
            return event->id ? err_wrap(err, "event %s", event->id) : false;
    }
    return true;
}

static bool check_guard(struct service_state *state, const struct headers *headers, struct err *err)
{
    return !state->service->guard || state->service->guard(headers, state->service->app, err);
}

static void log_failure(const struct err *err)
{
    if (err->status >= 500)
        log_error("%d: %s", err->status, err->text);
    else
        log_warning("%d: %s", err->status, err->text);
}

static void process(struct http_exchange *exchange, void *context)
{
    struct service_state *state = context;
    int64_t start_ns = timestamp_monotonic_ns();
    OWN(ce_events) struct ce_events events = {0};
    OWN(ce_reply) struct ce_reply reply = {0};
    struct err err = {0};
    log_set_trace(headers_get(&exchange->headers, "traceparent"));

    bool ok = check_guard(state, &exchange->headers, &err) &&
              ce_events_from_http(&exchange->headers, buf_bytes(&exchange->body), &events, &err) &&
              handle_events(state, &events, &reply, &err);
    if (!ok)
        log_failure(&err);
    log_set_trace(NULL);
    metrics_count(&state->metrics, ok ? 200 : err.status, timestamp_monotonic_ns() - start_ns);
    if (ok)
        answer_reply(exchange, events.mode, &reply);
    else
        answer_error(exchange, &err);
}

/* The webhook handshake (http-webhook.md section 4): any origin, any rate. */
static void answer_options(struct http_exchange *exchange)
{
    struct http_reply response = {.status = 200};
    headers_add(&response.headers, "Allow", "POST, OPTIONS");
    headers_add(&response.headers, "WebHook-Allowed-Origin", "*");
    headers_add(&response.headers, "WebHook-Allowed-Rate", "*");
    http_exchange_reply(exchange, &response);
}

static void answer_get(struct service_state *state, struct http_exchange *exchange)
{
    if (str_equal(exchange->path, "/healthz")) {
        http_exchange_reply_text(exchange, 200, "ok\n");
    } else if (str_equal(exchange->path, "/readyz")) {
        bool closing = http_exchange_is_closing(exchange);
        http_exchange_reply_text(exchange, closing ? 503 : 200, closing ? "draining\n" : "ok\n");
    } else if (str_equal(exchange->path, "/metrics")) {
        struct http_reply response = {.content_type = "text/plain; version=0.0.4; charset=utf-8"};
        metrics_write(&state->metrics, state->labels, &response.body);
        http_exchange_reply(exchange, &response);
    } else if (!state->service->get || !state->service->get(exchange, state->service->app)) {
        struct http_reply response = {.status = 405, .content_type = "text/plain; charset=utf-8"};
        headers_add(&response.headers, "Allow", "POST, OPTIONS");
        buf_add_format(&response.body, "%s %s is not supported; POST an event\n", exchange->method,
                       exchange->path);
        http_exchange_reply(exchange, &response);
    }
}

static void handle(struct http_exchange *exchange, void *app)
{
    struct service_state *state = app;
    if (str_equal(exchange->method, "OPTIONS"))
        answer_options(exchange);
    else if (!str_equal(exchange->method, "POST"))
        answer_get(state, exchange);
    else if (state->service->blocking)
        http_exchange_run_blocking(exchange, process, state);
    else
        process(exchange, state);
}

/* Requests that the server refuses itself (size, framing) are logged and counted, too. */
static void refuse(struct http_exchange *exchange, const struct err *err, void *app)
{
    struct service_state *state = app;
    log_failure(err);
    metrics_count(&state->metrics, err->status, 0);
    answer_error(exchange, err);
}

/* Comes first in the log: no event is read yet. */
static void log_port(uint16_t port, void *app)
{
    struct service_state *state = app;
    log_info("%s listens on port %u", state->service->name, port);
}

static bool serve(struct service_state *state, struct err *err)
{
    int64_t port, max_body;
    if (!env_int("PORT", 0, 65535, 8080, &port, err) ||
        !env_int("MAX_BODY_BYTES", 1, INT32_MAX, 32 << 20, &max_body, err))
        return false;

    sigset_t ends;
    thread_block_signals(&ends);

    struct http_server_options options = {.host = env_str("BIND_ADDRESS", "0.0.0.0"),
                                          .port = (uint16_t)port,
                                          .threads = 1, /* needs the least CPU, and is enough */
                                          .max_body = (size_t)max_body,
                                          .handle = handle,
                                          .refuse = refuse,
                                          .listening = log_port,
                                          .app = state};
    struct http_server *server = http_server_open(&options, err);
    if (!server)
        return false;

    int received;
    sigwait(&ends, &received);
    log_info("%s stops: answering the accepted requests", state->service->name);
    http_server_close(server);
    return true;
}

/* The names that Knative gives this process; without them the program's name. */
static char *labels_from_env(const char *program)
{
    static const char *const rows[][2] = {
        {"K_REVISION", "revision_name"},
        {"K_CONFIGURATION", "configuration_name"},
    };
    struct buf labels = {0};
    buf_add_format(&labels, "service_name=\"%s\"", env_str("K_SERVICE", program));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (env_str(rows[i][0], NULL))
            buf_add_format(&labels, ",%s=\"%s\"", rows[i][1], env_str(rows[i][0], NULL));
    return buf_take(&labels);
}

bool ce_serve(const struct ce_service *service, struct err *err)
{
    struct service_state state = {.service = service, .labels = labels_from_env(service->name)};
    bool ok = serve(&state, err);
    free(state.labels);
    return ok;
}
