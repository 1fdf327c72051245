/* SPDX-License-Identifier: Apache-2.0 */
/* A pod: starts its program, asks whether it is ready, collects its output, starts it again. */
#include "kn-local/serving/pod.h"

#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/serving/image.h"
#include "kn-local/serving/spawn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum {
    FIRST_PROBE_MS = 1,
    LAST_PROBE_MS = 100,
    FIRST_BACKOFF_SEC = 1,
    LAST_BACKOFF_SEC = 60,
    STABLE_RUN_SEC = 60, /* after it the next crash counts as the first */
    PROBE_TIMEOUT_MS = 1000,
};

struct pod {
    struct timer timer; /* first; the next probe, start, or the kill */
    struct fd_watch output, end;
    struct timer order; /* to start or stop, from other threads */
    struct timer again; /* to probe once more, from the HTTP client's thread */
    atomic_uint refs;
    struct pod_manager *manager;
    struct pod_spec *pod_spec; /* held */
    struct pod_log *log;
    char *dir, *ns, *name, *owner_ns, *owner_name, *revision, *probe_path; /* of options */
    struct pod_options options;
    struct http_call probe;
    char *probe_url;
    pid_t pid;         /* 0 = not running */
    unsigned failures; /* in a row */
    int64_t probe_wait_ms;
    bool output_open, end_open;

    pthread_mutex_t lock;     /* guards what follows */
    struct serving_pod state; /* its texts are this pod's */
    char reason[32], message[256];
    bool stopping;

    struct pod *prev, *next; /* of the home's list */
};

/* The reason while the next start comes at once. */
static const char RESTARTING[] = "Error";

static void start(struct timer *timer);

struct pod *pod_hold(struct pod *pod)
{
    atomic_fetch_add(&pod->refs, 1);
    return pod;
}

void pod_release(struct pod *pod)
{
    if (atomic_fetch_sub(&pod->refs, 1) > 1)
        return;
    pod_spec_release(pod->pod_spec);
    pod_log_close(pod->log);
    pthread_mutex_destroy(&pod->lock);
    free(pod->dir);
    free(pod->ns);
    free(pod->name);
    free(pod->owner_ns);
    free(pod->owner_name);
    free(pod->revision);
    free(pod->probe_path);
    free(pod->probe_url);
    free(pod);
}

static void publish_pod(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    struct serving_pod state = pod->state;
    char reason[sizeof(pod->reason)], message[sizeof(pod->message)];
    memcpy(reason, pod->reason, sizeof(reason));
    memcpy(message, pod->message, sizeof(message));
    pthread_mutex_unlock(&pod->lock);
    state.waiting_reason = *reason ? reason : NULL;
    state.waiting_message = *reason ? message : NULL;
    const struct resource_listener *listener = pod->manager->listener;
    if (listener->pod)
        listener->pod(&state, listener->app);
}

static void publish_event(struct pod *pod, bool warning, const char *reason, const char *message)
{
    const struct resource_listener *listener = pod->manager->listener;
    struct resource_event event = {
        .about = pod->options.owner, .warning = warning, .reason = reason, .message = message};
    if (listener->event)
        listener->event(&event, listener->app);
}

static void publish_change(struct pod *pod)
{
    publish_pod(pod);
    if (pod->options.changed)
        pod->options.changed(pod, pod->options.context);
}

static void set_waiting(struct pod *pod, const char *reason, const char *message)
{
    pthread_mutex_lock(&pod->lock);
    snprintf(pod->reason, sizeof(pod->reason), "%s", reason);
    snprintf(pod->message, sizeof(pod->message), "%.*s", (int)sizeof(pod->message) - 1, message);
    pod->state.phase = POD_PENDING;
    pod->state.ready = false;
    pthread_mutex_unlock(&pod->lock);
}

static bool is_stopping(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    bool stopping = pod->stopping;
    pthread_mutex_unlock(&pod->lock);
    return stopping;
}

static void become_ready(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    bool changed = !pod->state.ready && pod->state.pid && !pod->stopping;
    pod->state.ready |= changed;
    pthread_mutex_unlock(&pod->lock);
    if (changed)
        publish_change(pod);
}

static void probe(struct timer *timer);

static void probe_later(struct pod *pod)
{
    int64_t wait_ns = pod->probe_wait_ms * NS_PER_MS;
    if (pod->probe_wait_ms < LAST_PROBE_MS)
        pod->probe_wait_ms = pod->probe_wait_ms * 5 / 4 + 1;
    event_loop_set_timer(pod->manager->loop, &pod->timer, timestamp_monotonic_ns() + wait_ns, probe);
}

/* Whether the program has opened its port. On loopback that is known at once. */
static bool port_open(uint16_t port)
{
    OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0)
        return false;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return true;
    struct pollfd connected = {.fd = fd, .events = POLLOUT};
    return errno == EINPROGRESS && poll(&connected, 1, 0) == 1 &&
           !(connected.revents & (POLLERR | POLLHUP));
}

static void after_probe(struct timer *timer)
{
    struct pod *pod = (struct pod *)((char *)timer - offsetof(struct pod, again));
    if (pod->pid && !is_stopping(pod))
        probe_later(pod);
    pod_release(pod);
}

static void on_probed(struct http_response *response, const struct err *err, void *context)
{
    (void)err;
    struct pod *pod = context;
    bool ok = response && response->status >= 200 && response->status < 400;
    if (ok) {
        become_ready(pod);
        pod_release(pod);
    } else {
        event_loop_set_timer(pod->manager->loop, &pod->again, 0, after_probe);
    }
}

static void probe_by_http(struct pod *pod)
{
    static const struct headers none = {0};
    str_replace(&pod->probe_url, str_format("http://127.0.0.1:%u%s%s", pod->state.port,
                                            *pod->probe_path == '/' ? "" : "/", pod->probe_path));
    pod->probe =
        (struct http_call){.url = pod->probe_url, .headers = &none, .timeout_ms = PROBE_TIMEOUT_MS};
    http_client_start(pod->manager->client, &pod->probe, on_probed, pod_hold(pod));
}

static void probe(struct timer *timer)
{
    struct pod *pod = (struct pod *)timer;
    if (!pod->pid || is_stopping(pod))
        return;
    if (!port_open(pod->state.port))
        probe_later(pod);
    else if (pod->probe_path)
        probe_by_http(pod);
    else
        become_ready(pod);
}

/* Reads what there is; false at its end. */
static bool read_output(struct pod *pod)
{
    char piece[16384];
    for (;;) {
        ssize_t len = read(pod->output.fd, piece, sizeof(piece));
        if (len > 0)
            pod_log_write(pod->log, (struct bytes){piece, (size_t)len}, timestamp_now_ns());
        else if (len == 0 || (errno != EAGAIN && errno != EINTR))
            return false;
        else if (errno == EAGAIN)
            return true;
        if (len < (ssize_t)sizeof(piece))
            return len != 0;
    }
}

static void close_output(struct pod *pod)
{
    if (!pod->output_open)
        return;
    event_loop_unwatch_fd(pod->manager->loop, &pod->output);
    close(pod->output.fd);
    pod->output_open = false;
}

static void on_output(struct fd_watch *watch)
{
    struct pod *pod = (struct pod *)((char *)watch - offsetof(struct pod, output));
    if (!read_output(pod))
        close_output(pod);
}

static int64_t backoff_sec(unsigned failures)
{
    int64_t wait = FIRST_BACKOFF_SEC;
    for (unsigned i = 2; i < failures && wait < LAST_BACKOFF_SEC; i++)
        wait *= 2;
    return failures < 2 ? 0 : wait < LAST_BACKOFF_SEC ? wait : LAST_BACKOFF_SEC;
}

/* Kubernetes' way: the first start after a crash comes at once, the next ones wait. */
static void restart(struct pod *pod, int code)
{
    char message[256];
    int64_t wait = backoff_sec(++pod->failures);
    if (code < 0)
        snprintf(message, sizeof(message), "killed by signal %d; starts again in %d s", -code,
                 (int)wait);
    else
        snprintf(message, sizeof(message), "exited with %d; starts again in %d s", code, (int)wait);
    set_waiting(pod, wait ? "CrashLoopBackOff" : RESTARTING, message);
    publish_event(pod, true, "BackOff", message);
    pthread_mutex_lock(&pod->lock);
    pod->state.restarts++;
    pthread_mutex_unlock(&pod->lock);
    event_loop_set_timer(pod->manager->loop, &pod->timer, timestamp_monotonic_ns() + wait * NS_PER_SEC,
                         start);
}

static void finish(struct pod *pod, int code)
{
    pthread_mutex_lock(&pod->lock);
    pod->state.phase = code == 0 || pod->stopping ? POD_SUCCEEDED : POD_FAILED;
    pod->state.ready = false;
    *pod->reason = '\0';
    pthread_mutex_unlock(&pod->lock);
}

static void record_exit(struct pod *pod, int code)
{
    pthread_mutex_lock(&pod->lock);
    pod->state.exit_code = code;
    pod->state.finished_ns = timestamp_now_ns();
    pod->state.pid = 0;
    if (pod->state.finished_ns - pod->state.started_ns > STABLE_RUN_SEC * (int64_t)NS_PER_SEC)
        pod->failures = 0;
    pthread_mutex_unlock(&pod->lock);
}

static void on_end(struct fd_watch *watch)
{
    struct pod *pod = (struct pod *)((char *)watch - offsetof(struct pod, end));
    event_loop_unwatch_fd(pod->manager->loop, watch);
    int code = spawn_end(watch->fd);
    close(watch->fd);
    spawn_signal(pod->pid, SIGKILL); /* what it left behind in its group */
    pod->pid = 0;
    event_loop_cancel_timer(pod->manager->loop, &pod->timer);
    if (pod->output_open)
        read_output(pod);
    close_output(pod);
    pod_log_end(pod->log, timestamp_now_ns());
    record_exit(pod, code);
    if (is_stopping(pod))
        finish(pod, code);
    else
        restart(pod, code);
    atomic_fetch_sub(&pod->manager->running, 1);
    publish_change(pod);
    pod_release(pod); /* the program's */
}

/* A port that is free just now. */
static uint16_t free_port(void)
{
    OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return 0;
    return ntohs(address.sin_port);
}

static bool spawn(struct pod *pod, int *pidfd, int *output, struct err *err)
{
    uint16_t port = pod->options.serves && !pod->options.port ? free_port() : pod->options.port;
    OWN(image_command) char **env = pod_spec_prepare(pod->pod_spec, pod->dir, port, err);
    if (!env)
        return false;
    struct spawn spawn = {.argv = pod->pod_spec->argv, .env = env, .dir = pod->pod_spec->dir};
    pid_t pid;
    if (!spawn_start(&spawn, &pid, pidfd, output, err))
        return false;
    pthread_mutex_lock(&pod->lock);
    pod->pid = pod->state.pid = pid;
    pod->state.port = port;
    pod->state.phase = POD_RUNNING;
    pod->state.ready = !pod->options.serves;
    pod->state.started_ns = timestamp_now_ns();
    *pod->reason = '\0';
    pthread_mutex_unlock(&pod->lock);
    return true;
}

static void start_failed(struct pod *pod, const char *reason, const char *message)
{
    set_waiting(pod, reason, message);
    publish_event(pod, true, "Failed", message);
    int64_t wait = backoff_sec(++pod->failures + 1);
    event_loop_set_timer(pod->manager->loop, &pod->timer, timestamp_monotonic_ns() + wait * NS_PER_SEC,
                         start);
    publish_change(pod);
}

static void start(struct timer *timer)
{
    struct pod *pod = (struct pod *)timer;
    if (is_stopping(pod))
        return;
    struct err err = {0};
    int pidfd, output;
    if (!pod->pod_spec->argv) {
        start_failed(pod, "ErrImagePull", pod->pod_spec->problem.text);
        return;
    }
    pod_log_begin(pod->log);
    if (!spawn(pod, &pidfd, &output, &err)) {
        start_failed(pod, "CreateContainerError", err.text);
        return;
    }
    atomic_fetch_add(&pod->manager->running, 1);
    pod_hold(pod); /* the program's */
    pod->output_open = true;
    event_loop_watch_fd(pod->manager->loop, &pod->output, output, on_output);
    event_loop_watch_fd(pod->manager->loop, &pod->end, pidfd, on_end);
    pod->probe_wait_ms = FIRST_PROBE_MS;
    if (pod->options.serves)
        probe_later(pod);
    publish_event(pod, false, "Started", pod->name);
    publish_change(pod);
}

static void copy_options(struct pod *pod, const struct pod_options *options)
{
    pod->options = *options;
    pod->ns = str_copy(options->ns);
    pod->name = str_copy(options->name);
    pod->owner_ns = str_copy(options->owner.ns);
    pod->owner_name = str_copy(options->owner.name);
    pod->revision = str_copy(options->revision);
    pod->probe_path = str_copy(options->probe_path);
    pod->options.owner.ns = pod->owner_ns;
    pod->options.owner.name = pod->owner_name;
    pod->state = (struct serving_pod){
        .ns = pod->ns,
        .name = pod->name,
        .owner = pod->options.owner,
        .revision = pod->revision,
        .container = pod->pod_spec->container,
        .image = pod->pod_spec->image,
        .phase = POD_PENDING,
        .created_ns = timestamp_now_ns(),
    };
}

struct pod *pod_new(struct pod_manager *manager, struct pod_spec *pod_spec,
                    const struct pod_options *options, struct err *err)
{
    OWN(free) char *dir = str_format("%s/%s_%s", manager->dir, options->ns, options->name);
    struct pod_log *log = pod_log_open(dir, err);
    if (!log)
        return NULL;
    struct pod *pod = alloc_zeroed(sizeof(*pod));
    atomic_init(&pod->refs, 1);
    pthread_mutex_init(&pod->lock, NULL);
    pod->manager = manager;
    pod->pod_spec = pod_spec_hold(pod_spec);
    pod->log = log;
    pod->dir = move_ptr(&dir);
    copy_options(pod, options);
    pthread_mutex_lock(&manager->lock);
    DL_APPEND(manager->pods, pod);
    pthread_mutex_unlock(&manager->lock);
    publish_pod(pod);
    event_loop_set_timer(manager->loop, &pod->timer, 0, start);
    return pod;
}

static void kill_after_grace(struct timer *timer)
{
    struct pod *pod = (struct pod *)timer;
    if (pod->pid)
        spawn_signal(pod->pid, SIGKILL);
}

static void stop(struct timer *timer)
{
    struct pod *pod = (struct pod *)((char *)timer - offsetof(struct pod, order));
    event_loop_cancel_timer(pod->manager->loop, &pod->timer);
    if (pod->pid) {
        spawn_signal(pod->pid, SIGTERM);
        event_loop_set_timer(pod->manager->loop, &pod->timer,
                             timestamp_monotonic_ns() + pod->options.grace_ns, kill_after_grace);
    } else {
        finish(pod, pod->state.exit_code);
        publish_change(pod);
    }
    pod_release(pod);
}

void pod_stop(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    bool first = !pod->stopping;
    pod->stopping = true;
    pod->state.ready = false;
    pthread_mutex_unlock(&pod->lock);
    if (!first)
        return;
    pod_hold(pod);
    event_loop_set_timer(pod->manager->loop, &pod->order, 0, stop);
}

void pod_forget(struct pod *pod)
{
    struct err err = {0}; /* a folder that stays is removed at the next start */
    pthread_mutex_lock(&pod->manager->lock);
    DL_DELETE(pod->manager->pods, pod);
    pthread_mutex_unlock(&pod->manager->lock);
    pthread_mutex_lock(&pod->lock);
    pod->state.phase = POD_GONE;
    pthread_mutex_unlock(&pod->lock);
    publish_pod(pod);
    file_remove_tree(pod->dir, &err);
}

struct pod *pod_find(struct pod_manager *manager, const char *ns, const char *name)
{
    struct pod *pod;
    pthread_mutex_lock(&manager->lock);
    DL_FOREACH(manager->pods, pod)
    {
        if (str_equal(pod->name, name) && str_equal(pod->ns, ns)) {
            pod_hold(pod);
            break;
        }
    }
    pthread_mutex_unlock(&manager->lock);
    return pod;
}

enum serving_pod_phase pod_phase(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    enum serving_pod_phase phase = pod->state.phase;
    pthread_mutex_unlock(&pod->lock);
    return phase;
}

bool pod_ready(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    bool ready = pod->state.ready;
    pthread_mutex_unlock(&pod->lock);
    return ready;
}

uint16_t pod_port(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    uint16_t port = pod->state.port;
    pthread_mutex_unlock(&pod->lock);
    return port;
}

bool pod_failing(struct pod *pod, char reason[32], char message[256])
{
    pthread_mutex_lock(&pod->lock);
    bool failing = *pod->reason && !str_equal(pod->reason, RESTARTING);
    memcpy(reason, pod->reason, sizeof(pod->reason));
    memcpy(message, pod->message, sizeof(pod->message));
    pthread_mutex_unlock(&pod->lock);
    return failing;
}

struct pod_log *pod_log(struct pod *pod)
{
    return pod->log;
}
