/* What the files of a workload share: one is about its requests, one about its pods. */
#ifndef KN_LOCAL_SERVING_REVISION_PRIVATE_H
#define KN_LOCAL_SERVING_REVISION_PRIVATE_H

#include "kn-local/serving/revision.h"

#include "base/timestamp.h"

#include <utlist.h>

enum { KEPT_PODS = 2 /* that have ended, for their logs */ };

/* A pod that may get requests. */
struct server {
    struct pod *pod; /* held */
    unsigned active; /* requests under way */
    bool retiring;   /* gets no more: to be stopped when it has none */
    bool stopped;
    struct server *prev, *next;
};

struct request {
    struct workload *workload; /* held */
    struct server *server;     /* NULL while it waits */
    struct http_call call;
    char *path, *url;
    http_ended *ended;
    void *context;
    int64_t deadline_ns;
    int64_t refused_ns; /* when a pod refused the connection first; 0 = never */
    bool own_limit;     /* the deadline is the workload's, not the caller's */
    struct request *prev, *next;
};

/* A spec of our own. */
struct shape {
    struct workload_spec spec; /* its texts are owned */
    struct plan *plan;         /* held */
};

struct workload {
    struct timer timer; /* first: tend */
    atomic_uint refs;
    struct pod_home *home;
    struct runtime_id id; /* its texts are owned */
    bool serves;

    pthread_mutex_t lock; /* guards what follows */
    struct shape shape;
    struct server *servers;
    struct request *waiting; /* in the order they came */
    unsigned waiting_count;
    struct pod *ended[KEPT_PODS]; /* held; the newest first */
    int64_t busy_ns;              /* when there was something to do last */
    int64_t wake_ns;              /* when tend comes next; 0 = not planned */
    bool removed;
    struct runtime_status told; /* its texts below */
    char reason[32], message[256];
    bool has_told;
};

/* Plans a look at how many pods there should be for a moment, unless it comes earlier anyway. Under
 * the lock. */
void workload_plan_tend(struct workload *workload, int64_t at_ns);

/* Gives waiting requests to pods with room. Returns them, to be started without the lock. Under
 * the lock. */
struct request *workload_assign(struct workload *workload);
void workload_start_all(struct request *chosen);

/* Takes those out that have waited too long, onto *late, or all. Under the lock. */
void workload_take_late(struct workload *workload, int64_t now, struct request **late);
struct request *workload_take_all(struct workload *workload);

/* Ends requests that no pod has answered: too late, or by a reason. Without the lock. */
void workload_refuse_late(struct request *late);
void workload_refuse(struct request *hopeless, const char *why);

#endif
