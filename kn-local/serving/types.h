/* SPDX-License-Identifier: Apache-2.0 */
/* Types of services and sources as processes: what runs, and what is reported about it. */
#ifndef KN_LOCAL_SERVING_TYPES_H
#define KN_LOCAL_SERVING_TYPES_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum resource_kind { RESOURCE_CHANNEL, RESOURCE_SUBSCRIPTION, RESOURCE_SERVICE, RESOURCE_SOURCE };

/* Identifies a resource. Names are unique per kind and namespace. Sources of several kinds may
 * share a name, so theirs carry the kind, e.g. "pingsource/every-minute". */
struct resource_id {
    enum resource_kind kind;
    const char *ns, *name;
};

struct serving_variable {
    const char *name, *value;
};

/* A file mounted for the process, e.g. a key of a Secret. */
struct serving_file {
    const char *path; /* absolute, as in the container: /var/secrets/google/key.json */
    struct bytes content;
};

/* What runs. Files are written below the data directory (mode 0600); variables that hold the path
 * of such a file get its real path. */
struct serving_container {
    const char *name;           /* "user-container" */
    const char *image;          /* names a local program: see runtime_options.images */
    const char *const *command; /* NULL-terminated, replaces the program; NULL = the image's */
    const char *const *args;    /* NULL-terminated; may be NULL */
    const struct serving_variable *variables;
    size_t variable_count;
    const struct serving_file *files;
    size_t file_count;
    const char *working_dir; /* NULL = where kn-local was started */
};

struct runtime_service {
    const char *ns, *name;
    const char *revision; /* "hello-00001"; a new name replaces the processes, old ones drain */
    const char *pod_base; /* pods are named pod_base and "-x7k2p" */
    struct serving_container container;
    unsigned min_scale;     /* 0 = stop after idle time */
    unsigned max_scale;     /* 0: the default, one process */
    unsigned concurrency;   /* requests at once per process; 0: unlimited */
    int64_t timeout_ns;     /* of a request; 0 = 300 s */
    int64_t idle_ns;        /* 0 = runtime_options.idle_ns */
    const char *probe_path; /* an HTTP readiness probe; NULL = until the port is open */
};

/* --image NAME=COMMAND: the command for images whose last path component is NAME. */
struct serving_image {
    const char *name, *command;
};

enum resource_ready { READY_UNKNOWN, READY_TRUE, READY_FALSE };

/* The status of a resource. A service is ready as soon as its image names a program, unless its
 * last start failed; a source is ready while its process runs. reason is one word
 * ("CrashLoopBackOff", "ErrImagePull", "StoreFailed"), message one line for people; both "" when
 * ready. */
struct resource_status {
    struct resource_id id;
    enum resource_ready ready;
    const char *reason, *message;
    unsigned replicas; /* running processes (services, sources) */
};

enum serving_pod_phase {
    POD_PENDING, /* starting, or waiting for a restart (see waiting_reason) */
    POD_RUNNING,
    POD_SUCCEEDED, /* stopped by us, or ended with 0; kept for its log */
    POD_FAILED,
    POD_GONE, /* removed, with its log: the last report of the pod */
};

/* A pod: a process and its restarts. */
struct serving_pod {
    const char *ns, *name;
    struct resource_id owner;
    const char *revision;  /* of a service; NULL for a source */
    const char *container; /* "user-container" */
    const char *image;
    enum serving_pod_phase phase;
    bool ready;
    int pid;       /* 0: not running */
    uint16_t port; /* its PORT; 0: not a service */
    unsigned restarts;
    const char *waiting_reason, *waiting_message; /* "CrashLoopBackOff", "ErrImagePull"; or NULL */
    int exit_code;                                /* of the last run; negative: the signal */
    int64_t created_ns, started_ns, finished_ns;  /* wall clock; 0 = not yet */
};

/* A dropped event, a start, a crash: becomes a Kubernetes Event. */
struct resource_event {
    struct resource_id about;
    bool warning;
    const char *reason; /* "EventDropped", "Started", "BackOff" */
    const char *message;
};

/* Called on any thread of the runtime with no lock held; must not block. Everything passed is
 * borrowed for the call. Each may be NULL. */
struct resource_listener {
    void (*status)(const struct resource_status *status, void *app);
    void (*pod)(const struct serving_pod *pod, void *app);
    void (*event)(const struct resource_event *event, void *app);
    void *app;
};

/* A position in a log. All zero is the beginning. */
struct serving_log_position {
    uint64_t offset;
    uint64_t run; /* which run of the process (restarts) */
};

struct serving_log_request {
    const char *ns, *pod;
    bool previous;    /* the run before the last restart */
    int64_t since_ns; /* only lines written at or after; 0 = all */
    int64_t tail;     /* only the last lines; -1: all. Used by the first read only */
    bool timestamps;  /* each line starts with its time and a space */
};

struct dataplane_io;

struct runtime_options {
    const char *data_dir;    /* event logs, trace, pod logs; created when missing */
    uint16_t port;           /* of the data plane, plain HTTP on loopback; 0: a free one */
    const char *program_dir; /* holds the project's own programs */
    const struct serving_image *images;
    size_t image_count;
    const struct serving_variable *variables; /* for every process: PUBSUB_EMULATOR_HOST… */
    size_t variable_count;
    int64_t idle_ns; /* a service without requests for so long is stopped; 0: 60 s */
    struct resource_listener listener;
    bool sync;         /* a durable channel answers when the event survives a loss of power */
    int64_t max_bytes; /* of events that one durable channel keeps; 0 = 1 GiB */
    int64_t drain_ns;  /* how long deliveries may go on at the end; 0 = 10 s */
    const char *vfs;   /* SQLite's name of what owns the files of durable channels; NULL = system */
    const struct dataplane_io *io; /* a simulation's: no sockets, no threads; NULL = the real one */
};

#endif
