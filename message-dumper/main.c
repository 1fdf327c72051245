/* message-dumper's wiring: environment, history, push tokens. */
#include "base/env.h"
#include "base/str.h"
#include "gcp/gcp.h"
#include "message-dumper/history.h"
#include "message-dumper/message-dumper.h"

static const char help[] =
    "usage: message-dumper [--help | --version]\n"
    "\n"
    "Logs every event that is posted to it, as it came and decoded: CloudEvents in any mode and\n"
    "version, Pub/Sub messages in any envelope, plain text.\n"
    "\n"
    "  POST /          an event\n"
    "  GET /events     the last events as JSON\n"
    "  GET /healthz, /readyz, /metrics\n"
    "\n"
    "Environment:\n"
    "  PORT                port to listen on (8080)\n"
    "  BIND_ADDRESS        address to listen on (0.0.0.0)\n"
    "  MAX_BODY_BYTES      a larger request gets 413 (33554432)\n"
    "  HISTORY_EVENTS      how many events GET /events shows (100)\n"
    "  HISTORY_BYTES       and how many bytes of them are kept (1048576)\n"
    "  LOG_FORMAT          text or json (text)\n"
    "  LOG_LEVEL           debug, info, warning or error (info)\n"
    "  PUSH_AUDIENCE       accept only requests with Google's OIDC token for this audience\n"
    "  PUSH_EMAIL          ... and of this service account\n";

static bool open_dumper(void **app, struct err *err)
{
    int64_t most, bytes;
    if (!env_int("HISTORY_EVENTS", 0, 100000, 100, &most, err) ||
        !env_int("HISTORY_BYTES", 0, 1 << 30, 1 << 20, &bytes, err))
        return false;
    struct dumper *dumper = *app = must_alloc(sizeof(*dumper));
    dumper->history = history_open((size_t)most, (size_t)bytes);
    return gcp_push_open(&dumper->push, err);
}

static void close_dumper(void *app)
{
    struct dumper *dumper = app;
    history_close(dumper->history);
    gcp_push_close(dumper->push);
    free(dumper);
}

static bool guard(const struct headers *headers, void *app, struct err *err)
{
    struct dumper *dumper = app;
    return !dumper->push ||
           gcp_push_check(dumper->push, headers_get(headers, "Authorization"), err);
}

static bool get(struct http_exchange *exchange, void *app)
{
    struct dumper *dumper = app;
    if (!str_equal(exchange->path, "/events"))
        return false;
    http_reply_json(exchange, 200, history_json(dumper->history));
    return true;
}

int main(int argc, char **argv)
{
    const struct ce_service service = {
        .name = "message-dumper",
        .help = help,
        .handler = dump_event,
        .waits = env_str("PUSH_AUDIENCE", NULL) != NULL, /* the guard does, for Google's keys */
        .open = open_dumper,
        .close = close_dumper,
        .guard = guard,
        .get = get,
    };
    return ce_main(argc, argv, &service);
}
