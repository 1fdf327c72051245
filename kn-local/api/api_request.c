/* SPDX-License-Identifier: Apache-2.0 */
/* A request to the Kubernetes API, taken apart; and how it is answered. */
#include "kn-local/api/api_request.h"

#include "base/str.h"
#include "net/url.h"

#include <string.h>

enum { MAX_SEGMENTS = 8 };

/* Cuts a path at its slashes into decoded segments. False when there are too many or a bad one. */
static bool split(const char *path, char *segments[MAX_SEGMENTS], size_t *count)
{
    *count = 0;
    while (*path == '/') {
        path++;
        size_t len = strcspn(path, "/");
        if (len == 0 && path[len] == '\0')
            return true; /* a slash at the end */
        char *segment = url_decode((struct bytes){path, len}, false);
        if (!segment)
            return false;
        if (*count == MAX_SEGMENTS) {
            free(segment);
            return false;
        }
        segments[(*count)++] = segment;
        path += len;
    }
    return *path == '\0';
}

/* Moves the next segment out, NULL behind the last. */
static char *shift(char ***at, char *const *end)
{
    if (*at == end)
        return NULL;
    char *segment = **at;
    *(*at)++ = NULL;
    return segment;
}

static bool fill(char **at, char *const *end, struct api_request_path *out)
{
    OWN(free) char *root = shift(&at, end);
    if (str_equal(root, "api"))
        out->group = str_copy("");
    else if (str_equal(root, "apis"))
        out->group = shift(&at, end);
    out->version = shift(&at, end);
    if (!out->group || !out->version)
        return false;
    /* "namespaces/NAME" alone, or with a part of the Namespace itself, is a Namespace */
    bool within = end - at >= 3 && str_equal(*at, "namespaces") && !str_equal(at[2], "status") &&
                  !str_equal(at[2], "finalize");
    if (within) {
        free(shift(&at, end));
        out->ns = shift(&at, end);
    }
    out->plural = shift(&at, end);
    out->name = shift(&at, end);
    out->sub = shift(&at, end);
    return at == end;
}

bool api_request_path_parse(const char *path, struct api_request_path *out)
{
    *out = (struct api_request_path){0};
    char *segments[MAX_SEGMENTS] = {NULL};
    size_t count = 0;
    bool parsed = split(path, segments, &count) && fill(segments, segments + count, out);
    for (size_t i = 0; i < count; i++)
        free(segments[i]);
    if (!parsed)
        api_request_path_done(out);
    return parsed;
}

void api_request_path_done(struct api_request_path *path)
{
    free(path->group);
    free(path->version);
    free(path->ns);
    free(path->plural);
    free(path->name);
    free(path->sub);
    *path = (struct api_request_path){0};
}

bool api_query_equals(const struct http_exchange *exchange, const char *name, const char *value)
{
    OWN(free) char *given = url_query_get(exchange->query, name);
    return str_equal(given, value);
}

bool api_query_is_true(const struct http_exchange *exchange, const char *name)
{
    return api_query_equals(exchange, name, "true") || api_query_equals(exchange, name, "1");
}

static const char *reason_of(const struct err *err)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {400, "BadRequest"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "NotFound"},
        {405, "MethodNotAllowed"},
        {406, "NotAcceptable"},
        {409, "Conflict"},
        {410, "Expired"},
        {413, "RequestEntityTooLarge"},
        {415, "UnsupportedMediaType"},
        {422, "Invalid"},
        {429, "TooManyRequests"},
        {503, "ServiceUnavailable"},
    };
    if (err->reason)
        return err->reason;
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].status == err->status)
            return reasons[i].reason;
    return "InternalError";
}

json_t *api_status_from_err(const struct err *err, const struct kind *kind, const char *name)
{
    json_t *status = json_pack("{s:s, s:s, s:{}, s:s, s:s, s:s, s:i}", "kind", "Status",
                               "apiVersion", "v1", "metadata", "status", "Failure", "message",
                               err->text, "reason", reason_of(err), "code", err->status);
    if (!status) /* a text that is no UTF-8 */
        return json_pack("{s:s, s:s, s:s, s:i}", "kind", "Status", "apiVersion", "v1", "status",
                         "Failure", "code", err->status);
    if (kind)
        json_object_set_new(status, "details",
                            json_pack("{s:s*, s:s, s:s}", "name", name, "group", kind->group,
                                      "kind", err->status == 422 ? kind->name : kind->plural));
    return status;
}

void api_reply_status(struct http_exchange *exchange, const struct err *err,
                      const struct kind *kind, const char *name)
{
    http_exchange_reply_json(exchange, err->status, api_status_from_err(err, kind, name));
}

void api_reply_validation_error(struct http_exchange *exchange,
                                const struct validation_error *problem, const struct kind *kind,
                                const char *name)
{
    struct err err = {0};
    if (problem->unknown_field) {
        const char *hint = strstr(problem->text, "; did you mean ");
        err_set(&err, ERR_INPUT,
                "%s in version \"%s\" cannot be handled as a %s: strict decoding error: unknown "
                "field \"%s\"%s",
                kind->name, kind->version, kind->name, problem->path, hint ? hint : "");
        api_reply_status(exchange, &err, kind, name);
        return;
    }
    err_set(&err, 422, "%s%s%s \"%s\" is invalid: %s: %s", kind->name, *kind->group ? "." : "",
            kind->group, name, problem->path, problem->text);
    json_t *status = api_status_from_err(&err, kind, name);
    json_object_set_new(json_object_get(status, "details"), "causes",
                        json_pack("[{s:s, s:s, s:s}]", "reason", "FieldValueInvalid", "message",
                                  problem->text, "field", problem->path));
    http_exchange_reply_json(exchange, 422, status);
}

json_t *api_object_as(const json_t *object, const struct kind *kind)
{
    struct err err = {0};
    const struct kind *written = kind_of_object(object, &err);
    return kind_convert(object, written ? written : kind, kind);
}
