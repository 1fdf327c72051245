/* SPDX-License-Identifier: Apache-2.0 */
/* The data plane: one HTTP server in front of what the registry holds, one HTTP client behind. */
#include "kn-local/dataplane/runtime.h"

#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/registry.h"
#include "kn-local/schedule/cron.h"
#include "kn-local/serving/proxy.h"

#include <time.h>

enum {
    DRAIN_SEC = 5, /* for deliveries in memory */
    STOP_SEC = 12, /* for programs: what they have until SIGKILL, and a little */
    SERVER_DRAIN_SEC = 5,
};

struct runtime {
    struct delivery_io world; /* first */
    struct runtime_options options;
    struct serving_image *images;
    struct serving_variable *variables;
    char *data_dir, *program_dir, *pods_dir, *store_path, *root;
    struct event_loop *loop;
    struct http_client *client;
    struct http_server *server;
    struct trace_log *journal;
    struct pod_manager home;
    struct registry *registry;
    atomic_bool begun, closing;
    atomic_uint handling; /* requests that are being taken in just now */
};

/* A call to a service that is not there: fails on the loop's thread. */
struct failed_call {
    struct timer timer; /* first */
    char *text;
    http_client_callback *ended;
    void *context;
};

static void fail_lost(struct timer *timer)
{
    struct failed_call *lost = (struct failed_call *)timer;
    struct err err = {0};
    err_set(&err, ERR_UNAVAILABLE, "%s", lost->text);
    lost->ended(NULL, &err, lost->context);
    free(lost->text);
    free(lost);
}

static void send_nowhere(struct runtime *runtime, const struct resolved_address *to,
                         http_client_callback *ended, void *context)
{
    struct failed_call *lost = alloc_zeroed(sizeof(*lost));
    lost->text = str_format("there is no service %s in namespace %s", to->name, to->ns);
    lost->ended = ended;
    lost->context = context;
    event_loop_set_timer(runtime->loop, &lost->timer, 0, fail_lost);
}

static void send_to_service(struct runtime *runtime, const struct resolved_address *to,
                            struct http_call *call, http_client_callback *ended, void *context)
{
    struct revision *workload = registry_service(runtime->registry, to->ns, to->name);
    if (!workload) {
        send_nowhere(runtime, to, ended, context);
        return;
    }
    request_queue_send(workload, to->path, call, ended, context);
    revision_release(workload);
}

static void send_call(struct delivery_io *world, const struct resolved_address *to,
                      struct http_call *call, http_client_callback *ended, void *context)
{
    struct runtime *runtime = (struct runtime *)world;
    if (to->to == DESTINATION_SERVICE) {
        send_to_service(runtime, to, call, ended, context);
        return;
    }
    call->url = to->url;
    http_client_start(runtime->client, call, ended, context);
}

static void later(struct delivery_io *world, struct timer *timer, int64_t wait_ns,
                  void (*fire)(struct timer *timer))
{
    int64_t now = timestamp_monotonic_ns();
    event_loop_set_timer(((struct runtime *)world)->loop, timer,
                         wait_ns < INT64_MAX - now ? now + wait_ns : INT64_MAX, fire);
}

static bool cancel(struct delivery_io *world, struct timer *timer)
{
    return event_loop_cancel_timer(((struct runtime *)world)->loop, timer);
}

static void tell(struct delivery_io *world, const struct resource_event *event)
{
    const struct resource_listener *listener = &((struct runtime *)world)->options.listener;
    if (listener->event)
        listener->event(event, listener->app);
}

static void not_found(struct http_exchange *exchange, const struct address *address)
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

static bool handle_channel(struct runtime *runtime, const struct address *address,
                           struct http_exchange *exchange)
{
    struct channel *channel = registry_channel(runtime->registry, address->ns, address->name);
    if (!channel)
        return false;
    channel_receive(channel, exchange);
    channel_release(channel);
    return true;
}

static bool handle_service(struct runtime *runtime, const struct address *address,
                           struct http_exchange *exchange)
{
    struct revision *workload = registry_service(runtime->registry, address->ns, address->name);
    if (!workload)
        return false;
    proxy_request(workload, address->path, exchange);
    revision_release(workload);
    return true;
}

static void route(struct runtime *runtime, struct http_exchange *exchange)
{
    OWN(address) struct address address;
    address_parse(headers_get(&exchange->headers, "Host"), exchange->path, &address);
    bool found =
        (address.to == DESTINATION_CHANNEL && handle_channel(runtime, &address, exchange)) ||
        (address.to == DESTINATION_SERVICE && handle_service(runtime, &address, exchange));
    if (!found)
        not_found(exchange, &address);
}

static void handle(struct http_exchange *exchange, void *app)
{
    struct runtime *runtime = app;
    atomic_fetch_add(&runtime->handling, 1);
    bool closing = atomic_load(&runtime->closing);
    if (closing || !atomic_load(&runtime->begun)) {
        struct err err = {.retry_after_sec = 1};
        err_set(&err, ERR_UNAVAILABLE, "kn-local is %s", closing ? "stopping" : "starting");
        http_exchange_reply_err(exchange, &err);
    } else {
        route(runtime, exchange);
    }
    atomic_fetch_sub(&runtime->handling, 1);
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

/* The logs of an earlier run are of pods that nobody knows any more. */
static bool open_dir(struct runtime *runtime, struct err *err)
{
    OWN(free) char *journal = str_format("%s/journal", runtime->data_dir);
    return file_make_dirs(runtime->data_dir, err) && file_remove_tree(runtime->pods_dir, err) &&
           file_make_dirs(runtime->pods_dir, err) &&
           (runtime->journal = trace_log_open(journal, err)) != NULL;
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

static void open_registry(struct runtime *runtime)
{
    runtime->world = (struct delivery_io){.send = send_call,
                                          .later = later,
                                          .cancel = cancel,
                                          .tell = tell,
                                          .journal = runtime->journal};
    runtime->home.loop = runtime->loop;
    runtime->home.client = runtime->client;
    runtime->home.options = &runtime->options;
    runtime->home.dir = runtime->pods_dir;
    runtime->home.listener = &runtime->options.listener;
    pod_manager_init(&runtime->home);
    runtime->registry = registry_open(&(struct registry_options){
        .world = &runtime->world, .home = &runtime->home, .store_path = runtime->store_path});
}

struct runtime *runtime_open(const struct runtime_options *options, struct err *err)
{
    struct runtime *runtime = alloc_zeroed(sizeof(*runtime));
    copy_options(runtime, options);
    bool good = open_dir(runtime, err) && (runtime->loop = event_loop_open(err)) &&
                (runtime->client = http_client_open(NULL, err));
    if (good) {
        open_registry(runtime);
        good = open_server(runtime, err);
    }
    if (!good) {
        runtime_close(runtime);
        return NULL;
    }
    runtime->root = str_format("http://127.0.0.1:%u", runtime_port(runtime));
    registry_set_root(runtime->registry, runtime->root);
    return runtime;
}

void runtime_begin(struct runtime *runtime)
{
    atomic_store(&runtime->begun, true);
}

uint16_t runtime_port(const struct runtime *runtime)
{
    return http_server_port(runtime->server);
}

static void wait_for_programs(struct runtime *runtime)
{
    pod_manager_wait(&runtime->home, timestamp_monotonic_ns() + STOP_SEC * (int64_t)NS_PER_SEC);
}

/* Lets finish what is under way; after it nothing begins any more. */
static void end_work(struct runtime *runtime)
{
    static const struct timespec moment = {.tv_nsec = NS_PER_MS};
    while (atomic_load(&runtime->handling))
        nanosleep(&moment, NULL);
    registry_drain(runtime->registry, DRAIN_SEC * (int64_t)NS_PER_SEC);
    registry_stop(runtime->registry);
    event_loop_flush(runtime->loop);
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

void runtime_close(struct runtime *runtime)
{
    if (!runtime)
        return;
    atomic_store(&runtime->closing, true);
    if (runtime->registry)
        end_work(runtime);
    http_client_close(runtime->client); /* cuts what hangs: whoever waits for it is answered */
    http_server_close(runtime->server);
    wait_for_programs(runtime);
    event_loop_close(runtime->loop);
    if (runtime->registry) {
        registry_close(runtime->registry);
        pod_manager_done(&runtime->home);
    }
    trace_log_close(runtime->journal);
    free_options(runtime);
    free(runtime);
}

bool runtime_apply_channel(struct runtime *runtime, const struct runtime_channel *channel,
                           struct err *err)
{
    return registry_apply_channel(runtime->registry, channel, err);
}

bool runtime_apply_subscription(struct runtime *runtime,
                                const struct runtime_subscription *subscription, struct err *err)
{
    return registry_apply_subscription(runtime->registry, subscription, err);
}

bool runtime_apply_service(struct runtime *runtime, const struct runtime_service *service,
                           struct err *err)
{
    return registry_apply_service(runtime->registry, service, err);
}

bool runtime_apply_source(struct runtime *runtime, const struct runtime_source *source,
                          struct err *err)
{
    return registry_apply_source(runtime->registry, source, err);
}

bool runtime_apply_ping(struct runtime *runtime, const struct runtime_ping *ping, struct err *err)
{
    return registry_apply_ping(runtime->registry, ping, err);
}

void runtime_remove(struct runtime *runtime, struct resource_id id)
{
    registry_remove(runtime->registry, id);
}

bool runtime_schedule_valid(const char *schedule, const char *zone_name, struct err *err)
{
    struct cron cron;
    if (!cron_parse(schedule, &cron, err))
        return false;
    OWN(time_zone) struct time_zone *zone = timezone_open(zone_name, err);
    return zone != NULL;
}

char *runtime_address(const struct runtime *runtime, const struct runtime_destination *target)
{
    return address_url(target, runtime->root);
}

bool runtime_delete_pod(struct runtime *runtime, const char *ns, const char *name)
{
    struct pod *pod = pod_find(&runtime->home, ns, name);
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
    struct pod *pod = pod_find(&runtime->home, request->ns, request->pod);
    if (!pod)
        return err_set(err, ERR_NOT_FOUND, "there is no pod %s in namespace %s", request->pod,
                       request->ns);
    bool good = pod_log_read(pod_log(pod), request, at, out, ended, err);
    pod_release(pod);
    return good;
}
