/* SPDX-License-Identifier: Apache-2.0 */
/* Opens, runs and stops the data plane, and connects it to sockets, clocks and threads. */
#include "kn-local/dataplane/runtime_private.h"

#include "base/file.h"
#include "base/random.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/channel_http.h"
#include "kn-local/serving/proxy.h"

#include <sys/statvfs.h>

enum {
    DRAIN_SEC = 10,       /* for deliveries and requests, by default */
    STOP_SEC = 12,        /* for programs: what they have until SIGKILL, and a little */
    SERVER_DRAIN_SEC = 1, /* for what has been answered to reach its client */
};

static int64_t now_ns(void *app)
{
    (void)app;
    return timestamp_now_ns();
}

static int64_t monotonic_ns(void *app)
{
    (void)app;
    return timestamp_monotonic_ns();
}

static void fill_random(void *app, void *to, size_t len)
{
    (void)app;
    random_bytes(to, len);
}

static void set_timer(void *app, struct timer *timer, int64_t wait_ns,
                      void (*fire)(struct timer *timer))
{
    int64_t now = timestamp_monotonic_ns();
    event_loop_set_timer(((struct runtime *)app)->loop, timer,
                         wait_ns < INT64_MAX - now ? now + wait_ns : INT64_MAX, fire);
}

static bool cancel_timer(void *app, struct timer *timer)
{
    return event_loop_cancel_timer(((struct runtime *)app)->loop, timer);
}

static uint64_t disk_free(void *app)
{
    struct statvfs disk;
    if (statvfs(((struct runtime *)app)->data_dir, &disk) != 0)
        return UINT64_MAX; /* then writing says what is wrong */
    return (uint64_t)disk.f_bavail * disk.f_frsize;
}

static void publish(void *app, const struct resource_event *event)
{
    const struct resource_listener *listener = &((struct runtime *)app)->options.listener;
    if (listener->event)
        listener->event(event, listener->app);
}

/* A call to a service that does not exist: fails on the loop's thread. */
struct failed_call {
    struct timer timer; /* first */
    struct err err;
    http_client_callback *ended;
    void *context;
};

static void fail_call(struct timer *timer)
{
    struct failed_call *failed = (struct failed_call *)timer;
    failed->ended(NULL, &failed->err, failed->context);
    free(failed);
}

static void send_call(void *app, const struct resolved_address *to, struct http_call *call,
                      http_client_callback *ended, void *context)
{
    struct runtime *runtime = app;
    if (to->to != DESTINATION_SERVICE) {
        call->url = to->url;
        http_client_start(runtime->client, call, ended, context);
        return;
    }
    struct revision *revision = runtime_find_revision(runtime, to->ns, to->name);
    if (revision) {
        request_queue_send(revision, to->path, call, ended, context);
        revision_release(revision);
        return;
    }
    struct failed_call *failed = alloc_zeroed(sizeof(*failed));
    err_set(&failed->err, ERR_UNAVAILABLE, "there is no service %s in namespace %s", to->name,
            to->ns);
    failed->ended = ended;
    failed->context = context;
    set_timer(runtime, &failed->timer, 0, fail_call);
}

static bool take(void *plane, const struct resolved_address *to, struct event_message *event,
                 struct receipt *receipt)
{
    struct runtime *runtime = plane;
    if (!atomic_load(&runtime->begun)) { /* its subscriptions may not be there yet */
        receipt->refused = true;
        receipt_answer(receipt, ERR_UNAVAILABLE, "kn-local is starting");
        receipt_settle(receipt, ERR_UNAVAILABLE, NULL);
        return true;
    }
    struct channel *channel = runtime_find_channel(runtime, to->ns, to->name);
    if (!channel)
        return false;
    channel_take(channel, event, receipt);
    channel_release(channel);
    return true;
}

static void refuse(struct http_exchange *exchange, const struct address *address)
{
    struct err err = {0};
    if (address->to == DESTINATION_NONE)
        err_set(&err, ERR_NOT_FOUND,
                "nothing is here; want /NAMESPACE/channels/NAME or /NAMESPACE/services/NAME");
    else
        err_set(&err, ERR_NOT_FOUND, "there is no %s %s in namespace %s",
                address->to == DESTINATION_CHANNEL ? "channel" : "service", address->name,
                address->ns);
    http_exchange_reply_err(exchange, &err);
}

static void route(struct runtime *runtime, struct http_exchange *exchange)
{
    OWN(address) struct address address;
    address_parse(headers_get(&exchange->headers, "Host"), exchange->path, &address);
    struct channel *channel = NULL;
    struct revision *revision = NULL;
    if (address.to == DESTINATION_CHANNEL &&
        (channel = runtime_find_channel(runtime, address.ns, address.name))) {
        channel_http_receive(channel, exchange);
        channel_release(channel);
    } else if (address.to == DESTINATION_SERVICE &&
               (revision = runtime_find_revision(runtime, address.ns, address.name))) {
        proxy_request(revision, address.path, exchange);
        revision_release(revision);
    } else {
        refuse(exchange, &address);
    }
}

static void on_exchange_ended(struct http_exchange *exchange)
{
    dataplane_io_end(exchange->context);
}

static void handle(struct http_exchange *exchange, void *app)
{
    struct runtime *runtime = app;
    dataplane_io_begin(&runtime->io);
    exchange->context = &runtime->io;
    exchange->ended = on_exchange_ended;
    bool stopping = atomic_load(&runtime->io.stopping);
    if (!stopping && atomic_load(&runtime->begun)) {
        route(runtime, exchange);
        return;
    }
    struct err err = {.retry_after_sec = 1};
    err_set(&err, ERR_UNAVAILABLE, "kn-local is %s", stopping ? "stopping" : "starting");
    http_exchange_reply_err(exchange, &err);
}

static void copy_options(struct runtime *runtime, const struct runtime_options *from)
{
    struct runtime_options *own = &runtime->options;
    *own = *from;
    own->data_dir = runtime->data_dir = str_copy(from->data_dir);
    own->program_dir = runtime->program_dir = str_copy(from->program_dir);
    own->images = runtime->images = alloc_zeroed(from->image_count * sizeof(*own->images));
    for (size_t i = 0; i < from->image_count; i++)
        runtime->images[i] = (struct serving_image){str_copy(from->images[i].name),
                                                    str_copy(from->images[i].command)};
    own->variables = runtime->variables =
        alloc_zeroed(from->variable_count * sizeof(*own->variables));
    for (size_t i = 0; i < from->variable_count; i++)
        runtime->variables[i] = (struct serving_variable){str_copy(from->variables[i].name),
                                                          str_copy(from->variables[i].value)};
    runtime->pods_dir = str_format("%s/pods", from->data_dir);
    runtime->store_path = str_format("%s/channels.db", from->data_dir);
}

static void free_options(struct runtime *runtime)
{
    for (size_t i = 0; i < runtime->options.image_count; i++) {
        free((char *)(uintptr_t)runtime->images[i].name);
        free((char *)(uintptr_t)runtime->images[i].command);
    }
    for (size_t i = 0; i < runtime->options.variable_count; i++) {
        free((char *)(uintptr_t)runtime->variables[i].name);
        free((char *)(uintptr_t)runtime->variables[i].value);
    }
    free(runtime->images);
    free(runtime->variables);
    free(runtime->data_dir);
    free(runtime->program_dir);
    free(runtime->pods_dir);
    free(runtime->store_path);
    free(runtime->root);
}

/* Sockets and threads. The logs of pods of an earlier run are of no use. */
static bool open_io(struct runtime *runtime, struct err *err)
{
    if (!file_make_dirs(runtime->data_dir, err) || !file_remove_tree(runtime->pods_dir, err) ||
        !file_make_dirs(runtime->pods_dir, err) || !(runtime->loop = event_loop_open(err)) ||
        !(runtime->client = http_client_open(NULL, err)))
        return false;
    runtime->io = (struct dataplane_io){.app = runtime,
                                        .now_ns = now_ns,
                                        .monotonic_ns = monotonic_ns,
                                        .random_bytes = fill_random,
                                        .set_timer = set_timer,
                                        .cancel_timer = cancel_timer,
                                        .send = send_call,
                                        .disk_free = disk_free,
                                        .publish = publish};
    runtime->pods.loop = runtime->loop;
    runtime->pods.client = runtime->client;
    runtime->pods.options = &runtime->options;
    runtime->pods.dir = runtime->pods_dir;
    runtime->pods.listener = &runtime->options.listener;
    return true;
}

static bool open_server(struct runtime *runtime, struct err *err)
{
    struct http_server_options options = {.port = runtime->options.port,
                                          .drain_sec = SERVER_DRAIN_SEC,
                                          .handle = handle,
                                          .app = runtime};
    runtime->server = http_server_open(&options, err);
    return runtime->server != NULL;
}

struct runtime *runtime_open(const struct runtime_options *options, struct err *err)
{
    struct runtime *runtime = alloc_zeroed(sizeof(*runtime));
    copy_options(runtime, options);
    pthread_mutex_init(&runtime->change, NULL);
    pthread_rwlock_init(&runtime->names, NULL);
    pod_manager_init(&runtime->pods);
    runtime->simulated = options->io != NULL;
    if (runtime->simulated)
        runtime->io = *options->io;
    bool ok = runtime->simulated || open_io(runtime, err);
    runtime->io.take = take;
    runtime->io.plane = runtime;
    thread_cond_init(&runtime->io.inflight.ended);
    pthread_mutex_init(&runtime->io.inflight.lock, NULL);

    OWN(free) char *journal = str_format("%s/journal", runtime->data_dir);
    ok = ok && (runtime->io.trace = trace_log_open(journal, err)) &&
         (runtime->simulated || open_server(runtime, err));
    if (!ok) {
        runtime_close(runtime);
        return NULL;
    }
    runtime->root = str_format("http://127.0.0.1:%u", runtime_port(runtime));
    return runtime;
}

void runtime_begin(struct runtime *runtime)
{
    pthread_mutex_lock(&runtime->change);
    if (runtime->writer)
        event_log_writer_begin(runtime->writer, runtime_is_kept, runtime);
    atomic_store(&runtime->begun, true);
    pthread_mutex_unlock(&runtime->change);
}

uint16_t runtime_port(const struct runtime *runtime)
{
    return runtime->server ? http_server_port(runtime->server) : 0;
}

int64_t runtime_step(struct runtime *runtime)
{
    return runtime->writer ? event_log_writer_step(runtime->writer) : INT64_MAX;
}

/* Ends the subscriptions: those of channels on disk, or all. What they have not done comes again
 * after the next start, or its sender sends it again. */
static void stop_subscriptions(struct runtime *runtime, bool all)
{
    for (struct entry *entry = runtime->entries; entry; entry = entry->hh.next)
        if (entry->type == ENTRY_SUBSCRIPTION && entry->attached && (all || entry->attached->log))
            subscription_end(entry->subscription, SUBSCRIPTION_STOPPED);
}

void runtime_stop(struct runtime *runtime)
{
    pthread_mutex_lock(&runtime->change);
    atomic_store(&runtime->io.stopping, true);
    if (runtime->writer)
        event_log_writer_pause(runtime->writer);
    for (struct entry *entry = runtime->entries; entry; entry = entry->hh.next)
        if (entry->type == ENTRY_PING)
            ping_source_pause(entry->ping);
    stop_subscriptions(runtime, false);
    pthread_mutex_unlock(&runtime->change);
}

/* Cuts what is still under way. */
static void cut(struct runtime *runtime)
{
    pthread_mutex_lock(&runtime->change);
    atomic_store(&runtime->io.cut, true);
    stop_subscriptions(runtime, true);
    for (struct entry *entry = runtime->entries; entry; entry = entry->hh.next) {
        if (entry->type == ENTRY_REVISION)
            revision_end(entry->revision);
        if (entry->type == ENTRY_PING) /* while there is a loop that its timers are in */
            ping_source_stop(move_ptr(&entry->ping));
    }
    pthread_mutex_unlock(&runtime->change);
}

static void close_io(struct runtime *runtime)
{
    int64_t drain_ns =
        runtime->options.drain_ns ? runtime->options.drain_ns : DRAIN_SEC * NS_PER_SEC;
    if (runtime->server)
        dataplane_io_wait_idle(&runtime->io, timestamp_monotonic_ns() + drain_ns);
    cut(runtime);
    if (runtime->loop)
        event_loop_flush(runtime->loop); /* services refuse what waits for them */
    http_client_close(runtime->client);  /* cuts what hangs: each is called back */
    http_server_close(runtime->server);
    pod_manager_wait(&runtime->pods, timestamp_monotonic_ns() + STOP_SEC * NS_PER_SEC);
    /* what is left waits for nothing but the loop */
    dataplane_io_wait_idle(&runtime->io, timestamp_monotonic_ns() + NS_PER_SEC);
    event_loop_close(runtime->loop);
}

void runtime_close(struct runtime *runtime)
{
    if (!runtime)
        return;
    runtime_stop(runtime);
    if (runtime->simulated)
        cut(runtime);
    else
        close_io(runtime);
    if (runtime->writer)
        event_log_writer_stop(runtime->writer);
    runtime_free_entries(runtime);
    event_log_writer_close(runtime->writer);
    trace_log_close(runtime->io.trace);
    pod_manager_done(&runtime->pods);
    pthread_cond_destroy(&runtime->io.inflight.ended);
    pthread_mutex_destroy(&runtime->io.inflight.lock);
    pthread_rwlock_destroy(&runtime->names);
    pthread_mutex_destroy(&runtime->change);
    free_options(runtime);
    free(runtime);
}

char *runtime_address(const struct runtime *runtime, const struct runtime_destination *target)
{
    return address_url(target, runtime->root);
}

bool runtime_delete_pod(struct runtime *runtime, const char *ns, const char *name)
{
    struct pod *pod = pod_find(&runtime->pods, ns, name);
    if (!pod)
        return false;
    pod_stop(pod);
    pod_release(pod);
    return true;
}

bool runtime_log_read(struct runtime *runtime, const struct serving_log_request *request,
                      struct serving_log_position *at, struct buf *out, bool *ended,
                      struct err *err)
{
    struct pod *pod = pod_find(&runtime->pods, request->ns, request->pod);
    if (!pod)
        return err_set(err, ERR_NOT_FOUND, "there is no pod %s in namespace %s", request->pod,
                       request->ns);
    bool ok = pod_log_read(pod_log(pod), request, at, out, ended, err);
    pod_release(pod);
    return ok;
}
