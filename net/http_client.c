/* The HTTP client: callers queue transfers, one thread lets libcurl carry them out. */
#include "net/http_client.h"

#include "base/env.h"
#include "base/str.h"
#include "net/curl_loop.h"
#include "net/transfer.h"

#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <utlist.h>

enum {
    MOST_IDLE_TRANSFERS = 256,
    MOST_KEPT_CONNECTIONS = 4096,
};

struct http_client {
    struct transfer_settings settings;
    struct curl_loop loop;    /* of the thread, save for waking it */
    struct transfer *running; /* of the thread */
    pthread_t thread;
    bool started;
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

static void add(struct http_client *client, struct transfer *transfer)
{
    const struct libcurl *curl = client->settings.curl;
    if (transfer->failure.status == 0 &&
        curl->multi_add_handle(client->loop.multi, transfer->easy) != CURLM_OK)
        transfer_cancel(transfer, "libcurl does not take the request");

    if (transfer->failure.status)
        finish(client, transfer);
    else
        DL_APPEND(client->running, transfer);
}

static void take_out(struct http_client *client, struct transfer *transfer)
{
    client->settings.curl->multi_remove_handle(client->loop.multi, transfer->easy);
    DL_DELETE(client->running, transfer);
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

static void finish_ended(struct http_client *client)
{
    const struct libcurl *curl = client->settings.curl;
    int left;
    for (CURLMsg *message; (message = curl->multi_info_read(client->loop.multi, &left));) {
        struct transfer *transfer;
        long opened = 0;
        CURLcode result = message->data.result;
        curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        curl->easy_getinfo(message->easy_handle, CURLINFO_NUM_CONNECTS, &opened);
        atomic_fetch_add(&client->connections, (uint_fast64_t)opened);
        transfer_end(transfer, result);
        take_out(client, transfer);
        finish(client, transfer);
    }
}

/* Fails all that runs or waits; what its callers start meanwhile fails as well. */
static void cancel_all(struct http_client *client, struct transfer *queued)
{
    bool idle = false, closing;
    while (!idle) {
        struct transfer *transfer, *next;
        DL_FOREACH_SAFE(queued, transfer, next)
        {
            DL_APPEND(client->running, transfer);
        }
        DL_FOREACH_SAFE(client->running, transfer, next)
        {
            take_out(client, transfer);
            transfer_cancel(transfer, "the HTTP client was closed");
            finish(client, transfer);
        }
        queued = take_queue(client, &idle, &closing);
        idle = !queued;
    }
}

static void *run(void *context)
{
    struct http_client *client = context;
    for (;;) {
        bool idle, closing;
        struct transfer *queued = take_queue(client, &idle, &closing), *transfer, *next;
        if (closing) {
            cancel_all(client, queued);
            curl_loop_hang_up(&client->loop); /* here, where signals are blocked */
            return NULL;
        }
        DL_FOREACH_SAFE(queued, transfer, next)
        {
            add(client, transfer);
        }
        curl_loop_turn(&client->loop, idle);
        finish_ended(client);
    }
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

struct http_client *http_client_open(const struct http_client_options *options, struct err *err)
{
    const struct libcurl *curl = libcurl_load(err);
    if (!curl)
        return NULL;

    OWN(http_client)
    struct http_client *client = must_alloc(sizeof(*client));
    pthread_mutex_init(&client->lock, NULL);
    client->settings.curl = curl;
    client->settings.loop = &client->loop;
    read_options(&client->settings, options);
    if (!curl_loop_init(&client->loop, curl, err))
        return NULL;
    curl->multi_setopt(client->loop.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl->multi_setopt(client->loop.multi, CURLMOPT_MAXCONNECTS, (long)MOST_KEPT_CONNECTIONS);
    return start_thread(client, err) ? give(&client) : NULL;
}

static void stop_thread(struct http_client *client)
{
    assert(!pthread_equal(pthread_self(), client->thread));
    pthread_mutex_lock(&client->lock);
    client->closing = true;
    pthread_mutex_unlock(&client->lock);
    curl_loop_wake(&client->loop);
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
    curl_loop_done(&client->loop);
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
    transfer_begin(transfer, call, ended, context);

    pthread_mutex_lock(&client->lock);
    DL_APPEND(client->queued, transfer);
    bool wake = client->asleep && !pthread_equal(pthread_self(), client->thread);
    client->asleep = client->asleep && !wake;
    pthread_mutex_unlock(&client->lock);
    if (wake)
        curl_loop_wake(&client->loop);
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
