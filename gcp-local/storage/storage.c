/* SPDX-License-Identifier: Apache-2.0 */
/* Cloud Storage's JSON API: which request is whose. */
#include "gcp-local/storage/storage.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/rest/rest_buckets.h"
#include "gcp-local/storage/rest/rest_copy.h"
#include "gcp-local/storage/rest/rest_list.h"
#include "gcp-local/storage/rest/rest_notification_configs.h"
#include "gcp-local/storage/rest/rest_objects.h"
#include "gcp-local/storage/rest/rest_resumable.h"
#include "gcp-local/storage/rest/rest_upload.h"
#include "gcp-local/storage/upload_session.h"
#include "net/url.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SESSION_DAYS = 7,
    NOT_MODIFIED = 304,
};

static bool make_folder(const char *folder, struct err *err)
{
    return mkdir(folder, 0700) == 0 || errno == EEXIST ||
           err_set(err, ERR_INTERNAL, "cannot make %s: %s", folder, strerror(errno));
}

static bool open_parts(struct storage *storage, struct err *err)
{
    const char *data_dir = storage->options.data_dir;
    OWN(free) char *folder = data_dir ? str_format("%s/storage", data_dir) : NULL;
    OWN(free) char *file = data_dir ? str_format("%s/metadata.db", folder) : NULL;
    if (data_dir && (!make_folder(data_dir, err) || !make_folder(folder, err)))
        return false;
    storage->files = content_files_open(folder, err);
    storage->catalog = storage->files ? catalog_open(file, err) : NULL;
    storage->sessions = upload_session_table_open();
    int64_t week = (int64_t)SESSION_DAYS * 24 * 3600 * NS_PER_SEC;
    return storage->catalog &&
           catalog_expire_sessions(storage->catalog, timestamp_now_ns() - week, err);
}

struct storage *storage_open(const struct storage_options *options, struct err *err)
{
    OWN(storage) struct storage *storage = alloc_zeroed(sizeof(*storage));
    storage->options = *options;
    if (!open_parts(storage, err)) {
        err_wrap(err, "storage");
        return NULL;
    }
    storage->options.data_dir = NULL; /* was only borrowed */
    mutation_recover(storage);
    return move_ptr(&storage);
}

void storage_close(struct storage *storage)
{
    if (!storage)
        return;
    upload_session_table_close(storage->sessions);
    catalog_close(storage->catalog);
    content_files_close(storage->files);
    free(storage);
}

bool storage_reset(struct storage *storage, struct err *err)
{
    if (!catalog_reset(storage->catalog, err))
        return false;
    upload_session_table_reset(storage);
    content_files_reset(storage->files);
    return true;
}

bool storage_read_object(struct storage *storage, const char *bucket, const char *object,
                         size_t max, struct buf *out, struct err *err)
{
    OWN(storage_object) struct storage_object found = {0};
    OWN(fd) int fd = rest_open_object(storage, bucket, object, 0, &found, err);
    if (fd < 0)
        return false;
    size_t size = (size_t)found.size;
    char *room = size <= max ? buf_reserve(out, size) : NULL;
    if (!room)
        return err_set(err, ERR_TOO_LARGE, "gs://%s/%s has %zu bytes, the limit is %zu", bucket,
                       object, size, max);
    for (size_t done = 0; done < size;) {
        ssize_t len = pread(fd, room + done, size - done, (off_t)done);
        if (len <= 0)
            return err_set(err, ERR_INTERNAL, "cannot read gs://%s/%s", bucket, object);
        done += (size_t)len;
    }
    room[size] = '\0';
    out->len += size;
    return true;
}

/* Where a path leads, apart from the resource it names. */
enum url_style {
    URL_API,
    URL_UPLOAD,
    URL_DOWNLOAD,
    URL_XML, /* /BUCKET/OBJECT, as Go's library reads */
    URL_UNKNOWN,
};

static const struct {
    const char *prefix;
    enum url_style door;
} doors[] = {
    {"/storage/v1/", URL_API},
    {"/upload/storage/v1/", URL_UPLOAD},
    {"/resumable/upload/storage/v1/", URL_UPLOAD},
    {"/download/storage/v1/", URL_DOWNLOAD},
    /* as Node's library asks under STORAGE_EMULATOR_HOST */
    {"/upload/b/", URL_UPLOAD},
    {"/download/b/", URL_DOWNLOAD},
    {"/b/", URL_API},
};

static bool is_xml(const char *path)
{
    const char *slash = *path == '/' ? strchr(path + 1, '/') : NULL;
    if (!slash || !slash[1])
        return false;
    OWN(free) char *bucket = str_copy_bytes((struct bytes){path + 1, (size_t)(slash - path - 1)});
    return catalog_bucket_name_valid(bucket);
}

/* The door, and the path behind it: "b/BUCKET/o/OBJECT". */
static enum url_style door_of(const char *path, const char **rest)
{
    for (size_t i = 0; i < ARRAY_SIZE(doors); i++) {
        if (!str_starts(path, doors[i].prefix))
            continue;
        size_t len = strlen(doors[i].prefix);
        *rest = path + len - (str_ends(doors[i].prefix, "/b/") ? strlen("b/") : 0);
        return doors[i].door;
    }
    *rest = path + 1;
    if (str_equal(path, "/b") || str_starts(path, "/projects/"))
        return URL_API;
    return is_xml(path) ? URL_XML : URL_UNKNOWN;
}

bool storage_owns(const char *path)
{
    const char *rest;
    return door_of(path, &rest) != URL_UNKNOWN || str_starts(path, "/batch/storage/");
}

static storage_request_action upload_any;

static const struct route {
    enum url_style door;
    const char *method, *pattern; /* a star stands for one segment */
    storage_request_action *action;
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
    {URL_UPLOAD, "POST", "b/*/o", upload_any},
    {URL_UPLOAD, "PUT", "b/*/o", upload_any},
    {URL_UPLOAD, "DELETE", "b/*/o", rest_resumable_cancel},
    {URL_DOWNLOAD, "GET", "b/*/o/*", rest_download_object},
    {URL_XML, "GET", "*/*", rest_download_object},
    {URL_XML, "HEAD", "*/*", rest_download_object},
};

/* Whether the segments are those of a pattern; those under a star become the request's arg. */
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

/* An object's name in an XML path has plain slashes: they are one segment. */
static bool parse_xml(const char *rest, struct api_path *path)
{
    size_t len = strcspn(rest, "/");
    OWN(free) char *bucket = str_copy_bytes((struct bytes){rest, len});
    OWN(free) char *name = url_decode(bytes_of(rest + len + 1), false);
    if (!name)
        return false;
    path->segment[0] = move_ptr(&bucket);
    path->segment[1] = move_ptr(&name);
    path->count = 2;
    return true;
}

/* The route of a request, NULL when there is none. */
static const struct route *route_of(struct storage_request *request, enum url_style *door)
{
    const char *rest;
    *door = door_of(request->exchange->path, &rest);
    bool parsed = *door == URL_XML ? parse_xml(rest, &request->path)
                                   : api_path_parse_plain(rest, "", &request->path);
    for (size_t i = 0; parsed && i < ARRAY_SIZE(routes); i++)
        if (routes[i].door == *door && str_equal(routes[i].method, request->exchange->method) &&
            matches(request, routes[i].pattern))
            return &routes[i];
    return NULL;
}

enum upload_kind { UPLOAD_MEDIA, UPLOAD_MULTIPART, UPLOAD_START, UPLOAD_CONTINUE, UPLOAD_UNKNOWN };

static enum upload_kind upload_kind(const struct storage_request *request)
{
    OWN(free) char *id = storage_request_query(request, "upload_id");
    OWN(free) char *type = storage_request_query(request, "uploadType");
    bool post = str_equal(request->exchange->method, "POST");
    if (id)
        return UPLOAD_CONTINUE;
    if (!type || !post)
        return UPLOAD_UNKNOWN;
    if (str_equal(type, "media"))
        return UPLOAD_MEDIA;
    if (str_equal(type, "multipart"))
        return UPLOAD_MULTIPART;
    return str_equal(type, "resumable") ? UPLOAD_START : UPLOAD_UNKNOWN;
}

static bool upload_any(struct storage_request *request, struct err *err)
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

void storage_begin(struct http_exchange *exchange, void *storage)
{
    OWN(storage_request) struct storage_request request;
    storage_request_open(&request, exchange, storage);
    enum url_style door;
    const struct route *route = route_of(&request, &door);
    if (!route || route->action != upload_any)
        return;
    enum upload_kind kind = upload_kind(&request);
    if (kind == UPLOAD_CONTINUE)
        rest_resumable_begin(&request);
    else if (kind == UPLOAD_MEDIA || kind == UPLOAD_MULTIPART)
        rest_upload_begin(&request, kind == UPLOAD_MULTIPART);
}

static void reply_xml(struct http_exchange *exchange, const struct err *err)
{
    struct http_reply reply = {.status = err->status,
                               .content_type = "application/xml; charset=UTF-8"};
    bool missing = err->status == ERR_NOT_FOUND;
    const char *code = missing && str_starts(err->text, "The specified bucket") ? "NoSuchBucket"
                       : missing                                                ? "NoSuchKey"
                       : err->status == 412 ? "PreconditionFailed"
                       : err->status == 416 ? "InvalidRange"
                       : err->status < 500  ? "InvalidArgument"
                                            : "InternalError";
    buf_add_format(&reply.body,
                   "<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code><Message>", code);
    for (const char *c = err->text; *c; c++)
        if (strchr("<>&", *c))
            buf_add_format(&reply.body, "&#%d;", *c);
        else
            buf_add(&reply.body, c, 1);
    buf_add_text(&reply.body, "</Message></Error>");
    http_exchange_reply(exchange, &reply);
}

static bool wants_media(const struct http_exchange *exchange)
{
    OWN(free) char *alt = url_query_get(exchange->query, "alt");
    return str_equal(alt, "media") && str_equal(exchange->method, "GET");
}

void storage_refuse(struct http_exchange *exchange, const struct err *err, void *storage)
{
    (void)storage;
    const char *rest;
    enum url_style door = door_of(exchange->path, &rest);
    if (err->status == NOT_MODIFIED)
        http_exchange_reply_empty(exchange, err->status);
    else if (door == URL_XML)
        reply_xml(exchange, err);
    else if (door == URL_DOWNLOAD || wants_media(exchange))
        http_exchange_reply_text(exchange, err->status, err->text);
    else
        api_reply_err(exchange, API_JSON, err);
}

/* What is not built is no 501: gcloud would try again for half a minute. */
static bool refuse_unknown(const struct http_exchange *exchange, enum url_style door,
                           struct err *err)
{
    if (door == URL_UNKNOWN)
        return err_set(err, ERR_NOT_FOUND, "Not Found: gcp-local has nothing at %s",
                       exchange->path);
    return err_set(err, ERR_INPUT, "gcp-local has not built %s %s of Cloud Storage.",
                   exchange->method, exchange->path);
}

static void answer(struct http_exchange *exchange, void *storage)
{
    OWN(storage_request) struct storage_request request;
    storage_request_open(&request, exchange, storage);
    enum url_style door;
    struct err err = {0};
    const struct route *route = route_of(&request, &door);
    bool fine = route ? route->action(&request, &err) : refuse_unknown(exchange, door, &err);
    if (!fine)
        storage_refuse(exchange, &err, storage);
}

/* Whether the answer may take its time: all that writes, and content that may have to be unpacked
 * before it is sent. */
static bool is_slow(const struct http_exchange *exchange)
{
    if (!str_equal(exchange->method, "GET") && !str_equal(exchange->method, "HEAD"))
        return true;
    const char *accepted = headers_get(&exchange->headers, "Accept-Encoding");
    return wants_media(exchange) && !headers_get(&exchange->headers, "Range") &&
           (!accepted || !strstr(accepted, "gzip"));
}

void storage_handle(struct http_exchange *exchange, void *storage)
{
    if (is_slow(exchange))
        http_exchange_run_blocking(exchange, answer, storage);
    else
        answer(exchange, storage);
}
