/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked about one object. */
#include "gcp-local/storage/rest/rest_objects.h"

#include "base/str.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/rest/rest_download.h"

enum {
    MAX_TRIES = 10, /* to open content that others replace all the time */
    NOT_MODIFIED = 304,
    PRECONDITION_FAILED = 412,
};

int rest_open_object(struct storage *storage, const char *bucket, const char *name,
                     int64_t generation, struct storage_object *object, struct err *err)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        storage_object_done(object);
        if (!catalog_find_object(storage->catalog, bucket, name, generation, object, err))
            return -1;
        OWN(free) char *path = storage_content_path(bucket, object->generation);
        struct err gone = {0}; /* replaced since it was found, unless it is another failure */
        int fd = content_files_read(storage->files, path, &gone);
        if (fd >= 0)
            return fd;
        if (gone.status != ERR_NOT_FOUND) {
            *err = gone;
            return -1;
        }
    }
    err_set(err, ERR_UNAVAILABLE, "%s/%s changes too often to be read.", bucket, name);
    return -1;
}

/* If-Match and If-None-Match, as HTTP has them. */
static bool etags_hold(const struct storage_request *request, const struct storage_object *object,
                       struct err *err)
{
    const struct headers *headers = &request->exchange->headers;
    const char *match = headers_get(headers, "If-Match");
    const char *none = headers_get(headers, "If-None-Match");
    OWN(free) char *etag = storage_object_etag(object->generation, object->metageneration);
    if (match && !str_equal(match, "*") && !str_equal(match, etag))
        return err_set(err, PRECONDITION_FAILED,
                       "At least one of the pre-conditions you specified did not hold.");
    if (none && (str_equal(none, "*") || str_equal(none, etag)))
        return err_set(err, NOT_MODIFIED, "Not Modified");
    return true;
}

/* Whether the request may see the object as it is. */
static bool may_see(const struct storage_request *request, const struct storage_object *object,
                    struct err *err)
{
    struct preconditions preconditions;
    return preconditions_read(request->exchange->query, false, &preconditions, err) &&
           preconditions_check(&preconditions, object->generation, object->metageneration, true,
                               err) &&
           etags_hold(request, object, err);
}

/* Finds the object; in a bucket that does not exist it says so. */
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
    int fd = rest_open_object(request->storage, request->arg[0], request->arg[1], generation,
                              &object, err);
    if (fd < 0)
        return false;
    if (may_see(request, &object, err))
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
           find(request, generation, &object, err) && may_see(request, &object, err) &&
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
