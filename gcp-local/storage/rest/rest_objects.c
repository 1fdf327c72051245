/* What can be asked about one object. */
#include "gcp-local/storage/rest/rest_objects.h"

#include "base/str.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/rest/rest_download.h"

enum {
    MOST_TRIES = 10, /* to open content that others replace all the time */
    NOT_MODIFIED = 304,
    PRECONDITION_FAILED = 412,
};

int object_open(struct storage *storage, const char *bucket, const char *name, int64_t generation,
                struct object *object, struct err *err)
{
    for (int i = 0; i < MOST_TRIES; i++) {
        object_done(object);
        if (!catalog_find_object(storage->catalog, bucket, name, generation, object, err))
            return -1;
        OWN(free) char *path = content_path(bucket, object->generation);
        struct err gone = {0}; /* replaced since it was found, unless it is another failure */
        int fd = files_read(storage->files, path, &gone);
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
static bool etags_hold(const struct request *request, const struct object *object, struct err *err)
{
    const struct headers *headers = &request->exchange->headers;
    const char *match = headers_get(headers, "If-Match");
    const char *none = headers_get(headers, "If-None-Match");
    OWN(free) char *etag = object_etag(object->generation, object->metageneration);
    if (match && !str_equal(match, "*") && !str_equal(match, etag))
        return err_set(err, PRECONDITION_FAILED,
                       "At least one of the pre-conditions you specified did not hold.");
    if (none && (str_equal(none, "*") || str_equal(none, etag)))
        return err_set(err, NOT_MODIFIED, "Not Modified");
    return true;
}

/* Whether the request may see the object as it is. */
static bool may_see(const struct request *request, const struct object *object, struct err *err)
{
    struct preconditions preconditions;
    return preconditions_read(request->exchange->query, false, &preconditions, err) &&
           preconditions_hold(&preconditions, object->generation, object->metageneration, true,
                              err) &&
           etags_hold(request, object, err);
}

/* Finds the object; in a bucket that does not exist it says so. */
static bool find(struct request *request, int64_t generation, struct object *object,
                 struct err *err)
{
    OWN(bucket) struct bucket bucket = {0};
    return catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err) &&
           catalog_find_object(request->storage->catalog, request->arg[0], request->arg[1],
                               generation, object, err);
}

bool object_download(struct request *request, struct err *err)
{
    OWN(object) struct object object = {0};
    int64_t generation = 0;
    if (!request_generation(request, &generation, err) || !find(request, generation, &object, err))
        return false;
    int fd =
        object_open(request->storage, request->arg[0], request->arg[1], generation, &object, err);
    if (fd < 0)
        return false;
    if (may_see(request, &object, err))
        return download_object(request, &object, fd, err);
    own_fd(&fd);
    return false;
}

bool object_get(struct request *request, struct err *err)
{
    OWN(free) char *alt = request_query(request, "alt");
    if (str_equal(alt, "media"))
        return object_download(request, err);
    OWN(object) struct object object = {0};
    int64_t generation = 0;
    return request_generation(request, &generation, err) &&
           find(request, generation, &object, err) && may_see(request, &object, err) &&
           request_reply_object(request, &object);
}

static bool change(struct request *request, bool replace, struct err *err)
{
    json_auto_t *resource = request_body(request, err);
    struct preconditions preconditions;
    int64_t generation = 0;
    OWN(object) struct object before = {0};
    OWN(object) struct object after = {0};
    return resource && request_generation(request, &generation, err) &&
           preconditions_read(request->exchange->query, false, &preconditions, err) &&
           find(request, generation, &before, err) &&
           change_fields(request->storage, &before, resource, replace, &preconditions,
                         request->base, &after, err) &&
           request_reply_object(request, &after);
}

bool object_patch(struct request *request, struct err *err)
{
    return change(request, false, err);
}

bool object_update(struct request *request, struct err *err)
{
    return change(request, true, err);
}

bool object_delete(struct request *request, struct err *err)
{
    struct preconditions preconditions;
    int64_t generation = 0;
    if (!request_generation(request, &generation, err) ||
        !preconditions_read(request->exchange->query, false, &preconditions, err) ||
        !change_delete(request->storage, request->arg[0], request->arg[1], generation,
                       &preconditions, request->base, err))
        return false;
    http_reply_empty(request->exchange, 204);
    return true;
}
