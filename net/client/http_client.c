/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client: callers queue exchanges, one thread carries them out with the back ends. */
#include "net/client/http_client.h"

#include "base/env.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "net/client/http_backend.h"

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <utlist.h>

enum { LOOPBACK, CURL, BACKENDS };

struct http_client {
    struct http_backend_settings settings;
    struct http_backend *backends[BACKENDS]; /* of the thread */
    bool always_libcurl;
    struct http_watch woken; /* of wake, an eventfd */
    int wake;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* guards what follows */
    struct transfer *queued;
    bool asleep; /* the thread waits, or is about to, and must be woken */
    bool closing;
};

/* Takes what callers have queued. When there is nothing, the thread may sleep: asleep is set. */
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

/* Milliseconds until something is due, rounded up; -1 = nothing is. */
static int timeout_ms(const struct http_client *client)
{
    int64_t due_ns = INT64_MAX;
    for (size_t i = 0; i < BACKENDS; i++) {
        int64_t deadline_ns = client->backends[i]->deadline_ns(client->backends[i]);
        if (deadline_ns < due_ns)
            due_ns = deadline_ns;
    }
    if (due_ns == INT64_MAX)
        return -1;
    int64_t left_ms = (due_ns - timestamp_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

static void on_woken(struct http_watch *watch, uint32_t events)
{
    (void)events;
    const struct http_client *client =
        (struct http_client *)((char *)watch - offsetof(struct http_client, woken));
    eventfd_t count;
    eventfd_read(client->wake, &count);
}

/* Fails all that runs or is queued; what its callers start meanwhile fails as well. */
static void fail_all(struct http_client *client, struct transfer *queued)
{
    bool idle, closing;
    for (size_t i = 0; i < BACKENDS; i++)
        client->backends[i]->close(client->backends[i]);
    while (queued || (queued = take_queue(client, &idle, &closing))) {
        struct transfer *transfer = queued;
        DL_DELETE(queued, transfer);
        transfer_fail_closed(transfer);
    }
}

static void *run(void *context)
{
    struct http_client *client = context;
    for (;;) {
        bool idle, closing;
        struct transfer *queued = take_queue(client, &idle, &closing), *transfer, *next;
        if (closing) {
            fail_all(client, queued);
            return NULL;
        }
        DL_FOREACH_SAFE(queued, transfer, next)
        {
            if (transfer->failure.status)
                transfer_end(transfer);
            else
                transfer->backend->start(transfer->backend, transfer);
        }
        struct epoll_event ready[128];
        int count = epoll_wait(client->settings.epoll, ready, ARRAY_SIZE(ready),
                               idle ? timeout_ms(client) : 0);
        for (int i = 0; i < count; i++) {
            struct http_watch *watch = ready[i].data.ptr;
            watch->ready(watch, ready[i].events);
        }
        for (size_t i = 0; i < BACKENDS; i++)
            client->backends[i]->run(client->backends[i]);
    }
}

static bool open_descriptors(struct http_client *client, struct err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &client->woken};
    int epoll = client->settings.epoll = epoll_create1(EPOLL_CLOEXEC);
    client->woken.ready = on_woken;
    client->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return (epoll >= 0 && client->wake >= 0 &&
            epoll_ctl(epoll, EPOLL_CTL_ADD, client->wake, &event) == 0) ||
           err_set_errno(err, ERR_UNAVAILABLE, "cannot open the HTTP client");
}

struct http_client *http_client_open(const struct http_client_options *options, struct err *err)
{
    static const struct http_client_options defaults = {0};
    options = options ? options : &defaults;
    OWN(http_client) struct http_client *client = alloc_zeroed(sizeof(*client));
    pthread_mutex_init(&client->lock, NULL);
    client->always_libcurl = options->always_libcurl;

    struct http_backend_settings *settings = &client->settings;
    settings->user_agent =
        str_copy(options->user_agent ? options->user_agent : "knative-c/" VERSION);
    settings->ca_file = str_copy(env_str("SSL_CERT_FILE", NULL));
    settings->connect_timeout_ms =
        options->connect_timeout_ms ? options->connect_timeout_ms : 10 * 1000;
    settings->max_idle_sec = options->max_idle_sec ? options->max_idle_sec : 60;

    bool open = open_descriptors(client, err);
    client->backends[LOOPBACK] = loopback_backend_open(settings);
    client->backends[CURL] = curl_backend_open(settings);
    client->started = open && thread_start(&client->thread, "http-client", run, client, err);
    return client->started ? move_ptr(&client) : NULL;
}

static void wake(struct http_client *client)
{
    while (eventfd_write(client->wake, 1) < 0 && errno == EINTR)
        ;
}

void http_client_close(struct http_client *client)
{
    if (!client)
        return;
    if (client->started) {
        assert(!pthread_equal(pthread_self(), client->thread));
        pthread_mutex_lock(&client->lock);
        client->closing = true;
        pthread_mutex_unlock(&client->lock);
        wake(client);
        pthread_join(client->thread, NULL);
    } else {
        fail_all(client, NULL);
    }
    own_fd(&client->settings.epoll);
    own_fd(&client->wake);
    pthread_mutex_destroy(&client->lock);
    free(client->settings.user_agent);
    free(client->settings.ca_file);
    free(client);
}

void http_client_start(struct http_client *client, const struct http_call *call,
                       http_client_callback *ended, void *context)
{
    struct transfer *transfer = transfer_new(call, ended, context);
    bool loopback = transfer->failure.status == 0 && !client->always_libcurl &&
                    loopback_backend_accepts(transfer);
    transfer->backend = client->backends[loopback ? LOOPBACK : CURL];

    pthread_mutex_lock(&client->lock);
    DL_APPEND(client->queued, transfer);
    bool asleep = client->asleep && !pthread_equal(pthread_self(), client->thread);
    client->asleep = client->asleep && !asleep;
    pthread_mutex_unlock(&client->lock);
    if (asleep)
        wake(client);
}

/* A call that http_client_send waits for. */
struct waiting {
    sem_t done;
    struct http_response *response;
    struct err *err;
};

static void on_ended(struct http_response *response, const struct err *err, void *context)
{
    struct waiting *waiting = context;
    if (response) {
        *waiting->response = *response;
        *response = (struct http_response){0};
    } else {
        *waiting->err = *err;
    }
    sem_post(&waiting->done);
}

bool http_client_send(struct http_client *client, const struct http_call *call,
                      struct http_response *response, struct err *err)
{
    assert(!pthread_equal(pthread_self(), client->thread));
    struct waiting waiting = {.response = response, .err = err};
    sem_init(&waiting.done, 0, 0);
    http_client_start(client, call, on_ended, &waiting);
    while (sem_wait(&waiting.done) < 0)
        ; /* only a signal ends it early */
    sem_destroy(&waiting.done);
    return response->status != 0;
}

uint64_t http_client_connections(const struct http_client *client)
{
    return atomic_load(&client->settings.connections);
}
