/* SPDX-License-Identifier: Apache-2.0 */
/* What all of gcp-local's APIs share: Google's error bodies, request bodies, paths. */
#include "gcp-local/api/api.h"

#include "base/str.h"
#include "net/url.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The names of an HTTP status: google.rpc.Code, and the reason in the older JSON APIs. */
static const struct {
    int status;
    const char *code, *reason;
} names[] = {
    {400, "INVALID_ARGUMENT", "invalid"},
    {401, "UNAUTHENTICATED", "authError"},
    {403, "PERMISSION_DENIED", "forbidden"},
    {404, "NOT_FOUND", "notFound"},
    {405, "UNIMPLEMENTED", "httpMethodNotAllowed"},
    {409, "ALREADY_EXISTS", "conflict"},
    {411, "INVALID_ARGUMENT", "required"},
    {412, "FAILED_PRECONDITION", "conditionNotMet"},
    {413, "INVALID_ARGUMENT", "uploadTooLarge"},
    {416, "OUT_OF_RANGE", "requestedRangeNotSatisfiable"},
    {429, "RESOURCE_EXHAUSTED", "rateLimitExceeded"},
    {499, "CANCELLED", "clientClosedRequest"},
    {500, "INTERNAL", "internalError"},
    {501, "UNIMPLEMENTED", "notImplemented"},
    {503, "UNAVAILABLE", "backendError"},
    {504, "DEADLINE_EXCEEDED", "backendError"},
};

static const char *name_of(const struct err *err, enum api_style style)
{
    if (err->reason)
        return err->reason;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].status == err->status)
            return style == API_JSON ? names[i].reason : names[i].code;
    return style == API_JSON ? "backendError" : "UNKNOWN";
}

void api_reply_err(struct http_exchange *exchange, enum api_style style, const struct err *err)
{
    const char *name = name_of(err, style);
    json_t *error = json_pack("{s:i, s:s}", "code", err->status, "message", err->text);
    if (!error) /* the text is not UTF-8 */
        error = json_pack("{s:i, s:s}", "code", err->status, "message", "invalid request");
    if (style == API_JSON)
        json_object_set_new(error, "errors",
                            json_pack("[{s:O, s:s, s:s}]", "message",
                                      json_object_get(error, "message"), "domain", "global",
                                      "reason", name));
    else
        json_object_set_new(error, "status", json_string(name));

    struct http_reply reply = {.status = err->status,
                               .content_type = "application/json; charset=UTF-8"};
    json_auto_t *body = json_pack("{s:o}", "error", error);
    OWN(free) char *text = json_to_text(body);
    buf_add_text(&reply.body, text);
    if (err->status == ERR_UNAUTHORIZED)
        headers_add(&reply.headers, "WWW-Authenticate",
                    "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"");
    http_exchange_reply(exchange, &reply);
}

void api_reject(struct http_exchange *exchange, enum api_style style, int status,
                const char *reason, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    OWN(free) char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        abort();
    va_end(args);

    struct err err = {0};
    err_set_reason(&err, status, reason, "%s", text);
    api_reply_err(exchange, style, &err);
}

json_t *api_body(const struct http_exchange *exchange, struct err *err)
{
    if (exchange->body.len == 0)
        return json_object();
    json_t *body = json_from_bytes(buf_bytes(&exchange->body), "request body", ERR_INPUT, err);
    if (body && !json_is_object(body)) {
        json_decref(body);
        err_set(err, ERR_INPUT, "request body: must be an object");
        return NULL;
    }
    return body;
}

static bool parse(const char *path, const char *prefix, bool with_verb, struct api_path *out)
{
    *out = (struct api_path){0};
    if (!str_starts(path, prefix))
        return false;
    path += strlen(prefix);
    const char *colon = with_verb ? strrchr(path, ':') : NULL;
    if (colon && strchr(colon, '/'))
        colon = NULL;
    const char *end = colon ? colon : path + strlen(path);
    if (colon)
        out->verb = str_copy(colon + 1);

    while (path < end) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        const char *stop = slash ? slash : end;
        char *segment = out->count < ARRAY_SIZE(out->segment)
                            ? url_decode((struct bytes){path, (size_t)(stop - path)}, false)
                            : NULL;
        if (!segment) {
            api_path_done(out);
            return false;
        }
        out->segment[out->count++] = segment;
        path = slash ? slash + 1 : end;
    }
    return true;
}

bool api_path_parse(const char *path, const char *prefix, struct api_path *out)
{
    return parse(path, prefix, true, out);
}

bool api_path_parse_plain(const char *path, const char *prefix, struct api_path *out)
{
    return parse(path, prefix, false, out);
}

void api_path_done(struct api_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        free(path->segment[i]);
    free(path->verb);
    *path = (struct api_path){0};
}
