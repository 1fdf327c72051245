/* The HTTP client: callers queue transfers, one thread carries them out, by libcurl or without. */
#include "net/http_client.h"

#include "base/env.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "net/curl_loop.h"
#include "net/direct.h"
#include "net/transfer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

enum {
    MOST_IDLE_TRANSFERS = 256,
    MOST_KEPT_CONNECTIONS = 4096,
};

struct http_client {
    struct transfer_settings settings;
    bool always_libcurl;
    int epoll;
    int wake; /* an eventfd */
    pthread_t thread;
    bool started;

    struct curl_loop loop;    /* of the thread, as are the next two; opened when it is needed */
    struct transfer *running; /* by libcurl */
    struct direct direct;
    atomic_uint_fast64_t connections;

    pthread_mutex_t lock; /* guards what follows */
    struct transfer *queued;
    struct transfer *idle; /* for the next calls */
    unsigned idle_count;
    bool asleep; /* the thread waits, or is about to, and must be woken */
    bool closing;
};

void http_answer_done(struct http_answer *answer)
{
    headers_done(&answer->headers);
    buf_done(&answer->body);
    *answer = (struct http_answer){0};
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Keeps a transfer for the next call, or frees it when there are enough. */
static void put_aside(struct http_client *client, struct transfer *transfer)
{
    pthread_mutex_lock(&client->lock);
    bool keep = client->idle_count < MOST_IDLE_TRANSFERS;
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
    curl->multi_setopt(client->loop.multi, CURLMOPT_MAXCONNECTS, (long)MOST_KEPT_CONNECTIONS);
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
    else if (transfer->direct)
        direct_start(&client->direct, transfer);
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
    atomic_fetch_add(&client->connections, client->direct.connections);
    client->direct.connections = 0;
    while (client->direct.ended) {
        struct transfer *transfer = client->direct.ended;
        DL_DELETE(client->direct.ended, transfer);
        finish(client, transfer);
    }
}

static void cancel_running(struct http_client *client)
{
    static const char reason[] = "the HTTP client was closed";
    while (client->direct.running) {
        struct transfer *transfer = client->direct.running;
        transfer_cancel(transfer, reason);
        direct_cancel(&client->direct, transfer);
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
    int64_t due_ns = direct_deadline_ns(&client->direct);
    if (client->loop.curl && client->loop.deadline_ns < due_ns)
        due_ns = client->loop.deadline_ns;
    if (due_ns == INT64_MAX)
        return -1;
    int64_t left_ms = (due_ns - time_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

/* Waits, when it may, for something to happen, and lets it happen. */
static void turn(struct http_client *client, bool may_wait)
{
    struct epoll_event ready[128];
    int count = epoll_wait(client->epoll, ready, COUNT(ready), may_wait ? patience_ms(client) : 0);
    for (int i = 0; i < count; i++) {
        eventfd_t wakes;
        if (ready[i].data.ptr == &client->wake)
            eventfd_read(client->wake, &wakes);
        else if (ready[i].data.ptr != &client->loop)
            direct_ready(&client->direct, ready[i].data.ptr, ready[i].events);
    }
    direct_tidy(&client->direct);
    finish_direct(client);
    if (client->loop.curl) {
        curl_loop_turn(&client->loop);
        finish_by_libcurl(client);
    }
}

static void *run(void *context)
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
    direct_done(&client->direct);
    curl_loop_done(&client->loop); /* here, where signals are blocked */
    return NULL;
}

/* ---- opening and closing ------------------------------------------------------------------- */

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
    client->started = pthread_create(&client->thread, NULL, run, client) == 0;
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
    OWN(http_client) struct http_client *client = must_alloc(sizeof(*client));
    pthread_mutex_init(&client->lock, NULL);
    read_options(&client->settings, options);
    client->settings.loop = &client->loop;
    client->always_libcurl = options && options->always_libcurl;
    bool open = open_descriptors(client, err);
    direct_init(&client->direct, client->epoll, client->settings.max_idle_sec);
    return open && start_thread(client, err) ? give(&client) : NULL;
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

/* ---- calls --------------------------------------------------------------------------------- */

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

void http_start(struct http_client *client, const struct http_call *call, http_ended *ended,
                void *context)
{
    struct transfer *transfer = get_transfer(client);
    if (transfer_begin(transfer, call, ended, context)) {
        transfer->direct = !client->always_libcurl && direct_takes(transfer);
        if (!transfer->direct)
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
    struct http_answer *answer;
    struct err *err;
};

static void on_ended(struct http_answer *answer, const struct err *err, void *context)
{
    struct waiting *waiting = context;
    if (answer) {
        *waiting->answer = *answer;
        *answer = (struct http_answer){0};
    } else {
        *waiting->err = *err;
    }
    sem_post(&waiting->done);
}

bool http_send(struct http_client *client, const struct http_call *call, struct http_answer *answer,
               struct err *err)
{
    assert(!pthread_equal(pthread_self(), client->thread));
    struct waiting waiting = {.answer = answer, .err = err};
    sem_init(&waiting.done, 0, 0);
    http_start(client, call, on_ended, &waiting);
    while (sem_wait(&waiting.done) < 0)
        ; /* only a signal ends it early */
    sem_destroy(&waiting.done);
    return answer->status != 0;
}

uint64_t http_client_connections(const struct http_client *client)
{
    return atomic_load(&client->connections);
}
