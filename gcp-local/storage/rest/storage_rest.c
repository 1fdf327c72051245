/* SPDX-License-Identifier: Apache-2.0 */
/* Cloud Storage's JSON API over HTTP: routes. */
#include "gcp-local/storage/rest/storage_rest.h"

#include "base/str.h"
#include "gcp-local/storage/rest/rest_actions.h"
#include "gcp-local/storage/rest/rest_error.h"

#include <string.h>

static rest_action upload;

static const struct route {
    enum url_kind kind;
    const char *method, *pattern; /* a star matches one segment */
    rest_action *action;
} routes[] = {
    {URL_API, "GET", "b", rest_list_buckets},
    {URL_API, "POST", "b", rest_insert_bucket},
    {URL_API, "GET", "b/*", rest_get_bucket},
    {URL_API, "PATCH", "b/*", rest_patch_bucket},
    {URL_API, "PUT", "b/*", rest_update_bucket},
    {URL_API, "DELETE", "b/*", rest_delete_bucket},
    {URL_API, "GET", "b/*/storageLayout", rest_get_bucket_layout},
    {URL_API, "GET", "b/*/managedFolders", rest_list_managed_folders},
    {URL_API, "GET", "b/*/iam", rest_get_bucket_policy},
    {URL_API, "PUT", "b/*/iam", rest_set_bucket_policy},
    {URL_API, "GET", "b/*/iam/testPermissions", rest_test_bucket_permissions},
    {URL_API, "GET", "b/*/notificationConfigs", rest_list_notification_configs},
    {URL_API, "POST", "b/*/notificationConfigs", rest_insert_notification_config},
    {URL_API, "GET", "b/*/notificationConfigs/*", rest_get_notification_config},
    {URL_API, "DELETE", "b/*/notificationConfigs/*", rest_delete_notification_config},
    {URL_API, "GET", "b/*/o", rest_list_objects},
    {URL_API, "GET", "b/*/o/*", rest_get_object},
    {URL_API, "PATCH", "b/*/o/*", rest_patch_object},
    {URL_API, "PUT", "b/*/o/*", rest_update_object},
    {URL_API, "DELETE", "b/*/o/*", rest_delete_object},
    {URL_API, "POST", "b/*/o/*/compose", rest_compose_object},
    {URL_API, "POST", "b/*/o/*/copyTo/b/*/o/*", rest_copy_object},
    {URL_API, "POST", "b/*/o/*/rewriteTo/b/*/o/*", rest_rewrite_object},
    {URL_API, "GET", "projects/*/serviceAccount", rest_get_service_account},
    {URL_UPLOAD, "POST", "b/*/o", upload},
    {URL_UPLOAD, "PUT", "b/*/o", upload},
    {URL_UPLOAD, "DELETE", "b/*/o", rest_resumable_cancel},
    {URL_DOWNLOAD, "GET", "b/*/o/*", rest_download_object},
    {URL_XML, "GET", "*/*", rest_download_object},
    {URL_XML, "HEAD", "*/*", rest_download_object},
};

/* True if the request's path matches a pattern; sets the request's arg. */
static bool matches(struct storage_request *request, const char *pattern)
{
    size_t stars = 0;
    for (size_t i = 0; i < request->path.count; i++) {
        const char *segment = request->path.segment[i];
        size_t len = strcspn(pattern, "/");
        if (len == 1 && *pattern == '*')
            request->arg[stars++] = segment;
        else if (!len || strlen(segment) != len || strncmp(segment, pattern, len) != 0)
            return false;
        pattern += len + (pattern[len] == '/');
    }
    return !*pattern;
}

/* NULL when there is no such route. */
static const struct route *find_route(struct storage_request *request)
{
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
        if (routes[i].kind == request->kind &&
            str_equal(routes[i].method, request->exchange->method) &&
            matches(request, routes[i].pattern))
            return &routes[i];
    return NULL;
}

enum upload_kind { UPLOAD_MEDIA, UPLOAD_MULTIPART, UPLOAD_START, UPLOAD_CONTINUE, UPLOAD_UNKNOWN };

static enum upload_kind upload_kind(const struct storage_request *request)
{
    OWN(free) char *id = storage_request_query(request, "upload_id");
    OWN(free) char *type = storage_request_query(request, "uploadType");
    if (id)
        return UPLOAD_CONTINUE;
    if (!str_equal(request->exchange->method, "POST"))
        return UPLOAD_UNKNOWN;
    return str_equal(type, "media")       ? UPLOAD_MEDIA
           : str_equal(type, "multipart") ? UPLOAD_MULTIPART
           : str_equal(type, "resumable") ? UPLOAD_START
                                          : UPLOAD_UNKNOWN;
}

static bool upload(struct storage_request *request, struct err *err)
{
    switch (upload_kind(request)) {
    case UPLOAD_MEDIA:
    case UPLOAD_MULTIPART:
        return rest_upload_finish(request, err);
    case UPLOAD_START:
        return rest_resumable_start(request, err);
    case UPLOAD_CONTINUE:
        return rest_resumable_continue(request, err);
    case UPLOAD_UNKNOWN:
        break;
    }
    return err_set(err, ERR_INPUT,
                   "Invalid upload: uploadType must be media, multipart or resumable, or upload_id "
                   "must be given.");
}

bool storage_rest_owns(const char *path)
{
    const char *resource;
    return storage_request_url_kind(path, &resource) != URL_UNKNOWN ||
           str_starts(path, "/batch/storage/");
}

void storage_rest_begin(struct http_exchange *exchange, void *app)
{
    OWN(storage_request) struct storage_request request;
    storage_request_open(&request, exchange, app);
    const struct route *route = find_route(&request);
    if (!route || route->action != upload)
        return;
    enum upload_kind kind = upload_kind(&request);
    if (kind == UPLOAD_CONTINUE)
        rest_resumable_begin(&request);
    else if (kind == UPLOAD_MEDIA || kind == UPLOAD_MULTIPART)
        rest_upload_begin(&request, kind == UPLOAD_MULTIPART);
}

void storage_rest_refuse(struct http_exchange *exchange, const struct err *err, void *app)
{
    (void)app;
    rest_error_reply(exchange, err);
}

static void reply(struct http_exchange *exchange, void *app)
{
    OWN(storage_request) struct storage_request request;
    storage_request_open(&request, exchange, app);
    struct err err = {0};
    const struct route *route = find_route(&request);
    if (route && route->action(&request, &err))
        return;
    if (!route && request.kind == URL_UNKNOWN)
        err_set(&err, ERR_NOT_FOUND, "Not Found: gcp-local has nothing at %s", exchange->path);
    else if (!route) /* not 501, after which gcloud tries again for half a minute */
        err_set(&err, ERR_INPUT, "%s %s of Cloud Storage is not supported by gcp-local.",
                exchange->method, exchange->path);
    rest_error_reply(exchange, &err);
}

void storage_rest_handle(struct http_exchange *exchange, void *app)
{
    /* Writing takes time, and so does unpacking gzip before content is sent. */
    const char *accepted = headers_get(&exchange->headers, "Accept-Encoding");
    bool writes = !str_equal(exchange->method, "GET") && !str_equal(exchange->method, "HEAD");
    bool unpacks = storage_request_is_media(exchange) &&
                   !headers_get(&exchange->headers, "Range") &&
                   (!accepted || !strstr(accepted, "gzip"));
    if (writes || unpacks)
        http_exchange_run_blocking(exchange, reply, app);
    else
        reply(exchange, app);
}
