/* SPDX-License-Identifier: Apache-2.0 */
/* DELETE of objects. */
#include "base/own.h"
#include "kn-local/api/api_private.h"
#include "kn-local/kinds/kinds.h"

static void delete_in_namespace(struct object_store *objects, const char *ns)
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

static json_t *delete_object(struct api_request *request, const char *ns, const char *name,
                             struct err *err)
{
    struct api_server_options *options = &request->server->options;
    struct object_key key = {request->kind, ns, name};
    if (api_is_dry_run(request))
        return object_store_get(options->objects, &key);
    if (request->kind == &kind_pod)
        options->pods.stop(options->pods.app, ns, name);
    json_t *last = object_store_delete(options->objects, &key, err);
    if (last && request->kind == &kind_namespace)
        delete_in_namespace(options->objects, name);
    return last;
}

void api_delete(struct api_request *request)
{
    json_auto_t *stored = api_existing_object(request);
    if (!stored)
        return;
    struct err err = {0};
    struct object_key key = api_request_key(request);
    json_auto_t *last = delete_object(request, key.ns, key.name, &err);
    if (!last) {
        api_reply_error(request, &err);
        return;
    }
    http_exchange_reply_json(
        request->exchange, 200,
        json_pack("{s:s, s:s, s:{}, s:s, s:{s:s, s:s, s:s, s:s}}", "kind", "Status", "apiVersion",
                  "v1", "metadata", "status", "Success", "details", "name", key.name, "group",
                  request->kind->group, "kind", request->kind->plural, "uid", object_uid(last)));
}

void api_delete_collection(struct api_request *request)
{
    OWN(selector) struct selector selector = {0};
    if (!api_read_selector(request, &selector))
        return;
    json_auto_t *all =
        object_store_list(request->server->options.objects, request->kind, request->path.ns, NULL);
    json_auto_t *stored = api_filter_list(request->kind, &selector, all);
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        struct err err = {0};
        json_decref(delete_object(request, object_ns(object), object_name(object), &err));
    }
    http_exchange_reply_json(request->exchange, 200, api_list_or_table(request, stored));
}
