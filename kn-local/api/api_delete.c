/* Deleting objects by the Kubernetes API. */
#include "base/own.h"
#include "kn-local/api/api_private.h"
#include "kn-local/kinds/schema.h"

static void delete_within(struct objects *objects, const char *ns)
{
    size_t count = 0;
    const struct kind *const *all = kinds_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (all[i]->cluster_wide || all[i]->today)
            continue;
        json_auto_t *list = objects_list(objects, all[i], ns, NULL);
        size_t index;
        json_t *object;
        json_array_foreach(list, index, object)
        {
            struct err err = {0};
            struct object_key key = object_key_of(all[i], object);
            json_decref(objects_delete(objects, &key, &err));
        }
    }
}

static json_t *delete_object(struct kube_call *call, const char *ns, const char *name,
                             struct err *err)
{
    struct kube_options *options = &call->kube->options;
    struct object_key key = {call->kind, ns, name};
    if (kube_is_dry_run(call))
        return objects_get(options->objects, &key);
    if (call->kind == &kind_pod)
        runtime_delete_pod(options->runtime, ns, name);
    json_t *last = objects_delete(options->objects, &key, err);
    if (last && call->kind == &kind_namespace)
        delete_within(options->objects, name);
    return last;
}

void kube_delete(struct kube_call *call)
{
    json_auto_t *stored = kube_existing(call);
    if (!stored)
        return;
    struct err err = {0};
    struct object_key key = kube_key(call);
    json_auto_t *last = delete_object(call, key.ns, key.name, &err);
    if (!last) {
        kube_refuse(call, &err);
        return;
    }
    http_reply_json(call->exchange, 200,
                    json_pack("{s:s, s:s, s:{}, s:s, s:{s:s, s:s, s:s, s:s}}", "kind", "Status",
                              "apiVersion", "v1", "metadata", "status", "Success", "details",
                              "name", key.name, "group", call->kind->group, "kind",
                              call->kind->plural, "uid", object_uid(last)));
}

void kube_delete_all(struct kube_call *call)
{
    OWN(selector) struct selector selector = {0};
    if (!kube_selector(call, &selector))
        return;
    json_auto_t *all = objects_list(call->kube->options.objects, call->kind, call->path.ns, NULL);
    json_auto_t *stored = kube_pick(call->kind, &selector, all);
    size_t index;
    json_t *object;
    json_array_foreach(stored, index, object)
    {
        struct err err = {0};
        json_decref(delete_object(call, object_ns(object), object_name(object), &err));
    }
    http_reply_json(call->exchange, 200, kube_list_or_table(call, stored));
}
