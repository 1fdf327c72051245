/* The Kubernetes API: who may use it, and which part answers. */
#include "kn-local/api/api_private.h"

#include "base/str.h"
#include "kn-local/api/response_streams.h"

#include <string.h>

/* ---- who may --------------------------------------------------------------------------------- */

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

static bool may(const struct kube *kube, const struct http_exchange *exchange, struct err *err)
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
        kube_reply_err(exchange, &err, NULL, NULL);
}

/* ---- which part ------------------------------------------------------------------------------ */

static void refuse_method(struct kube_call *call)
{
    struct err err = {0};
    err_set(&err, 405, "the server does not allow this method on the requested resource");
    kube_reply_err(call->exchange, &err, call->kind, call->path.name);
}

static void route_collection(struct kube_call *call)
{
    const char *method = call->exchange->method;
    if (str_equal(method, "GET") && kube_query_true(call->exchange, "watch"))
        kube_watch(call);
    else if (str_equal(method, "GET"))
        kube_list(call);
    else if (str_equal(method, "POST"))
        kube_create(call);
    else if (str_equal(method, "DELETE"))
        kube_delete_all(call);
    else
        refuse_method(call);
}

static void route_object(struct kube_call *call)
{
    const char *method = call->exchange->method;
    if (str_equal(method, "GET"))
        kube_get(call);
    else if (str_equal(method, "PUT"))
        kube_replace(call);
    else if (str_equal(method, "PATCH"))
        kube_patch(call);
    else if (str_equal(method, "DELETE"))
        kube_delete(call);
    else
        refuse_method(call);
}

static void route(struct kube_call *call)
{
    const char *sub = call->path.sub;
    bool reading = str_equal(call->exchange->method, "GET");
    if (!call->path.name)
        route_collection(call);
    else if (!sub || (reading && str_equal(sub, "status")))
        route_object(call);
    else if (reading && str_equal(sub, "log") && str_equal(call->kind->plural, "pods"))
        kube_log(call);
    else
        refuse_method(call);
}

static void not_found(struct http_exchange *exchange)
{
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "the server could not find the requested resource");
    kube_reply_err(exchange, &err, NULL, NULL);
}

static void work(struct http_exchange *exchange, void *app)
{
    if (kube_discover(exchange))
        return;
    OWN(kube_path) struct kube_path path = {0};
    struct kube_call call = {.kube = app, .exchange = exchange};
    if (!kube_path_parse(exchange->path, &path)) {
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
    http_work(exchange, work, app);
}

static void refuse(struct http_exchange *exchange, const struct err *err, void *app)
{
    (void)app;
    kube_reply_err(exchange, err, NULL, NULL);
}

void kube_serve(struct kube *kube, struct http_server_options *options)
{
    options->begin = begin;
    options->handle = handle;
    options->refuse = refuse;
    options->app = kube;
    options->workers = 8;
    options->max_body = 4 << 20; /* more than etcd takes on a cluster */
}

/* ---- its life -------------------------------------------------------------------------------- */

struct kube *kube_open(const struct kube_options *options, struct err *err)
{
    OWN(kube) struct kube *kube = must_alloc(sizeof(*kube));
    kube->options = *options;
    kube->streams = streams_open(err);
    return kube->streams ? give(&kube) : NULL;
}

void kube_drain(struct kube *kube)
{
    streams_drain(kube->streams);
}

void kube_close(struct kube *kube)
{
    if (!kube)
        return;
    streams_close(kube->streams);
    free(kube);
}
