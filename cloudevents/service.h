/* What every event service shares: the HTTP side, health, metrics, logs, limits, draining. */
#ifndef CLOUDEVENTS_SERVICE_H
#define CLOUDEVENTS_SERVICE_H

#include "cloudevents/event.h"
#include "net/http_server.h"

/* Handles one event. Returns true to acknowledge it, after filling reply (ce_event_new) if there is
 * something to answer; or fails with err, whose status tells the sender whether to send it again.
 * Called from several threads at once: app is shared, everything else belongs to this call. */
typedef bool ce_handler(const struct ce_event *event, struct ce_event *reply, void *app,
                        struct err *err);

/* Decides whether a request may be handled at all (push tokens). False and err: 401, 403, 503. */
typedef bool ce_guard(const struct headers *headers, void *context, struct err *err);

struct ce_service {
    const char *name; /* of the program, e.g. "vision" */
    ce_handler *handler;
    void *app;
    bool waits;      /* the handler waits for others: run it on a worker thread */
    ce_guard *guard; /* NULL = everybody */
    void *guard_context;
    /* Answers a GET besides those of every service and returns true, or false: then it is 405. */
    bool (*get)(struct http_exchange *exchange, void *app);
};

/* Serves on $PORT (8080) until SIGTERM or SIGINT, then answers what was accepted and returns true.
 *
 * POST     events in any envelope: 2xx, with the reply as a CloudEvent if there is one
 * OPTIONS  the webhook handshake
 * GET      /healthz: 200 while the process lives; /readyz: 200 until it drains; /metrics:
 *          Prometheus text
 *
 * Environment: PORT, MAX_BODY_BYTES, LOG_FORMAT, LOG_LEVEL, K_SERVICE, K_REVISION,
 * K_CONFIGURATION. False and err (ERR_INPUT: a bad variable) when it cannot start. */
bool ce_serve(const struct ce_service *service, struct err *err);

#endif
