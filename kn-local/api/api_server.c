/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes API: who may use it, and which part answers. */
#include "kn-local/api/api_private.h"

#include "base/str.h"
#include "kn-local/api/response_streams.h"

#include <string.h>

/* Compares in a time that says nothing about where they differ. */
static bool same_secret(const char *given, const char *token)
{
    size_t len = strlen(token);
    if (strlen(given) != len)
        return false;
    unsigned char difference = 0;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned char)(given[i] ^ token[i]);
    return difference == 0;
}

static bool may(const struct api_server *kube, const struct http_exchange *exchange,
                struct err *err)
{
    static const char bearer[] = "Bearer ";
    if (headers_get(&exchange->headers, "Origin"))
        return err_set(err, ERR_FORBIDDEN, "web pages may not use this API");
    const char *given = headers_get(&exchange->headers, "Authorization");
    if (!given || !str_starts(given, bearer) ||
        !same_secret(given + strlen(bearer), kube->options.token))
        return err_set(err, ERR_UNAUTHORIZED,
                       "Unauthorized: use the kubeconfig that kn-local wrote (kn-local env)");
    return true;
}

static void begin(struct http_exchange *exchange, void *app)
{
    struct err err = {0};
    if (!may(app, exchange, &err))
        api_reply_status(exchange, &err, NULL, NULL);
}

static void refuse_method(struct api_request *call)
{
    struct err err = {0};
    err_set(&err, 405, "the server does not allow this method on the requested resource");
    api_reply_status(call->exchange, &err, call->kind, call->path.name);
}

static void route_collection(struct api_request *call)
{
    const char *method = call->exchange->method;
    if (str_equal(method, "GET") && api_query_is_true(call->exchange, "watch"))
        api_watch(call);
    else if (str_equal(method, "GET"))
        api_list(call);
    else if (str_equal(method, "POST"))
        api_create(call);
    else if (str_equal(method, "DELETE"))
        api_delete_all(call);
    else
        refuse_method(call);
}

static void route_object(struct api_request *call)
{
    const char *method = call->exchange->method;
    if (str_equal(method, "GET"))
        api_get(call);
    else if (str_equal(method, "PUT"))
        api_replace(call);
    else if (str_equal(method, "PATCH"))
        api_patch(call);
    else if (str_equal(method, "DELETE"))
        api_delete(call);
    else
        refuse_method(call);
}

static void route(struct api_request *call)
{
    const char *sub = call->path.sub;
    bool reading = str_equal(call->exchange->method, "GET");
    if (!call->path.name)
        route_collection(call);
    else if (!sub || (reading && str_equal(sub, "status")))
        route_object(call);
    else if (reading && str_equal(sub, "log") && str_equal(call->kind->plural, "pods"))
        api_pod_log(call);
    else
        refuse_method(call);
}

static void not_found(struct http_exchange *exchange)
{
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "the server could not find the requested resource");
    api_reply_status(exchange, &err, NULL, NULL);
}

static void work(struct http_exchange *exchange, void *app)
{
    if (api_discover(exchange))
        return;
    OWN(api_request_path) struct api_request_path path = {0};
    struct api_request call = {.kube = app, .exchange = exchange};
    if (!api_request_path_parse(exchange->path, &path)) {
        not_found(exchange);
        return;
    }
    if (path.plural)
        call.kind = kind_by_plural(path.group, path.version, path.plural);
    call.path = path;
    bool placed = call.kind && (call.kind->cluster_wide ? !path.ns : path.ns || !path.name);
    if (placed)
        route(&call);
    else
        not_found(exchange);
}

/* The store and logs are files: they are waited for on a worker thread. */
static void handle(struct http_exchange *exchange, void *app)
{
    http_exchange_run_blocking(exchange, work, app);
}

static void refuse(struct http_exchange *exchange, const struct err *err, void *app)
{
    (void)app;
    api_reply_status(exchange, err, NULL, NULL);
}

void api_server_set_handlers(struct api_server *kube, struct http_server_options *options)
{
    options->begin = begin;
    options->handle = handle;
    options->refuse = refuse;
    options->app = kube;
    options->workers = 8;
    options->max_body = 4 << 20; /* more than etcd takes on a cluster */
}

struct api_server *api_server_open(const struct api_server_options *options, struct err *err)
{
    OWN(api_server) struct api_server *kube = alloc_zeroed(sizeof(*kube));
    kube->options = *options;
    kube->streams = response_streams_open(err);
    return kube->streams ? move_ptr(&kube) : NULL;
}

void api_server_drain(struct api_server *kube)
{
    response_streams_drain(kube->streams);
}

void api_server_close(struct api_server *kube)
{
    if (!kube)
        return;
    response_streams_close(kube->streams);
    free(kube);
}
