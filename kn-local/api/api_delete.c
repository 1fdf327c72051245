/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting objects by the Kubernetes API. */
#include "base/own.h"
#include "kn-local/api/api_private.h"
#include "kn-local/kinds/kinds.h"

static void delete_within(struct object_store *objects, const char *ns)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (all[i]->cluster_wide || all[i]->hub)
            continue;
        json_auto_t *list = object_store_list(objects, all[i], ns, NULL);
        size_t index;
        json_t *object;
        json_array_foreach(list, index, object)
        {
            struct err err = {0};
            struct object_key key = object_key_of(all[i], object);
            json_decref(object_store_delete(objects, &key, &err));
        }
    }
}

static json_t *delete_object(struct api_request *call, const char *ns, const char *name,
                             struct err *err)
{
    struct api_server_options *options = &call->kube->options;
    struct object_key key = {call->kind, ns, name};
    if (api_is_dry_run(call))
        return object_store_get(options->objects, &key);
    if (call->kind == &kind_pod)
        runtime_delete_pod(options->runtime, ns, name);
    json_t *last = object_store_delete(options->objects, &key, err);
    if (last && call->kind == &kind_namespace)
        delete_within(options->objects, name);
    return last;
}

void api_delete(struct api_request *call)
{
    json_auto_t *stored = api_existing_object(call);
    if (!stored)
        return;
    struct err err = {0};
    struct object_key key = api_object_key(call);
    json_auto_t *last = delete_object(call, key.ns, key.name, &err);
    if (!last) {
        api_request_fail(call, &err);
        return;
    }
    http_exchange_reply_json(
        call->exchange, 200,
        json_pack("{s:s, s:s, s:{}, s:s, s:{s:s, s:s, s:s, s:s}}", "kind", "Status", "apiVersion",
                  "v1", "metadata", "status", "Success", "details", "name", key.name, "group",
                  call->kind->group, "kind", call->kind->plural, "uid", object_uid(last)));
}

void api_delete_all(struct api_request *call)
{
    OWN(selector) struct selector selector = {0};
    if (!api_read_selector(call, &selector))
        return;
    json_auto_t *all =
        object_store_list(call->kube->options.objects, call->kind, call->path.ns, NULL);
    json_auto_t *stored = api_filter_list(call->kind, &selector, all);
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        struct err err = {0};
        json_decref(delete_object(call, object_ns(object), object_name(object), &err));
    }
    http_exchange_reply_json(call->exchange, 200, api_list_or_table(call, stored));
}
