/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of an HTTP client: takes what callers have queued, and carries it out. */
#include "net/client/http_client_private.h"

#include "base/own.h"
#include "base/timestamp.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <utlist.h>

enum {
    MAX_IDLE_TRANSFERS = 256,
    MAX_KEPT_CONNECTIONS = 4096,
};

/* Keeps a transfer for the next call, or frees it when there are enough. */
static void put_aside(struct http_client *client, struct transfer *transfer)
{
    pthread_mutex_lock(&client->lock);
    bool keep = client->idle_count < MAX_IDLE_TRANSFERS;
    if (keep) {
        LL_PREPEND(client->idle, transfer);
        client->idle_count++;
    }
    pthread_mutex_unlock(&client->lock);
    if (!keep)
        transfer_free(transfer);
}

static void finish(struct http_client *client, struct transfer *transfer)
{
    transfer_report(transfer);
    put_aside(client, transfer);
}

/* Opens what libcurl works with, when the first transfer comes that needs it. */
static bool open_loop(struct http_client *client, const struct libcurl *curl, struct err *err)
{
    if (client->loop.curl)
        return true;
    if (!curl_loop_init(&client->loop, curl, err))
        return false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &client->loop};
    epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->loop.epoll, &event);
    curl->multi_setopt(client->loop.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl->multi_setopt(client->loop.multi, CURLMOPT_MAXCONNECTS, (long)MAX_KEPT_CONNECTIONS);
    return true;
}

static void add_to_libcurl(struct http_client *client, struct transfer *transfer)
{
    const struct libcurl *curl = transfer->curl;
    if (open_loop(client, curl, &transfer->failure) &&
        curl->multi_add_handle(client->loop.multi, transfer->easy) != CURLM_OK)
        transfer_cancel(transfer, "libcurl does not take the request");

    if (transfer->failure.status)
        finish(client, transfer);
    else
        DL_APPEND(client->running, transfer);
}

static void add(struct http_client *client, struct transfer *transfer)
{
    if (transfer->failure.status)
        finish(client, transfer);
    else if (transfer->loopback)
        loopback_client_start(&client->loopback, transfer);
    else
        add_to_libcurl(client, transfer);
}

/* Takes what callers have queued. When there is nothing, the thread may sleep. */
static struct transfer *take_queue(struct http_client *client, bool *idle, bool *closing)
{
    pthread_mutex_lock(&client->lock);
    struct transfer *queued = client->queued;
    client->queued = NULL;
    *closing = client->closing;
    *idle = client->asleep = !queued && !client->closing;
    pthread_mutex_unlock(&client->lock);
    return queued;
}

/* Reports what libcurl has ended with. */
static void finish_by_libcurl(struct http_client *client)
{
    const struct libcurl *curl = client->loop.curl;
    int left;
    for (CURLMsg *message; (message = curl->multi_info_read(client->loop.multi, &left));) {
        struct transfer *transfer;
        long opened = 0;
        CURLcode result = message->data.result;
        curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        curl->easy_getinfo(message->easy_handle, CURLINFO_NUM_CONNECTS, &opened);
        atomic_fetch_add(&client->connections, (uint_fast64_t)opened);
        transfer_end(transfer, result);
        curl->multi_remove_handle(client->loop.multi, transfer->easy);
        DL_DELETE(client->running, transfer);
        finish(client, transfer);
    }
}

/* Reports what has ended without libcurl. */
static void finish_direct(struct http_client *client)
{
    atomic_fetch_add(&client->connections, client->loopback.connections);
    client->loopback.connections = 0;
    while (client->loopback.ended) {
        struct transfer *transfer = client->loopback.ended;
        DL_DELETE(client->loopback.ended, transfer);
        finish(client, transfer);
    }
}

static void cancel_running(struct http_client *client)
{
    static const char reason[] = "the HTTP client was closed";
    while (client->loopback.running) {
        struct transfer *transfer = client->loopback.running;
        transfer_cancel(transfer, reason);
        loopback_client_cancel(&client->loopback, transfer);
    }
    finish_direct(client);
    while (client->running) {
        struct transfer *transfer = client->running;
        transfer_cancel(transfer, reason);
        transfer->curl->multi_remove_handle(client->loop.multi, transfer->easy);
        DL_DELETE(client->running, transfer);
        finish(client, transfer);
    }
}

/* Fails all that runs or waits; what its callers start meanwhile fails as well. */
static void cancel_all(struct http_client *client, struct transfer *queued)
{
    bool idle, closing;
    cancel_running(client);
    while (queued || (queued = take_queue(client, &idle, &closing))) {
        struct transfer *transfer, *next;
        DL_FOREACH_SAFE(queued, transfer, next)
        {
            transfer_cancel(transfer, "the HTTP client was closed");
            finish(client, transfer);
        }
        queued = NULL;
    }
}

/* Milliseconds until something is due, rounded up; -1 = whenever. */
static int patience_ms(const struct http_client *client)
{
    int64_t due_ns = loopback_client_deadline_ns(&client->loopback);
    if (client->loop.curl && client->loop.deadline_ns < due_ns)
        due_ns = client->loop.deadline_ns;
    if (due_ns == INT64_MAX)
        return -1;
    int64_t left_ms = (due_ns - timestamp_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

/* Waits, when it may, for something to happen, and lets it happen. */
static void turn(struct http_client *client, bool may_wait)
{
    struct epoll_event ready[128];
    int count =
        epoll_wait(client->epoll, ready, ARRAY_SIZE(ready), may_wait ? patience_ms(client) : 0);
    for (int i = 0; i < count; i++) {
        eventfd_t wakes;
        if (ready[i].data.ptr == &client->wake)
            eventfd_read(client->wake, &wakes);
        else if (ready[i].data.ptr != &client->loop)
            loopback_client_ready(&client->loopback, ready[i].data.ptr, ready[i].events);
    }
    loopback_client_sweep(&client->loopback);
    finish_direct(client);
    if (client->loop.curl) {
        curl_loop_run(&client->loop);
        finish_by_libcurl(client);
    }
}

void *http_client_thread_run(void *context)
{
    struct http_client *client = context;
    for (bool closing = false; !closing;) {
        bool idle;
        struct transfer *queued = take_queue(client, &idle, &closing), *transfer, *next;
        if (closing) {
            cancel_all(client, queued);
            break;
        }
        DL_FOREACH_SAFE(queued, transfer, next)
        {
            add(client, transfer);
        }
        turn(client, idle);
    }
    loopback_pool_done(&client->loopback);
    curl_loop_done(&client->loop); /* here, where signals are blocked */
    return NULL;
}
