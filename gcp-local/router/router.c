/* SPDX-License-Identifier: Apache-2.0 */
/* Routes requests to the APIs. */
#include "gcp-local/router/router.h"

#include "base/own.h"
#include "base/str.h"
#include "gcp-local/api/api.h"
#include "gcp-local/pubsub/rest/pubsub_rest.h"
#include "gcp-local/router/auth_guard.h"
#include "gcp-local/storage/rest/storage_rest.h"

enum { MAX_SMALL_BODY = 64 * 1024 };

/* Google's libraries detect by this reply whether they run on Google Cloud. */
static void welcome(struct http_exchange *exchange)
{
    struct http_reply reply = {.content_type = "text/plain; charset=UTF-8"};
    headers_add(&reply.headers, "Metadata-Flavor", "Google");
    buf_add_text(&reply.body, "gcp-local " VERSION "\n");
    http_exchange_reply(exchange, &reply);
}

static bool may_control(struct http_exchange *exchange, struct router *router, struct err *err)
{
    OWN(access_grant) struct access_grant grant = {0};
    if (!token_service_authenticate(router->cloud->tokens, &exchange->headers, &grant, err))
        return false;
    return str_equal(grant.scope, ROUTER_ADMIN_SCOPE) ||
           err_set(err, ERR_FORBIDDEN, "only `gcp-local reset` may do this");
}

static void reset(struct http_exchange *exchange, struct router *router)
{
    struct err err = {0};
    if (may_control(exchange, router, &err) && cloud_reset(router->cloud, &err))
        http_exchange_reply_text(exchange, 200, "done\n");
    else
        http_exchange_reply_text(exchange, err.status, err.text);
}

static bool is_own(const struct http_exchange *exchange)
{
    const char *path = exchange->path;
    bool reads = str_equal(exchange->method, "GET") || str_equal(exchange->method, "HEAD");
    return (reads && (str_equal(path, "/") || str_equal(path, "/healthz"))) ||
           (str_equal(exchange->method, "POST") && str_equal(path, ROUTER_RESET_PATH));
}

/* Storage comes last, since almost any path may be /BUCKET/OBJECT. */
static bool is_storage(const char *path)
{
    return !token_service_owns(path) && !pubsub_rest_owns(path) && !vision_owns(path) &&
           !translate_owns(path) && storage_rest_owns(path);
}

void router_begin(struct http_exchange *exchange, void *app)
{
    struct router *router = app;
    if (router->require_auth && !auth_guard_allows(exchange, router->cloud->tokens))
        return;
    if (token_service_owns(exchange->path))
        exchange->max_body = MAX_SMALL_BODY;
    else if (!is_own(exchange) && is_storage(exchange->path))
        storage_rest_begin(exchange, router->cloud->storage);
}

static void handle_own(struct http_exchange *exchange, struct router *router)
{
    if (str_equal(exchange->path, "/"))
        welcome(exchange);
    else if (str_equal(exchange->path, ROUTER_RESET_PATH))
        reset(exchange, router);
    else
        http_exchange_reply_text(exchange, 200, "ok\n");
}

void router_handle(struct http_exchange *exchange, void *app)
{
    struct router *router = app;
    struct cloud *cloud = router->cloud;
    const char *path = exchange->path;
    if (is_own(exchange))
        handle_own(exchange, router);
    else if (token_service_owns(path))
        token_service_handle(exchange, cloud->tokens);
    else if (pubsub_rest_owns(path))
        pubsub_rest_handle(exchange, cloud->pubsub);
    else if (vision_owns(path))
        vision_handle(exchange, cloud->vision);
    else if (translate_owns(path))
        translate_handle(exchange, cloud->translate);
    else if (storage_rest_owns(path))
        storage_rest_handle(exchange, cloud->storage);
    else
        api_reject(exchange, API_ONE_PLATFORM, ERR_NOT_FOUND, NULL,
                   "%s %s is not supported by gcp-local", exchange->method, path);
}

void router_refuse(struct http_exchange *exchange, const struct err *err, void *app)
{
    struct router *router = app;
    if (is_storage(exchange->path))
        storage_rest_refuse(exchange, err, router->cloud->storage);
    else
        api_reply_err(exchange, API_ONE_PLATFORM, err);
}
