/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about one object. */
#include "base/str.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/rest/rest_actions.h"

enum {
    NOT_MODIFIED = 304,
    PRECONDITION_FAILED = 412,
};

/* Checks the preconditions of the query, and the fields If-Match and If-None-Match. */
static bool check_preconditions(const struct storage_request *request,
                                const struct storage_object *object, struct err *err)
{
    struct preconditions preconditions;
    if (!preconditions_read(request->exchange->query, false, &preconditions, err) ||
        !preconditions_check(&preconditions, object->generation, object->metageneration, true, err))
        return false;
    const struct headers *headers = &request->exchange->headers;
    const char *match = headers_get(headers, "If-Match");
    const char *none_match = headers_get(headers, "If-None-Match");
    OWN(free) char *etag = storage_object_etag(object->generation, object->metageneration);
    if (match && !str_equal(match, "*") && !str_equal(match, etag))
        return err_set(err, PRECONDITION_FAILED,
                       "At least one of the pre-conditions you specified did not hold.");
    if (none_match && (str_equal(none_match, "*") || str_equal(none_match, etag)))
        return err_set(err, NOT_MODIFIED, "Not Modified");
    return true;
}

/* A missing bucket is another error than a missing object. */
static bool find(struct storage_request *request, int64_t generation, struct storage_object *object,
                 struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    return catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err) &&
           catalog_find_object(request->storage->catalog, request->arg[0], request->arg[1],
                               generation, object, err);
}

bool rest_download_object(struct storage_request *request, struct err *err)
{
    OWN(storage_object) struct storage_object object = {0};
    int64_t generation = 0;
    if (!storage_request_generation(request, &generation, err) ||
        !find(request, generation, &object, err))
        return false;
    int fd = storage_open_object(request->storage, request->arg[0], request->arg[1], generation,
                                 &object, err);
    if (fd < 0)
        return false;
    if (check_preconditions(request, &object, err))
        return rest_send_content(request, &object, fd, err);
    own_fd(&fd);
    return false;
}

bool rest_get_object(struct storage_request *request, struct err *err)
{
    OWN(free) char *alt = storage_request_query(request, "alt");
    if (str_equal(alt, "media"))
        return rest_download_object(request, err);
    OWN(storage_object) struct storage_object object = {0};
    int64_t generation = 0;
    return storage_request_generation(request, &generation, err) &&
           find(request, generation, &object, err) && check_preconditions(request, &object, err) &&
           storage_request_reply_object(request, &object);
}

static bool change(struct storage_request *request, bool replace, struct err *err)
{
    json_auto_t *resource = storage_request_body(request, err);
    struct preconditions preconditions;
    int64_t generation = 0;
    OWN(storage_object) struct storage_object before = {0};
    OWN(storage_object) struct storage_object after = {0};
    return resource && storage_request_generation(request, &generation, err) &&
           preconditions_read(request->exchange->query, false, &preconditions, err) &&
           find(request, generation, &before, err) &&
           mutation_update_fields(request->storage, &before, resource, replace, &preconditions,
                                  request->base, &after, err) &&
           storage_request_reply_object(request, &after);
}

bool rest_patch_object(struct storage_request *request, struct err *err)
{
    return change(request, false, err);
}

bool rest_update_object(struct storage_request *request, struct err *err)
{
    return change(request, true, err);
}

bool rest_delete_object(struct storage_request *request, struct err *err)
{
    struct preconditions preconditions;
    int64_t generation = 0;
    if (!storage_request_generation(request, &generation, err) ||
        !preconditions_read(request->exchange->query, false, &preconditions, err) ||
        !mutation_delete(request->storage, request->arg[0], request->arg[1], generation,
                         &preconditions, request->base, err))
        return false;
    http_exchange_reply_empty(request->exchange, 204);
    return true;
}
