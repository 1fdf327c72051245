/* Reading objects by the Kubernetes API: one, or a list, as they are or as a table. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/table.h"
#include "kn-local/kinds/schema.h"
#include "net/url.h"

#include <inttypes.h>
#include <string.h>

void kube_refuse(struct kube_call *call, const struct err *err)
{
    kube_reply_err(call->exchange, err, call->kind, call->path.name);
}

bool kube_is_dry_run(const struct kube_call *call)
{
    return kube_query_is(call->exchange, "dryRun", "All");
}

/* ---- answers --------------------------------------------------------------------------------- */

bool kube_wants_table(const struct http_exchange *exchange)
{
    const char *accept = headers_get(&exchange->headers, "Accept");
    return accept && strstr(accept, "as=Table");
}

char *kube_include(const struct http_exchange *exchange)
{
    return query_get(exchange->query, "includeObject");
}

const struct kind *kube_columns(const struct kind *kind, const json_t *stored)
{
    const struct kind *older = NULL;
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        struct err err = {0};
        const struct kind *written = kind_of_object(object, &err);
        if (!written || str_equal(written->group, kind_family(written)->group) ||
            (older && older != written))
            return kind;
        older = written;
    }
    return older && kind_family(kind) == kind_family(older) ? older : kind;
}

/* Answers with an object as it is stored. */
void kube_reply_object(struct kube_call *call, int status, const json_t *stored)
{
    json_auto_t *object = kube_object_as(stored, call->kind);
    if (!kube_wants_table(call->exchange)) {
        http_reply_json(call->exchange, status, json_incref(object));
        return;
    }
    json_auto_t *one = json_pack("[O]", stored);
    const struct kind *columns = kube_columns(call->kind, one);
    json_auto_t *shown = json_pack("[o]", kube_object_as(stored, columns));
    OWN(free) char *include = kube_include(call->exchange);
    http_reply_json(call->exchange, status, kube_table(columns, shown, include, time_now_ns()));
}

/* ---- reading --------------------------------------------------------------------------------- */

bool kube_selector(struct kube_call *call, struct selector *selector)
{
    OWN(free) char *labels = query_get(call->exchange->query, "labelSelector");
    OWN(free) char *fields = query_get(call->exchange->query, "fieldSelector");
    struct err err = {0};
    if (selector_parse(labels, fields, selector, &err))
        return true;
    kube_refuse(call, &err);
    return false;
}

bool kube_selected(const struct kind *kind, const struct selector *selector, const json_t *object)
{
    if (!object || !selector_matches(selector, object))
        return false;
    if (kind != &kind_pod || selector->label_count || selector->field_count)
        return true;
    const char *phase =
        json_string_value(json_object_get(json_object_get(object, "status"), "phase"));
    return !str_equal(phase, "Succeeded") && !str_equal(phase, "Failed");
}

void kube_get(struct kube_call *call)
{
    struct object_key key = kube_key(call);
    json_auto_t *stored = objects_get(call->kube->options.objects, &key);
    if (stored) {
        kube_reply_object(call, 200, stored);
        return;
    }
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "%s%s%s \"%s\" not found", call->kind->plural,
            *call->kind->group ? "." : "", call->kind->group, call->path.name);
    kube_refuse(call, &err);
}

json_t *kube_pick(const struct kind *kind, const struct selector *selector, const json_t *all)
{
    json_t *list = json_array();
    size_t index;
    json_t *object;
    json_array_foreach(all, index, object)
    {
        if (kube_selected(kind, selector, object))
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
        json_array_append_new(list, kube_object_as(object, kind));
    }
    return list;
}

json_t *kube_list_or_table(struct kube_call *call, const json_t *stored)
{
    if (kube_wants_table(call->exchange)) {
        const struct kind *columns = kube_columns(call->kind, stored);
        json_auto_t *shown = converted(stored, columns);
        OWN(free) char *include = kube_include(call->exchange);
        return kube_table(columns, shown, include, time_now_ns());
    }
    OWN(free) char *list_kind = str_format("%sList", call->kind->name);
    OWN(free) char *api_version = kind_api_version(call->kind);
    return json_pack("{s:s, s:s, s:{}, s:o}", "kind", list_kind, "apiVersion", api_version,
                     "metadata", "items", converted(stored, call->kind));
}

void kube_list(struct kube_call *call)
{
    OWN(selector) struct selector selector = {0};
    if (!kube_selector(call, &selector))
        return;
    uint64_t version = 0;
    json_auto_t *all =
        objects_list(call->kube->options.objects, call->kind, call->path.ns, &version);
    json_auto_t *stored = kube_pick(call->kind, &selector, all);
    json_t *answer = kube_list_or_table(call, stored);
    OWN(free) char *text = str_format("%" PRIu64, version);
    json_object_set_new(json_object_get(answer, "metadata"), "resourceVersion", json_string(text));
    http_reply_json(call->exchange, 200, answer);
}

/* The stored object that the path names, or NULL after answering that there is none. */
json_t *kube_existing(struct kube_call *call)
{
    struct object_key key = kube_key(call);
    json_t *stored = objects_get(call->kube->options.objects, &key);
    if (!stored)
        kube_get(call); /* says not found */
    return stored;
}
