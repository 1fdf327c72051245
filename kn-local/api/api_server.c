/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes API: authorization, and which function answers a request. */
#include "kn-local/api/api_private.h"

#include "base/str.h"
#include "kn-local/api/response_streams.h"

#include <string.h>

/* Takes the same time wherever they differ. */
static bool secrets_equal(const char *given, const char *token)
{
    size_t len = strlen(token);
    if (strlen(given) != len)
        return false;
    unsigned char difference = 0;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned char)(given[i] ^ token[i]);
    return difference == 0;
}

static bool authorize(const struct api_server *server, const struct http_exchange *exchange,
                      struct err *err)
{
    static const char bearer[] = "Bearer ";
    if (headers_get(&exchange->headers, "Origin"))
        return err_set(err, ERR_FORBIDDEN, "cross-origin requests are not allowed");
    const char *given = headers_get(&exchange->headers, "Authorization");
    if (!given || !str_starts(given, bearer) ||
        !secrets_equal(given + strlen(bearer), server->options.token))
        return err_set(err, ERR_UNAUTHORIZED,
                       "Unauthorized: use the kubeconfig that kn-local wrote (kn-local env)");
    return true;
}

static void begin(struct http_exchange *exchange, void *app)
{
    struct err err = {0};
    if (!authorize(app, exchange, &err))
        api_reply_status(exchange, &err, NULL, NULL);
}

static void reply_method_not_allowed(struct api_request *request)
{
    struct err err = {0};
    err_set(&err, 405, "the server does not allow this method on the requested resource");
    api_reply_error(request, &err);
}

static void route_collection(struct api_request *request)
{
    const char *method = request->exchange->method;
    if (str_equal(method, "GET") && api_query_is_true(request->exchange, "watch"))
        api_watch(request);
    else if (str_equal(method, "GET"))
        api_list(request);
    else if (str_equal(method, "POST"))
        api_create(request);
    else if (str_equal(method, "DELETE"))
        api_delete_collection(request);
    else
        reply_method_not_allowed(request);
}

static void route_object(struct api_request *request)
{
    const char *method = request->exchange->method;
    if (str_equal(method, "GET"))
        api_get(request);
    else if (str_equal(method, "PUT"))
        api_replace(request);
    else if (str_equal(method, "PATCH"))
        api_patch(request);
    else if (str_equal(method, "DELETE"))
        api_delete(request);
    else
        reply_method_not_allowed(request);
}

static void route(struct api_request *request)
{
    const char *sub = request->path.sub;
    bool get = str_equal(request->exchange->method, "GET");
    if (!request->path.name)
        route_collection(request);
    else if (!sub || (get && str_equal(sub, "status")))
        route_object(request);
    else if (get && str_equal(sub, "log") && str_equal(request->kind->plural, "pods"))
        api_pod_log(request);
    else
        reply_method_not_allowed(request);
}

static void reply_not_found(struct http_exchange *exchange)
{
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "the server could not find the requested resource");
    api_reply_status(exchange, &err, NULL, NULL);
}

static void answer(struct http_exchange *exchange, void *app)
{
    if (api_discover(exchange))
        return;
    OWN(api_request_path) struct api_request_path path = {0};
    struct api_request request = {.server = app, .exchange = exchange};
    if (!api_request_path_parse(exchange->path, &path)) {
        reply_not_found(exchange);
        return;
    }
    if (path.plural)
        request.kind = kind_by_plural(path.group, path.version, path.plural);
    request.path = path;
    bool scope_ok = request.kind && (request.kind->cluster_wide ? !path.ns : path.ns || !path.name);
    if (scope_ok)
        route(&request);
    else
        reply_not_found(exchange);
}

/* The store and logs are files, so a worker thread answers. */
static void handle(struct http_exchange *exchange, void *app)
{
    http_exchange_run_blocking(exchange, answer, app);
}

static void refuse(struct http_exchange *exchange, const struct err *err, void *app)
{
    (void)app;
    api_reply_status(exchange, err, NULL, NULL);
}

void api_server_set_handlers(struct api_server *server, struct http_server_options *options)
{
    options->begin = begin;
    options->handle = handle;
    options->refuse = refuse;
    options->app = server;
    options->workers = 8;
    options->max_body = 4 << 20; /* more than etcd accepts */
}

struct api_server *api_server_open(const struct api_server_options *options, struct err *err)
{
    OWN(api_server) struct api_server *server = alloc_zeroed(sizeof(*server));
    server->options = *options;
    server->streams = response_streams_open(err);
    return server->streams ? move_ptr(&server) : NULL;
}

void api_server_drain(struct api_server *server)
{
    response_streams_drain(server->streams);
}

void api_server_close(struct api_server *server)
{
    if (!server)
        return;
    response_streams_close(server->streams);
    free(server);
}
