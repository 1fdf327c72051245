/* The data plane: channels, subscriptions, services and sources as processes. It knows nothing of
 * Kubernetes: whoever reads manifests (the controllers) tells it what there should be, and it tells
 * what became of that.
 *
 * All calls may come from any thread. What is passed in is borrowed for the call; the runtime
 * copies what it keeps. Every apply makes or changes, and is cheap when nothing changed; every
 * remove stops what ran and is harmless when there was nothing. */
#ifndef KN_LOCAL_DATAPLANE_RUNTIME_H
#define KN_LOCAL_DATAPLANE_RUNTIME_H

#include "base/buf.h"
#include "base/err.h"
#include "cloudevents/delivery_policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct runtime;

/* ---- what there should be ---------------------------------------------------------------------
 */

enum runtime_kind { RUNTIME_CHANNEL, RUNTIME_SUBSCRIPTION, RUNTIME_SERVICE, RUNTIME_SOURCE };

/* One thing. Names are unique within kind and namespace. Sources of several kinds may share a
 * name, so theirs is e.g. "pingsource/every-minute". */
struct runtime_id {
    enum runtime_kind kind;
    const char *ns, *name;
};

/* Where events go. All zero: nowhere. */
struct runtime_target {
    enum { TARGET_NONE, TARGET_URL, TARGET_CHANNEL, TARGET_SERVICE } to;
    const char *ns, *name; /* of the channel or service */
    const char *url; /* TARGET_URL: absolute; else a path and query behind its address, or NULL */
};

struct runtime_channel {
    const char *ns, *name;
    bool durable; /* kept on disk, 202 once the event is safe; else in memory */
    bool
        async; /* in memory only: 202 before the deliveries (messaging.knative.dev/async-handler) */
};

/* A subscription takes part once its channel is there too, in whatever order they come. */
struct runtime_subscription {
    const char *ns, *name;
    const char *channel; /* its name, in the same namespace */
    struct runtime_target subscriber, reply, dead_letter;
    struct delivery_policy policy; /* the one that won: the subscription's or its channel's */
};

struct runtime_variable {
    const char *name, *value;
};

/* A file that the process finds, e.g. a key of a Secret. */
struct runtime_file {
    const char *path; /* absolute, as in the container: /var/secrets/google/key.json */
    struct bytes content;
};

/* What runs. Files are written below the data directory (mode 0600), and variables whose value
 * holds a file's path get the path where it really is. */
struct runtime_container {
    const char *name;           /* "user-container" */
    const char *image;          /* names a local program: see runtime_options.images */
    const char *const *command; /* NULL-terminated, replaces the program; NULL = the image's */
    const char *const *args;    /* NULL-terminated; NULL = none */
    const struct runtime_variable *variables;
    size_t variable_count;
    const struct runtime_file *files;
    size_t file_count;
    const char *working_dir; /* NULL = where kn-local was started */
};

struct runtime_service {
    const char *ns, *name;
    const char *revision; /* "hello-00001"; another one replaces the processes, old ones drain */
    const char *pod_base; /* pods are named pod_base and "-x7k2p" */
    struct runtime_container container;
    uint16_t port;          /* containerPort: told as PORT when given; 0 = the runtime picks one */
    unsigned min_scale;     /* 0 = stop after idle time */
    unsigned max_scale;     /* 0 = one process is enough: the runtime's default */
    unsigned concurrency;   /* requests at once in a process; 0 = no limit */
    int64_t timeout_ns;     /* of a request; 0 = 300 s */
    int64_t idle_ns;        /* 0 = runtime_options.idle_ns */
    const char *probe_path; /* an HTTP readiness probe; NULL = until the port is open */
};

/* A process that sends events to a sink: it gets K_SINK, K_CE_OVERRIDES and NAMESPACE. */
struct runtime_source {
    const char *ns, *name; /* as in runtime_id */
    const char *pod_base;
    struct runtime_container container;
    struct runtime_target sink;
    const char *overrides; /* the JSON of spec.ceOverrides; NULL = none */
};

/* A PingSource: events by the clock. */
struct runtime_ping {
    const char *ns, *name; /* as in runtime_id: "pingsource/NAME" */
    const char *schedule;  /* cron, five or six fields, or @hourly and the like */
    const char *timezone;  /* NULL = the machine's */
    const char *content_type;
    struct bytes data;
    struct runtime_target sink;
    const char *overrides;
};

/* False and err: ERR_INPUT when what is asked for makes no sense (a schedule that is none), else
 * why it cannot be (disk full). What was there before stays as it was. */
bool runtime_apply_channel(struct runtime *runtime, const struct runtime_channel *channel,
                           struct err *err);
bool runtime_apply_subscription(struct runtime *runtime,
                                const struct runtime_subscription *subscription, struct err *err);
bool runtime_apply_service(struct runtime *runtime, const struct runtime_service *service,
                           struct err *err);
bool runtime_apply_source(struct runtime *runtime, const struct runtime_source *source,
                          struct err *err);
bool runtime_apply_ping(struct runtime *runtime, const struct runtime_ping *ping, struct err *err);

/* Ends it: its processes are stopped, the events that a channel still holds for it are dropped. */
void runtime_remove(struct runtime *runtime, struct runtime_id id);

/* Checks a PingSource's schedule and timezone (NULL = none) before anything is applied. */
bool runtime_schedule_valid(const char *schedule, const char *timezone, struct err *err);

/* The URL at which a channel or service can be reached from this machine, whether it exists or not,
 * e.g. "http://127.0.0.1:8484/default/channels/pubsub-test". The caller frees. */
char *runtime_address(const struct runtime *runtime, const struct runtime_target *target);

/* ---- what became of it ------------------------------------------------------------------------
 */

enum runtime_ready { READY_UNKNOWN, READY_TRUE, READY_FALSE };

/* How a thing is. A service is ready as soon as its image names a program, unless its last start
 * failed; a source while its process runs. reason is one word ("CrashLoopBackOff",
 * "ErrImagePull", "StoreFailed"), message a line for people; both "" when ready. */
struct runtime_status {
    struct runtime_id id;
    enum runtime_ready ready;
    const char *reason, *message;
    unsigned replicas; /* processes that are running (services, sources) */
};

enum runtime_phase {
    POD_PENDING, /* starting, or waiting to be started again (waiting_reason says why) */
    POD_RUNNING,
    POD_SUCCEEDED, /* stopped by us, or ended with 0; kept for its log */
    POD_FAILED,
    POD_GONE, /* forgotten, with its log: the last word about it */
};

/* A process, over all its restarts. */
struct runtime_pod {
    const char *ns, *name;
    struct runtime_id owner;
    const char *revision;  /* of a service, else NULL */
    const char *container; /* "user-container" */
    const char *image;
    enum runtime_phase phase;
    bool ready;
    int pid;       /* 0 while there is none */
    uint16_t port; /* that it listens on, 0 = none */
    unsigned restarts;
    const char *waiting_reason, *waiting_message; /* "CrashLoopBackOff", "ErrImagePull"; or NULL */
    int exit_code;                                /* of the last end; negative: the signal */
    int64_t created_ns, started_ns, finished_ns;  /* wall clock; 0 = not yet */
};

/* Something worth telling: a dropped event, a start, a crash. Becomes a Kubernetes Event. */
struct runtime_event {
    struct runtime_id about;
    bool warning;
    const char *reason; /* "EventDropped", "Started", "BackOff" */
    const char *message;
};

/* Called on any of the runtime's threads, with no lock held; must not block. Everything is borrowed
 * for the call. Each may be NULL. */
struct runtime_listener {
    void (*status)(const struct runtime_status *status, void *app);
    void (*pod)(const struct runtime_pod *pod, void *app);
    void (*event)(const struct runtime_event *event, void *app);
    void *app;
};

/* Stops a pod now; a service's or source's is replaced when it is needed. False: no such pod. */
bool runtime_delete_pod(struct runtime *runtime, const char *ns, const char *pod);

/* ---- logs ------------------------------------------------------------------------------------ */

/* Where reading a log stands. All zero is the beginning. */
struct runtime_log {
    uint64_t offset;
    uint64_t run; /* which run of the process (restarts) */
};

struct runtime_log_request {
    const char *ns, *pod;
    bool previous;    /* of the run before the last restart */
    int64_t since_ns; /* only lines written at or after; 0 = all */
    int64_t tail;     /* only the last lines; -1 = all. Obeyed by the first read only */
    bool timestamps;  /* each line opens with its time and a space */
};

/* Appends to out the whole lines from `at` on, as many as fit out->max, and moves `at` behind them.
 * Nothing appended: no more for now, and *ended says whether there can come more. Works for pods
 * that have ended until POD_GONE. False and err: ERR_NOT_FOUND (no such pod, no previous run). */
bool runtime_log_read(struct runtime *runtime, const struct runtime_log_request *request,
                      struct runtime_log *at, struct buf *out, bool *ended, struct err *err);

/* ---- its life -------------------------------------------------------------------------------- */

/* --image NAME=COMMAND: what an image's last path component (without tag and digest) runs. */
struct runtime_image {
    const char *name, *command;
};

struct runtime_options {
    const char *data_dir;    /* durable channels, the journal, logs; made when missing */
    uint16_t port;           /* of the data plane, plain HTTP on loopback; 0 = a free one */
    const char *program_dir; /* where the project's own programs lie */
    const struct runtime_image *images;
    size_t image_count;
    const struct runtime_variable *variables; /* for every process: PUBSUB_EMULATOR_HOST… */
    size_t variable_count;
    int64_t idle_ns; /* a service without request for so long is stopped; 0 = 60 s */
    struct runtime_listener listener;
};

/* NULL and err: the port is in use, the data directory is not writable. Until runtime_begin the
 * data plane answers 503 with Retry-After: an event that came before the subscriptions of its
 * channel would be taken and reach nobody. */
struct runtime *runtime_open(const struct runtime_options *options, struct err *err);

/* All that there should be from the start has been applied: takes events from now on. */
void runtime_begin(struct runtime *runtime);

uint16_t runtime_port(const struct runtime *runtime);

/* Drains: answers what was accepted, finishes deliveries in memory (durable ones wait on disk),
 * stops all processes, frees. NULL is fine. */
void runtime_close(struct runtime *runtime);

static inline void own_runtime(struct runtime **local)
{
    runtime_close(*local);
}

#endif
