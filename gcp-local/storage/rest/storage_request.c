/* SPDX-License-Identifier: Apache-2.0 */
/* A request for Cloud Storage: the resource that its path names, its parameters, its body. */
#include "gcp-local/storage/rest/storage_request.h"

#include "base/str.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "net/url.h"

#include <string.h>
#include <sys/random.h>

static const struct {
    const char *prefix;
    enum url_kind kind;
} prefixes[] = {
    {"/storage/v1/", URL_API},
    {"/upload/storage/v1/", URL_UPLOAD},
    {"/resumable/upload/storage/v1/", URL_UPLOAD},
    {"/download/storage/v1/", URL_DOWNLOAD},
    /* Node's library with STORAGE_EMULATOR_HOST */
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

enum url_kind storage_request_url_kind(const char *path, const char **resource)
{
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (!str_starts(path, prefixes[i].prefix))
            continue;
        size_t len = strlen(prefixes[i].prefix);
        *resource = path + len - (str_ends(prefixes[i].prefix, "/b/") ? strlen("b/") : 0);
        return prefixes[i].kind;
    }
    *resource = path + 1;
    if (str_equal(path, "/b") || str_starts(path, "/projects/"))
        return URL_API;
    return is_xml(path) ? URL_XML : URL_UNKNOWN;
}

bool storage_request_is_media(const struct http_exchange *exchange)
{
    OWN(free) char *alt = url_query_get(exchange->query, "alt");
    return str_equal(alt, "media") && str_equal(exchange->method, "GET");
}

/* The Host that the client used: Node's library follows the links in replies as they are. */
static char *base_of(const struct http_exchange *exchange)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_:[]";
    const char *host = headers_get(&exchange->headers, "Host");
    bool ok = !str_empty(host) && strspn(host, letters) == strlen(host);
    return str_format("%s://%s", exchange->tls ? "https" : "http", ok ? host : "localhost");
}

/* An object's name in an XML path has plain slashes: they are part of one segment. */
static void parse_xml(const char *resource, struct api_path *path)
{
    size_t len = strcspn(resource, "/");
    char *name = url_decode(bytes_of(resource + len + 1), false);
    if (!name)
        return;
    path->segment[0] = str_copy_bytes((struct bytes){resource, len});
    path->segment[1] = name;
    path->count = 2;
}

void storage_request_open(struct storage_request *request, struct http_exchange *exchange,
                          struct storage *storage)
{
    *request = (struct storage_request){
        .exchange = exchange, .storage = storage, .base = base_of(exchange)};
    const char *resource;
    request->kind = storage_request_url_kind(exchange->path, &resource);
    if (request->kind == URL_XML)
        parse_xml(resource, &request->path);
    else
        api_path_parse_plain(resource, "", &request->path);
}

void storage_request_done(struct storage_request *request)
{
    api_path_done(&request->path);
    free(request->base);
    *request = (struct storage_request){0};
}

char *storage_request_query(const struct storage_request *request, const char *name)
{
    return url_query_get(request->exchange->query, name);
}

bool storage_request_flag(const struct storage_request *request, const char *name)
{
    OWN(free) char *value = storage_request_query(request, name);
    return value && (str_equal_any_case(value, "true") || str_equal(value, "1"));
}

bool storage_request_number(const struct storage_request *request, const char *name,
                            int64_t fallback, int64_t *value, struct err *err)
{
    OWN(free) char *text = storage_request_query(request, name);
    *value = fallback;
    return !text || str_int(text, 0, INT64_MAX, value) ||
           err_set(err, ERR_INPUT, "Invalid value '%s' for %s: must be a number.", text, name);
}

bool storage_request_generation(const struct storage_request *request, int64_t *generation,
                                struct err *err)
{
    return storage_request_number(request, "generation", 0, generation, err);
}

json_t *storage_request_body(const struct storage_request *request, struct err *err)
{
    struct bytes body = buf_bytes(&request->exchange->body);
    while (body.len && strchr(" \t\r\n", body.data[body.len - 1]))
        body.len--;
    if (bytes_equal(body, bytes_of("null"))) /* Go's library sends it for an empty body */
        return json_object();
    return api_body(request->exchange, err);
}

bool storage_request_reply(struct storage_request *request, json_t *tree)
{
    http_exchange_reply_json(request->exchange, 200, tree);
    return true;
}

bool storage_request_reply_object(struct storage_request *request,
                                  const struct storage_object *object)
{
    return storage_request_reply(request, storage_object_to_json(object, request->base));
}

char *storage_request_random_id(void)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    unsigned char random[32];
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        abort(); /* getrandom never fails for up to 256 bytes */
    char text[sizeof(random) + 1] = "";
    for (size_t i = 0; i < sizeof(random); i++)
        text[i] = digits[random[i] % 32];
    return str_copy(text);
}
