/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes API for kubectl: discovery, objects, tables, watches and logs, over HTTPS, for
 * holders of the token only. */
#ifndef KN_LOCAL_API_API_SERVER_H
#define KN_LOCAL_API_API_SERVER_H

#include "base/err.h"
#include "kn-local/store/object_store.h"
#include "net/server/http_server.h"

struct api_server;

/* Which lines of a pod's log are read. */
struct api_log_request {
    const char *ns, *pod;
    bool previous;    /* of the run before the last restart */
    int64_t since_ns; /* only lines written at or after this time; 0 = all */
    int64_t tail;     /* only the last lines; -1 = all. Obeyed by the first read only */
    bool timestamps;  /* each line begins with its time and a space */
};

/* Where the next read continues. All zero is the beginning. */
struct api_log_position {
    uint64_t offset;
    uint64_t run; /* which run of the pod's process */
};

/* The processes of pods. Called from several threads at once. */
struct api_pods {
    /* Stops a pod that may not exist. */
    void (*stop)(void *app, const char *ns, const char *pod);
    /* Appends the lines from the position on, as many as out->max allows, and moves the position
     * after them. Nothing appended: no more for now; *ended says whether more can follow. False and
     * err: ERR_NOT_FOUND (no such pod, no previous run). */
    bool (*read_log)(void *app, const struct api_log_request *request,
                     struct api_log_position *position, struct buf *out, bool *ended,
                     struct err *err);
    void *app;
};

struct api_server_options {
    struct object_store *objects;
    struct api_pods pods;
    const char *token; /* of authorized requests; borrowed until the server is closed */
};

struct api_server *api_server_open(const struct api_server_options *options, struct err *err);

/* Ends all watches and followed logs, and those still to come, so that the HTTP server can be
 * closed. */
void api_server_drain(struct api_server *server);

/* Frees it; to be called when the HTTP server is closed. NULL is fine. */
void api_server_close(struct api_server *server);

static inline void own_api_server(struct api_server **local)
{
    api_server_close(*local);
}

/* Sets the handlers of an HTTP server that is to be opened. */
void api_server_set_handlers(struct api_server *server, struct http_server_options *options);

#endif
