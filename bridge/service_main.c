/* SPDX-License-Identifier: Apache-2.0 */
/* The main program of a service: arguments, configuration, push tokens. */
#include "bridge/service_main.h"

#include "base/log.h"
#include "base/str.h"

static const char usage[] =
    "usage: %s [--help | --version]\n"
    "\n"
    "%s"
    "\n"
    "  POST /          an event\n"
    "%s"
    "  GET /healthz, /readyz, /metrics\n"
    "\n"
    "Environment:\n"
    "  PORT                port to listen on (8080)\n"
    "  BIND_ADDRESS        address to listen on (0.0.0.0)\n"
    "  MAX_BODY_BYTES      a larger request gets 413 (33554432)\n"
    "  LOG_FORMAT          text or json (text)\n"
    "  LOG_LEVEL           debug, info, warning or error (info)\n"
    "%s"
    "%s"
    "  PUSH_AUDIENCE       accept only requests with Google's OIDC token for this audience\n"
    "  PUSH_EMAIL          ... and of this service account\n";

static const char google[] =
    "  GOOGLE_APPLICATION_CREDENTIALS\n"
    "                      credentials file; else gcloud's, else the metadata server\n"
    "  GOOGLE_CLOUD_PROJECT\n"
    "                      project; else the credentials'\n";

/* A running program. */
struct state {
    const struct service_program *program;
    void *app;             /* passed to the handler */
    struct gcp_push *push; /* NULL = any sender is allowed */
};

static void own_state(struct state *state)
{
    gcp_push_close(state->push);
    if (state->app)
        state->program->close(state->app);
}

static bool handle(const struct ce_event *event, struct ce_reply *reply, void *app, struct err *err)
{
    struct state *state = app;
    return state->program->handler(event, reply, state->app, err);
}

static bool guard(const struct headers *headers, void *app, struct err *err)
{
    struct state *state = app;
    return !state->push || gcp_push_check(state->push, headers_get(headers, "Authorization"), err);
}

static bool get(struct http_exchange *exchange, void *app)
{
    struct state *state = app;
    return state->program->get && state->program->get(exchange, state->app);
}

static bool run(const struct service_program *program, struct err *err)
{
    OWN(state) struct state state = {.program = program};
    if (!log_from_env(err))
        return false;
    if (program->open && !(state.app = program->open(program->apis, err)))
        return false;
    if (!gcp_push_open(&state.push, err))
        return false;
    const struct ce_service service = {
        .name = program->name,
        .handler = handle,
        .blocking = program->apis || state.push, /* the guard waits for Google's keys */
        .app = &state,
        .guard = guard,
        .get = get,
    };
    return ce_serve(&service, err);
}

int service_main(int argc, char **argv, const struct service_program *program)
{
    if (argc == 2 && str_equal(argv[1], "--help")) {
        printf(usage, program->name, program->about, program->paths ? program->paths : "",
               program->apis ? google : "", program->settings ? program->settings : "");
        return EXIT_SUCCESS;
    }
    if (argc == 2 && str_equal(argv[1], "--version")) {
        printf("%s %s\n", program->name, VERSION);
        return EXIT_SUCCESS;
    }
    if (argc > 1) {
        fprintf(stderr, "%s: unknown argument %s; try %s --help\n", program->name, argv[1],
                program->name);
        return 2;
    }
    struct err err = {0};
    if (run(program, &err))
        return EXIT_SUCCESS;
    log_error("%s: %s", program->name, err.text);
    return err.status == ERR_INPUT ? 2 : EXIT_FAILURE;
}
