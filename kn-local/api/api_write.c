/* SPDX-License-Identifier: Apache-2.0 */
/* Creating and replacing objects, and storing what any request writes. */
#include "base/str.h"
#include "kn-local/api/api_private.h"

bool api_is_dry_run(const struct api_request *request)
{
    return api_query_equals(request->exchange, "dryRun", "All");
}

/* A dry run writes to a store of its own, and returns what would be stored. */
static json_t *write_dry(const struct object_key *key, const json_t *old, json_t *object,
                         struct err *err)
{
    OWN(object_store) struct object_store *scratch = object_store_open(NULL, err);
    if (!scratch)
        return NULL;
    if (!old)
        return object_store_create_new(scratch, key, object, err);
    json_decref(object_store_create_new(scratch, key, json_deep_copy(old), err));
    json_object_del(json_object_get(object, "metadata"), "resourceVersion");
    json_t *result = object_store_update_new(scratch, key, object, err);
    json_object_set(json_object_get(result, "metadata"), "resourceVersion",
                    json_object_get(json_object_get(old, "metadata"), "resourceVersion"));
    return result;
}

void api_store_new(struct api_request *request, json_t *object, const json_t *old)
{
    OWN(free) char *name = str_copy(object_name(object));
    struct object_key key = api_request_key(request);
    key.name = name;
    struct err err = {0};
    struct object_store *objects = request->server->options.objects;
    json_auto_t *stored = NULL;
    if (api_is_dry_run(request))
        stored = write_dry(&key, old, object, &err);
    else if (old)
        stored = object_store_update_new(objects, &key, object, &err);
    else
        stored = object_store_create_new(objects, &key, object, &err);
    if (stored)
        api_reply_object(request, old ? 200 : 201, stored);
    else
        api_reply_status(request->exchange, &err, request->kind, name);
}

void api_store_next_new(struct api_request *request, json_t *next, const json_t *stored)
{
    json_auto_t *object = json_deep_copy(next);
    json_decref(next);
    json_auto_t *before = api_object_as(stored, request->kind);
    if (!api_body_admit(request, object, before))
        return;
    if (!str_equal(object_name(object), request->path.name)) {
        struct err err = {0};
        err_set(&err, ERR_INPUT,
                "the name of the object (%.100s) does not match the name on the "
                "URL (%.100s)",
                object_name(object), request->path.name);
        api_reply_error(request, &err);
        return;
    }
    api_store_new(request, move_ptr(&object), stored);
}

void api_create(struct api_request *request)
{
    json_auto_t *object = api_body_read(request);
    if (!object || !api_body_admit(request, object, NULL))
        return;
    if (!request->kind->builtin)
        json_object_del(object, "status");
    api_store_new(request, move_ptr(&object), NULL);
}

void api_replace(struct api_request *request)
{
    json_auto_t *object = api_body_read(request);
    json_auto_t *stored = object ? api_existing_object(request) : NULL;
    if (stored)
        api_store_next_new(request, move_ptr(&object), stored);
}
