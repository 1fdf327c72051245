/* SPDX-License-Identifier: Apache-2.0 */
/* An event service: HTTP, health checks, metrics, logs, limits, draining. */
#ifndef CLOUDEVENTS_SERVICE_H
#define CLOUDEVENTS_SERVICE_H

#include "cloudevents/event.h"
#include "net/server/http_server.h"

/* The reply of a handler. All zero: the event is acknowledged without a reply. */
struct ce_reply {
    char *text;            /* one line, if the request was not a CloudEvent; owned */
    struct ce_event event; /* if it was one (ce_event_new); empty = none */
};

void ce_reply_done(struct ce_reply *reply);

static inline void own_ce_reply(struct ce_reply *local)
{
    ce_reply_done(local);
}

/* Handles one event. True acknowledges it; reply may be filled in. False with err: its status tells
 * the sender whether to send the event again. Called from several threads at once: app is shared,
 * everything else belongs to this call. */
typedef bool ce_handler(const struct ce_event *event, struct ce_reply *reply, void *app,
                        struct err *err);

/* name and handler are required. */
struct ce_service {
    const char *name; /* of the program, e.g. "vision" */
    ce_handler *handler;
    bool blocking; /* the handler or the guard may block: run them on a worker thread */
    void *app;     /* passed to the functions */

    /* Decides whether a request is allowed (push tokens). False and err: 401, 403, 503. */
    bool (*guard)(const struct headers *headers, void *app, struct err *err);

    /* Answers a GET of its own paths and returns true; false = 405. */
    bool (*get)(struct http_exchange *exchange, void *app);
};

/* Serves until SIGTERM or SIGINT, then answers the accepted requests. False and err (ERR_INPUT for
 * a wrong configuration) when it cannot start.
 *
 * POST     events in any envelope: 200 with the reply if there is one
 * OPTIONS  the webhook handshake
 * GET      /healthz: 200; /readyz: 200, or 503 while draining; /metrics: Prometheus text
 *
 * Environment: PORT (8080), BIND_ADDRESS (0.0.0.0), MAX_BODY_BYTES (32 MiB), K_SERVICE, K_REVISION,
 * K_CONFIGURATION (labels of the metrics). */
bool ce_serve(const struct ce_service *service, struct err *err);

#endif
