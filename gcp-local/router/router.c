/* Which API a request is for. */
#include "gcp-local/router/router.h"

#include "base/own.h"
#include "base/str.h"
#include "gcp-local/api.h"
#include "gcp-local/router/guard.h"

enum { MAX_SMALL_BODY = 64 * 1024 };

/* ---- what belongs to no API ------------------------------------------------------------------ */

/* Google's libraries find out here whether they run on Google Cloud. */
static void welcome(struct http_exchange *exchange)
{
    struct http_reply reply = {.content_type = "text/plain; charset=UTF-8"};
    headers_add(&reply.headers, "Metadata-Flavor", "Google");
    buf_add_text(&reply.body, "gcp-local " VERSION "\n");
    http_answer_with(exchange, &reply);
}

static bool may_control(struct http_exchange *exchange, struct router *router, struct err *err)
{
    OWN(grant) struct grant grant = {0};
    if (!tokens_caller(router->cloud->tokens, &exchange->headers, &grant, err))
        return false;
    return str_equal(grant.scope, CONTROL_SCOPE) ||
           err_set(err, ERR_FORBIDDEN, "only `gcp-local reset` may do that");
}

static void reset(struct http_exchange *exchange, struct router *router)
{
    struct err err = {0};
    if (may_control(exchange, router, &err) && cloud_reset(router->cloud, &err))
        http_reply_text(exchange, 200, "done\n");
    else
        http_reply_text(exchange, err.status, err.text);
}

/* ---- routing --------------------------------------------------------------------------------- */

void router_begin(struct http_exchange *exchange, void *app)
{
    struct router *router = app;
    if (router->require_auth && !guard_admits(exchange, router->cloud->tokens))
        return;
    if (tokens_owns(exchange->path))
        exchange->max_body = MAX_SMALL_BODY;
}

void router_handle(struct http_exchange *exchange, void *app)
{
    struct router *router = app;
    const char *path = exchange->path;
    if (str_equal(path, "/") && str_equal(exchange->method, "GET"))
        welcome(exchange);
    else if (str_equal(path, "/healthz"))
        http_reply_text(exchange, 200, "ok\n");
    else if (str_equal(path, CONTROL_RESET) && str_equal(exchange->method, "POST"))
        reset(exchange, router);
    else if (tokens_owns(path))
        tokens_handle(exchange, router->cloud->tokens);
    else if (pubsub_owns(path))
        pubsub_handle(exchange, router->cloud->pubsub);
    else if (vision_owns(path))
        vision_handle(exchange, router->cloud->vision);
    else
        api_refuse(exchange, API_ONE_PLATFORM, ERR_NOT_FOUND, NULL,
                   "%s %s is not built in gcp-local", exchange->method, path);
}

void router_refuse(struct http_exchange *exchange, const struct err *err, void *app)
{
    (void)app;
    api_reply_err(exchange, API_ONE_PLATFORM, err);
}
