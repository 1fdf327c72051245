/* SPDX-License-Identifier: Apache-2.0 */
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
    OWN(object_store) struct object_store *apart = object_store_open(NULL, err);
    if (!apart)
        return NULL;
    if (!old)
        return object_store_create_new(apart, key, object, err);
    json_decref(object_store_create_new(apart, key, json_deep_copy(old), err));
    json_object_del(json_object_get(object, "metadata"), "resourceVersion");
    json_t *result = object_store_update_new(apart, key, object, err);
    json_object_set(json_object_get(result, "metadata"), "resourceVersion",
                    json_object_get(json_object_get(old, "metadata"), "resourceVersion"));
    return result;
}

/* Stores an admitted object and answers; takes it over. old is the stored state, NULL: create. */
static void store(struct api_request *call, json_t *object, const json_t *old)
{
    OWN(free) char *name = str_copy(object_name(object));
    struct object_key key = api_object_key(call);
    key.name = name;
    struct err err = {0};
    struct object_store *objects = call->kube->options.objects;
    json_auto_t *stored = NULL;
    if (api_is_dry_run(call))
        stored = write_dry(&key, old, object, &err);
    else if (old)
        stored = object_store_update_new(objects, &key, object, &err);
    else
        stored = object_store_create_new(objects, &key, object, &err);
    if (stored)
        api_reply_object(call, old ? 200 : 201, stored);
    else
        api_reply_status(call->exchange, &err, call->kind, name);
}

void api_create(struct api_request *call)
{
    struct err err = {0};
    json_auto_t *object = api_body_parse(call->exchange, &err);
    if (!object) {
        api_request_fail(call, &err);
        return;
    }
    if (!api_body_admit(call, object, NULL))
        return;
    if (!call->kind->builtin)
        json_object_del(object, "status");
    store(call, move_ptr(&object), NULL);
}

/* Stores the next state of an existing object and answers. next is taken over; it may share parts
 * with the stored tree, which must not change. */
static void store_next(struct api_request *call, json_t *next, const json_t *stored)
{
    json_auto_t *object = json_deep_copy(next);
    json_decref(next);
    json_auto_t *before = api_object_as(stored, call->kind);
    if (!api_body_admit(call, object, before))
        return;
    if (!str_equal(object_name(object), call->path.name)) {
        struct err err = {0};
        err_set(&err, ERR_INPUT,
                "the name of the object (%.100s) does not match the name on the "
                "URL (%.100s)",
                object_name(object), call->path.name);
        api_request_fail(call, &err);
        return;
    }
    store(call, move_ptr(&object), stored);
}

void api_replace(struct api_request *call)
{
    struct err err = {0};
    json_auto_t *object = api_body_parse(call->exchange, &err);
    if (!object) {
        api_request_fail(call, &err);
        return;
    }
    json_auto_t *stored = api_existing_object(call);
    if (stored)
        store_next(call, move_ptr(&object), stored);
}

static json_t *patched(const struct api_request *call, const char *type, const json_t *before,
                       const json_t *patch, struct err *err)
{
    if (str_equal(type, "application/merge-patch+json"))
        return merge_patch_apply(before, patch);
    if (str_equal(type, "application/json-patch+json")) {
        json_t *result = json_patch_apply(before, patch, err);
        if (!result)
            err_wrap(err, "the server rejected our request");
        return result;
    }
    if (str_equal(type, "application/strategic-merge-patch+json") && call->kind->builtin)
        return merge_patch_apply_strategic(before, patch, err);
    err_set(err, ERR_FORMAT,
            "the body of the request was in an unknown format - accepted media "
            "types include: application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml");
    return NULL;
}

/* Server-side apply: also creates. */
static void apply(struct api_request *call, const json_t *wish)
{
    struct err err = {0};
    struct object_key key = api_object_key(call);
    json_auto_t *stored = object_store_get(call->kube->options.objects, &key);
    json_auto_t *before = stored ? api_object_as(stored, call->kind) : NULL;
    OWN(free) char *manager = url_query_get(call->exchange->query, "fieldManager");
    bool force = api_query_is_true(call->exchange, "force");
    json_t *next = managed_fields_apply(before, wish, manager ? manager : "", force, &err);
    if (!next)
        api_request_fail(call, &err);
    else if (stored)
        store_next(call, next, stored);
    else if (api_body_admit(call, next, NULL))
        store(call, next, NULL);
    else
        json_decref(next);
}

void api_patch(struct api_request *call)
{
    struct err err = {0};
    OWN(free) char *type =
        headers_media_type(headers_get(&call->exchange->headers, "Content-Type"));
    json_auto_t *patch = api_body_parse(call->exchange, &err);
    if (!patch) {
        api_request_fail(call, &err);
        return;
    }
    if (str_equal(type, "application/apply-patch+yaml")) {
        apply(call, patch);
        return;
    }
    json_auto_t *stored = api_existing_object(call);
    if (!stored)
        return;
    json_auto_t *before = api_object_as(stored, call->kind);
    json_t *next = patched(call, type, before, patch, &err);
    if (next)
        store_next(call, next, stored);
    else
        api_request_fail(call, &err);
}
