/* Creating, replacing and patching objects by the Kubernetes API. */
#include "base/str.h"
#include "kn-local/api/api_private.h"
#include "kn-local/api/managed_fields.h"
#include "kn-local/api/merge_patch.h"
#include "net/url.h"

/* A store of its own for a dry run: what would be stored, without storing it. */
static json_t *write_dry(const struct object_key *key, const json_t *old, json_t *object,
                         struct err *err)
{
    OWN(objects) struct objects *apart = objects_open(NULL, err);
    if (!apart)
        return NULL;
    if (!old)
        return objects_create_new(apart, key, object, err);
    json_decref(objects_create_new(apart, key, json_deep_copy(old), err));
    json_object_del(json_object_get(object, "metadata"), "resourceVersion");
    json_t *result = objects_update_new(apart, key, object, err);
    json_object_set(json_object_get(result, "metadata"), "resourceVersion",
                    json_object_get(json_object_get(old, "metadata"), "resourceVersion"));
    return result;
}

/* Stores an admitted object and answers; takes it over. old is the stored state, NULL: create. */
static void store(struct kube_call *call, json_t *object, const json_t *old)
{
    OWN(free) char *name = str_copy(object_name(object));
    struct object_key key = kube_key(call);
    key.name = name;
    struct err err = {0};
    struct objects *objects = call->kube->options.objects;
    json_auto_t *stored = NULL;
    if (kube_is_dry_run(call))
        stored = write_dry(&key, old, object, &err);
    else if (old)
        stored = objects_update_new(objects, &key, object, &err);
    else
        stored = objects_create_new(objects, &key, object, &err);
    if (stored)
        kube_reply_object(call, old ? 200 : 201, stored);
    else
        kube_reply_err(call->exchange, &err, call->kind, name);
}

void kube_create(struct kube_call *call)
{
    struct err err = {0};
    json_auto_t *object = kube_body(call->exchange, &err);
    if (!object) {
        kube_refuse(call, &err);
        return;
    }
    if (!kube_admitted(call, object, NULL))
        return;
    if (!call->kind->plain)
        json_object_del(object, "status");
    store(call, give(&object), NULL);
}

/* Stores the next state of an existing object and answers. next is taken over; it may share parts
 * with the stored tree, which must not change. */
static void store_next(struct kube_call *call, json_t *next, const json_t *stored)
{
    json_auto_t *object = json_deep_copy(next);
    json_decref(next);
    json_auto_t *before = kube_object_as(stored, call->kind);
    if (!kube_admitted(call, object, before))
        return;
    if (!str_equal(object_name(object), call->path.name)) {
        struct err err = {0};
        err_set(&err, ERR_INPUT,
                "the name of the object (%.100s) does not match the name on the "
                "URL (%.100s)",
                object_name(object), call->path.name);
        kube_refuse(call, &err);
        return;
    }
    store(call, give(&object), stored);
}

void kube_replace(struct kube_call *call)
{
    struct err err = {0};
    json_auto_t *object = kube_body(call->exchange, &err);
    if (!object) {
        kube_refuse(call, &err);
        return;
    }
    json_auto_t *stored = kube_existing(call);
    if (stored)
        store_next(call, give(&object), stored);
}

/* ---- patching -------------------------------------------------------------------------------- */

static json_t *patched(const struct kube_call *call, const char *type, const json_t *before,
                       const json_t *patch, struct err *err)
{
    if (str_equal(type, "application/merge-patch+json"))
        return patch_merge(before, patch);
    if (str_equal(type, "application/json-patch+json")) {
        json_t *result = patch_json(before, patch, err);
        if (!result)
            err_wrap(err, "the server rejected our request");
        return result;
    }
    if (str_equal(type, "application/strategic-merge-patch+json") && call->kind->plain)
        return patch_strategic(before, patch, err);
    err_set(err, ERR_FORMAT,
            "the body of the request was in an unknown format - accepted media "
            "types include: application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml");
    return NULL;
}

/* Server-side apply: also creates. */
static void apply(struct kube_call *call, const json_t *wish)
{
    struct err err = {0};
    struct object_key key = kube_key(call);
    json_auto_t *stored = objects_get(call->kube->options.objects, &key);
    json_auto_t *before = stored ? kube_object_as(stored, call->kind) : NULL;
    OWN(free) char *manager = query_get(call->exchange->query, "fieldManager");
    bool force = kube_query_true(call->exchange, "force");
    json_t *next = kube_apply(before, wish, manager ? manager : "", force, &err);
    if (!next)
        kube_refuse(call, &err);
    else if (stored)
        store_next(call, next, stored);
    else if (kube_admitted(call, next, NULL))
        store(call, next, NULL);
    else
        json_decref(next);
}

void kube_patch(struct kube_call *call)
{
    struct err err = {0};
    OWN(free) char *type = media_type(headers_get(&call->exchange->headers, "Content-Type"));
    json_auto_t *patch = kube_body(call->exchange, &err);
    if (!patch) {
        kube_refuse(call, &err);
        return;
    }
    if (str_equal(type, "application/apply-patch+yaml")) {
        apply(call, patch);
        return;
    }
    json_auto_t *stored = kube_existing(call);
    if (!stored)
        return;
    json_auto_t *before = kube_object_as(stored, call->kind);
    json_t *next = patched(call, type, before, patch, &err);
    if (next)
        store_next(call, next, stored);
    else
        kube_refuse(call, &err);
}
