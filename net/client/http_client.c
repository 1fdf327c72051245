/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client: callers queue transfers, one thread carries them out, by libcurl or without. */
#include "net/client/http_client_private.h"

#include "base/env.h"
#include "base/str.h"

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <utlist.h>

const char http_client_refused[] = "CONNECTION_REFUSED";

void http_client_response_done(struct http_response *answer)
{
    headers_done(&answer->headers);
    buf_done(&answer->body);
    *answer = (struct http_response){0};
}

static void read_options(struct transfer_settings *settings,
                         const struct http_client_options *options)
{
    static const struct http_client_options defaults = {0};
    const struct http_client_options *from = options ? options : &defaults;
    settings->user_agent = str_copy(from->user_agent ? from->user_agent : "knative-c/" VERSION);
    settings->ca_file = str_copy(env_str("SSL_CERT_FILE", NULL));
    settings->connect_timeout_ms = from->connect_timeout_ms ? from->connect_timeout_ms : 10 * 1000;
    settings->max_idle_sec = from->max_idle_sec ? from->max_idle_sec : 60;
}

/* Starts the thread with all signals blocked: they are the program's, and a write to a connection
 * that was closed should fail, not kill. */
static bool start_thread(struct http_client *client, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    client->started = pthread_create(&client->thread, NULL, http_client_thread_run, client) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return client->started ||
           err_set(err, ERR_UNAVAILABLE, "cannot start the thread of the HTTP client");
}

static bool open_descriptors(struct http_client *client, struct err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &client->wake};
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    client->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return (client->epoll >= 0 && client->wake >= 0 &&
            epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->wake, &event) == 0) ||
           err_set(err, ERR_UNAVAILABLE, "cannot open the HTTP client: %s", strerror(errno));
}

struct http_client *http_client_open(const struct http_client_options *options, struct err *err)
{
    OWN(http_client) struct http_client *client = alloc_zeroed(sizeof(*client));
    pthread_mutex_init(&client->lock, NULL);
    read_options(&client->settings, options);
    client->settings.loop = &client->loop;
    client->always_libcurl = options && options->always_libcurl;
    bool open = open_descriptors(client, err);
    loopback_client_init(&client->loopback, client->epoll, client->settings.max_idle_sec);
    return open && start_thread(client, err) ? move_ptr(&client) : NULL;
}

static void wake(struct http_client *client)
{
    while (eventfd_write(client->wake, 1) < 0 && errno == EINTR)
        ;
}

static void stop_thread(struct http_client *client)
{
    assert(!pthread_equal(pthread_self(), client->thread));
    pthread_mutex_lock(&client->lock);
    client->closing = true;
    pthread_mutex_unlock(&client->lock);
    wake(client);
    pthread_join(client->thread, NULL);
}

void http_client_close(struct http_client *client)
{
    if (!client)
        return;
    if (client->started)
        stop_thread(client);

    struct transfer *transfer, *next;
    LL_FOREACH_SAFE(client->idle, transfer, next)
    {
        transfer_free(transfer);
    }
    own_fd(&client->epoll);
    own_fd(&client->wake);
    pthread_mutex_destroy(&client->lock);
    free(client->settings.user_agent);
    free(client->settings.ca_file);
    free(client);
}

static struct transfer *take_idle(struct http_client *client)
{
    pthread_mutex_lock(&client->lock);
    struct transfer *transfer = client->idle;
    if (transfer) {
        LL_DELETE(client->idle, transfer);
        client->idle_count--;
    }
    pthread_mutex_unlock(&client->lock);
    return transfer;
}

static struct transfer *get_transfer(struct http_client *client)
{
    struct transfer *transfer = take_idle(client);
    return transfer ? transfer : transfer_new(&client->settings);
}

void http_client_start(struct http_client *client, const struct http_call *call,
                       http_client_callback *ended, void *context)
{
    struct transfer *transfer = get_transfer(client);
    if (transfer_begin(transfer, call, ended, context)) {
        transfer->loopback = !client->always_libcurl && loopback_pool_accepts(transfer);
        if (!transfer->loopback)
            transfer_configure(transfer);
    }

    pthread_mutex_lock(&client->lock);
    DL_APPEND(client->queued, transfer);
    bool asleep = client->asleep && !pthread_equal(pthread_self(), client->thread);
    client->asleep = client->asleep && !asleep;
    pthread_mutex_unlock(&client->lock);
    if (asleep)
        wake(client);
}

/* A call that somebody waits for. */
struct waiting {
    sem_t done;
    struct http_response *answer;
    struct err *err;
};

static void on_ended(struct http_response *answer, const struct err *err, void *context)
{
    struct waiting *waiting = context;
    if (answer) {
        *waiting->answer = *answer;
        *answer = (struct http_response){0};
    } else {
        *waiting->err = *err;
    }
    sem_post(&waiting->done);
}

bool http_client_send(struct http_client *client, const struct http_call *call,
                      struct http_response *answer, struct err *err)
{
    assert(!pthread_equal(pthread_self(), client->thread));
    struct waiting waiting = {.answer = answer, .err = err};
    sem_init(&waiting.done, 0, 0);
    http_client_start(client, call, on_ended, &waiting);
    while (sem_wait(&waiting.done) < 0)
        ; /* only a signal ends it early */
    sem_destroy(&waiting.done);
    return answer->status != 0;
}

uint64_t http_client_connections(const struct http_client *client)
{
    return atomic_load(&client->connections);
}
