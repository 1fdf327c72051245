/* SPDX-License-Identifier: Apache-2.0 */
/* The main program of a service: what message-dumper, vision and translate share beyond the HTTP
 * side, which is cloudevents/service. */
#ifndef BRIDGE_SERVICE_MAIN_H
#define BRIDGE_SERVICE_MAIN_H

#include "cloudevents/service.h"
#include "gcp/gcp.h"

/* Only name, about and handler are required. */
struct service_program {
    const char *name;     /* e.g. "vision" */
    const char *about;    /* for --help: what it does, as lines */
    const char *paths;    /* for --help: lines for what `get` answers */
    const char *settings; /* for --help: lines for its own environment variables */
    unsigned apis;        /* of Google Cloud that the handler calls: GCP_VISION, … */

    /* Reads the configuration, once, before the first event, and returns the app of the functions
     * below: service_gcp_open for a struct gcp. NULL with err ends the program. Without open and
     * close app is NULL. */
    void *(*open)(unsigned apis, struct err *err);
    void (*close)(void *app);
    ce_handler *handler;
    bool (*get)(struct http_exchange *exchange, void *app); /* as in struct ce_service */
};

/* The whole main of a service. Knows --help and --version, checks push tokens when PUSH_AUDIENCE is
 * set, and serves until SIGTERM or SIGINT. Exit codes: 0 ended by a signal, 1 could not go on, 2
 * wrong arguments or configuration. */
int service_main(int argc, char **argv, const struct service_program *program);

#endif
