/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP exchanges by libcurl: one easy handle each, all in one multi handle. */
#include "net/client/curl_exchange.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <utlist.h>

enum {
    MAX_IDLE_HANDLES = 256,
    MAX_KEPT_CONNECTIONS = 4096,
};

struct curl_backend {
    struct http_backend base; /* first: a base is cast to its back end */
    struct http_watch watch;  /* of the loop's epoll set */
    struct http_backend_settings *settings;
    const struct libcurl *curl; /* NULL until the first exchange, as is all of loop */
    struct curl_loop loop;
    struct curl_exchange *running;
    struct curl_exchange *idle; /* for the next transfers */
    unsigned idle_count;
};

/* Removes an exchange, and keeps its handle for the next one. The caller ends the transfer. */
static struct transfer *detach(struct curl_backend *backend, struct curl_exchange *exchange)
{
    struct transfer *transfer = exchange->transfer;
    backend->curl->multi_remove_handle(backend->loop.multi, exchange->easy);
    DL_DELETE(backend->running, exchange);
    if (backend->idle_count < MAX_IDLE_HANDLES) {
        LL_PREPEND(backend->idle, exchange);
        backend->idle_count++;
    } else {
        curl_exchange_free(exchange);
    }
    return transfer;
}

static struct curl_exchange *attach(struct curl_backend *backend, struct transfer *transfer)
{
    struct curl_exchange *exchange = backend->idle;
    if (exchange) {
        LL_DELETE(backend->idle, exchange);
        backend->idle_count--;
    } else {
        exchange = curl_exchange_new(&backend->loop, backend->settings);
    }
    curl_exchange_begin(exchange, transfer);
    DL_APPEND(backend->running, exchange);
    return exchange;
}

/* Loads and opens what exchanges by libcurl need, when the first one starts. */
static bool open_loop(struct curl_backend *backend, struct err *err)
{
    if (backend->curl)
        return true;
    const struct libcurl *curl = libcurl_load(err);
    if (!curl || !curl_loop_init(&backend->loop, curl, err))
        return false;
    backend->curl = curl;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &backend->watch};
    epoll_ctl(backend->settings->epoll, EPOLL_CTL_ADD, backend->loop.epoll, &event);
    curl->multi_setopt(backend->loop.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl->multi_setopt(backend->loop.multi, CURLMOPT_MAXCONNECTS, (long)MAX_KEPT_CONNECTIONS);
    return true;
}

static void start(struct http_backend *base, struct transfer *transfer)
{
    struct curl_backend *backend = (struct curl_backend *)base;
    if (!open_loop(backend, &transfer->failure)) {
        transfer_end(transfer);
        return;
    }
    struct curl_exchange *exchange = attach(backend, transfer);
    if (backend->curl->multi_add_handle(backend->loop.multi, exchange->easy) != CURLM_OK) {
        err_set(&transfer->failure, ERR_UNAVAILABLE, "libcurl refuses the request");
        transfer_end(detach(backend, exchange));
    }
}

/* run handles the events of the sockets. */
static void on_ready(struct http_watch *watch, uint32_t events)
{
    (void)watch, (void)events;
}

static void run(struct http_backend *base)
{
    struct curl_backend *backend = (struct curl_backend *)base;
    const struct libcurl *curl = backend->curl;
    if (!curl)
        return;
    curl_loop_run(&backend->loop);
    int left;
    for (CURLMsg *message; (message = curl->multi_info_read(backend->loop.multi, &left));) {
        struct curl_exchange *exchange;
        long opened = 0;
        CURLcode result = message->data.result;
        curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        curl->easy_getinfo(message->easy_handle, CURLINFO_NUM_CONNECTS, &opened);
        atomic_fetch_add(&backend->settings->connections, (uint_fast64_t)opened);
        curl_exchange_take_result(exchange, result);
        transfer_end(detach(backend, exchange));
    }
}

static int64_t deadline_ns(const struct http_backend *base)
{
    const struct curl_backend *backend = (const struct curl_backend *)base;
    return backend->curl ? backend->loop.deadline_ns : INT64_MAX;
}

static void close_backend(struct http_backend *base)
{
    struct curl_backend *backend = (struct curl_backend *)base;
    while (backend->running) {
        struct curl_exchange *exchange = backend->running;
        curl_exchange_take_status(exchange);
        transfer_fail_closed(detach(backend, exchange));
    }
    struct curl_exchange *exchange, *next;
    LL_FOREACH_SAFE(backend->idle, exchange, next)
    {
        curl_exchange_free(exchange);
    }
    curl_loop_done(&backend->loop);
    free(backend);
}

struct http_backend *curl_backend_open(struct http_backend_settings *settings)
{
    struct curl_backend *backend = alloc_zeroed(sizeof(*backend));
    *backend = (struct curl_backend){.base = {start, run, deadline_ns, close_backend},
                                     .watch = {on_ready},
                                     .settings = settings};
    return &backend->base;
}
