/* SPDX-License-Identifier: Apache-2.0 */
/* Reading objects by the Kubernetes API: one, or a list, as they are or as a table. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/table.h"
#include "kn-local/kinds/kinds.h"
#include "net/url.h"

#include <inttypes.h>
#include <string.h>

void api_request_fail(struct api_request *call, const struct err *err)
{
    api_reply_status(call->exchange, err, call->kind, call->path.name);
}

bool api_is_dry_run(const struct api_request *call)
{
    return api_query_equals(call->exchange, "dryRun", "All");
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

/* Answers with an object as it is stored. */
void api_reply_object(struct api_request *call, int status, const json_t *stored)
{
    json_auto_t *object = api_object_as(stored, call->kind);
    if (!api_wants_table(call->exchange)) {
        http_exchange_reply_json(call->exchange, status, json_incref(object));
        return;
    }
    json_auto_t *one = json_pack("[O]", stored);
    const struct kind *columns = api_table_kind(call->kind, one);
    json_auto_t *shown = json_pack("[o]", api_object_as(stored, columns));
    OWN(free) char *include = api_table_include(call->exchange);
    http_exchange_reply_json(call->exchange, status,
                             api_table_from_list(columns, shown, include, timestamp_now_ns()));
}

bool api_read_selector(struct api_request *call, struct selector *selector)
{
    OWN(free) char *labels = url_query_get(call->exchange->query, "labelSelector");
    OWN(free) char *fields = url_query_get(call->exchange->query, "fieldSelector");
    struct err err = {0};
    if (selector_parse(labels, fields, selector, &err))
        return true;
    api_request_fail(call, &err);
    return false;
}

bool api_is_selected(const struct kind *kind, const struct selector *selector, const json_t *object)
{
    if (!object || !selector_matches(selector, object))
        return false;
    if (kind != &kind_pod || selector->label_count || selector->field_count)
        return true;
    const char *phase =
        json_string_value(json_object_get(json_object_get(object, "status"), "phase"));
    return !str_equal(phase, "Succeeded") && !str_equal(phase, "Failed");
}

void api_get(struct api_request *call)
{
    struct object_key key = api_object_key(call);
    json_auto_t *stored = object_store_get(call->kube->options.objects, &key);
    if (stored) {
        api_reply_object(call, 200, stored);
        return;
    }
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "%s%s%s \"%s\" not found", call->kind->plural,
            *call->kind->group ? "." : "", call->kind->group, call->path.name);
    api_request_fail(call, &err);
}

json_t *api_filter_list(const struct kind *kind, const struct selector *selector, const json_t *all)
{
    json_t *list = json_array();
    size_t index;
    json_t *object;
    json_array_foreach(all, index, object)
    {
        if (api_is_selected(kind, selector, object))
            json_array_append(list, object);
    }
    return list;
}

static json_t *converted(const json_t *stored, const struct kind *kind)
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

json_t *api_list_or_table(struct api_request *call, const json_t *stored)
{
    if (api_wants_table(call->exchange)) {
        const struct kind *columns = api_table_kind(call->kind, stored);
        json_auto_t *shown = converted(stored, columns);
        OWN(free) char *include = api_table_include(call->exchange);
        return api_table_from_list(columns, shown, include, timestamp_now_ns());
    }
    OWN(free) char *list_kind = str_format("%sList", call->kind->name);
    OWN(free) char *api_version = kind_api_version(call->kind);
    return json_pack("{s:s, s:s, s:{}, s:o}", "kind", list_kind, "apiVersion", api_version,
                     "metadata", "items", converted(stored, call->kind));
}

void api_list(struct api_request *call)
{
    OWN(selector) struct selector selector = {0};
    if (!api_read_selector(call, &selector))
        return;
    uint64_t version = 0;
    json_auto_t *all =
        object_store_list(call->kube->options.objects, call->kind, call->path.ns, &version);
    json_auto_t *stored = api_filter_list(call->kind, &selector, all);
    json_t *answer = api_list_or_table(call, stored);
    OWN(free) char *text = str_format("%" PRIu64, version);
    json_object_set_new(json_object_get(answer, "metadata"), "resourceVersion", json_string(text));
    http_exchange_reply_json(call->exchange, 200, answer);
}

/* The stored object that the path names, or NULL after answering that there is none. */
json_t *api_existing_object(struct api_request *call)
{
    struct object_key key = api_object_key(call);
    json_t *stored = object_store_get(call->kube->options.objects, &key);
    if (!stored)
        api_get(call); /* says not found */
    return stored;
}
