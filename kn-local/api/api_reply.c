/* SPDX-License-Identifier: Apache-2.0 */
/* What the Kubernetes API answers with: a Status, an object, a list or a table. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/api_table.h"
#include "net/url.h"

#include <string.h>

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
    if (!status) /* the message is not valid UTF-8 */
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

void api_reply_error(struct api_request *request, const struct err *err)
{
    api_reply_status(request->exchange, err, request->kind, request->path.name);
}

void api_reply_validation_error(struct api_request *request, const char *name,
                                const struct validation_error *problem)
{
    const struct kind *kind = request->kind;
    struct err err = {0};
    if (problem->unknown_field) {
        const char *hint = strstr(problem->text, "; did you mean ");
        err_set(&err, ERR_INPUT,
                "%s in version \"%s\" cannot be handled as a %s: strict decoding error: unknown "
                "field \"%s\"%s",
                kind->name, kind->version, kind->name, problem->path, hint ? hint : "");
        api_reply_status(request->exchange, &err, kind, name);
        return;
    }
    err_set(&err, 422, "%s%s%s \"%s\" is invalid: %s: %s", kind->name, *kind->group ? "." : "",
            kind->group, name, problem->path, problem->text);
    json_t *status = api_status_from_err(&err, kind, name);
    json_object_set_new(json_object_get(status, "details"), "causes",
                        json_pack("[{s:s, s:s, s:s}]", "reason", "FieldValueInvalid", "message",
                                  problem->text, "field", problem->path));
    http_exchange_reply_json(request->exchange, 422, status);
}

json_t *api_object_as(const json_t *stored, const struct kind *kind)
{
    struct err err = {0};
    const struct kind *written = kind_of_object(stored, &err);
    return kind_convert(stored, written ? written : kind, kind);
}

json_t *api_list_as(const json_t *stored, const struct kind *kind)
{
    json_t *list = json_array();
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        json_array_append_new(list, api_object_as(object, kind));
    }
    return list;
}

bool api_wants_table(const struct http_exchange *exchange)
{
    const char *accept = headers_get(&exchange->headers, "Accept");
    return accept && strstr(accept, "as=Table");
}

char *api_table_include(const struct http_exchange *exchange)
{
    return url_query_get(exchange->query, "includeObject");
}

const struct kind *api_table_kind(const struct kind *kind, const json_t *stored)
{
    const struct kind *older = NULL;
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        struct err err = {0};
        const struct kind *written = kind_of_object(object, &err);
        if (!written || str_equal(written->group, kind_hub(written)->group) ||
            (older && older != written))
            return kind;
        older = written;
    }
    return older && kind_hub(kind) == kind_hub(older) ? older : kind;
}

static json_t *table(struct api_request *request, const json_t *stored)
{
    const struct kind *columns = api_table_kind(request->kind, stored);
    json_auto_t *list = api_list_as(stored, columns);
    OWN(free) char *include = api_table_include(request->exchange);
    return api_table_from_list(columns, list, include, timestamp_now_ns());
}

void api_reply_object(struct api_request *request, int status, const json_t *stored)
{
    json_auto_t *one = json_pack("[O]", stored);
    http_exchange_reply_json(request->exchange, status,
                             api_wants_table(request->exchange)
                                 ? table(request, one)
                                 : api_object_as(stored, request->kind));
}

json_t *api_list_or_table(struct api_request *request, const json_t *stored)
{
    if (api_wants_table(request->exchange))
        return table(request, stored);
    OWN(free) char *list_kind = str_format("%sList", request->kind->name);
    OWN(free) char *api_version = kind_api_version(request->kind);
    return json_pack("{s:s, s:s, s:{}, s:o}", "kind", list_kind, "apiVersion", api_version,
                     "metadata", "items", api_list_as(stored, request->kind));
}
