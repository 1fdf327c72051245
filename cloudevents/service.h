/* SPDX-License-Identifier: Apache-2.0 */
/* What every event service shares: the HTTP side, health, metrics, logs, limits, draining. */
#ifndef CLOUDEVENTS_SERVICE_H
#define CLOUDEVENTS_SERVICE_H

#include "cloudevents/event.h"
#include "net/server/http_server.h"

/* What a handler answers. All zero: nothing to answer, the event is acknowledged. */
struct ce_reply {
    char *text;            /* one line for a person who sent no CloudEvent; owned */
    struct ce_event event; /* for everybody else (ce_event_new); empty = none */
};

void ce_reply_done(struct ce_reply *reply);

static inline void own_ce_reply(struct ce_reply *local)
{
    ce_reply_done(local);
}

/* Handles one event. Returns true to acknowledge it, after filling reply if there is something to
 * answer; or fails with err, whose status tells the sender whether to send it again. Called from
 * several threads at once: app is shared, everything else belongs to this call. */
typedef bool ce_handler(const struct ce_event *event, struct ce_reply *reply, void *app,
                        struct err *err);

/* All but name and handler may be left out. */
struct ce_service {
    const char *name; /* of the program, e.g. "vision" */
    ce_handler *handler;
    bool blocking; /* the handler or the guard waits for others: run them on a worker thread */
    void *app;     /* is passed to the functions */

    /* Decides whether a request may be handled at all (push tokens). False and err: 401, 403, 503.
     */
    bool (*guard)(const struct headers *headers, void *app, struct err *err);

    /* Answers a GET besides those of every service and returns true, or false: then it is 405. */
    bool (*get)(struct http_exchange *exchange, void *app);
};

/* Serves until SIGTERM or SIGINT, then answers what was accepted. False and err (ERR_INPUT for a
 * wrong configuration) when it cannot start.
 *
 * POST     events in any envelope: 200 with the reply if there is one
 * OPTIONS  the webhook handshake
 * GET      /healthz: 200 while the process lives; /readyz: 200 until it drains; /metrics:
 *          Prometheus text
 *
 * Environment: PORT (8080), BIND_ADDRESS (0.0.0.0), MAX_BODY_BYTES (32 MiB), K_SERVICE, K_REVISION,
 * K_CONFIGURATION (name the process in metrics). */
bool ce_serve(const struct ce_service *service, struct err *err);

#endif
