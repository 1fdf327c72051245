/* Objects made of others: copy, rewrite, compose. */
#include "gcp-local/storage/rest/rest_copy.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/rest/rest_objects.h"

enum { MOST_SOURCES = 32 };

/* ---- copy and rewrite: the content is never changed, so a second name for it will do ---- */

static bool find_source(struct request *request, struct object *source, struct err *err)
{
    struct preconditions preconditions;
    OWN(bucket) struct bucket bucket = {0};
    int64_t generation = 0;
    return request_number(request, "sourceGeneration", 0, &generation, err) &&
           preconditions_read(request->exchange->query, true, &preconditions, err) &&
           catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err) &&
           catalog_find_object(request->storage->catalog, request->arg[0], request->arg[1],
                               generation, source, err) &&
           preconditions_hold(&preconditions, source->generation, source->metageneration, false,
                              err);
}

/* Fields that the request sets take the place of all of the source's; none, and they are copied.
 * The type stays unless it is set. */
static bool set_fields(struct object *copy, const struct object *source, const json_t *resource,
                       struct err *err)
{
    if (!object_set(copy, resource, err))
        return false;
    if (json_object_size(copy->fields) == 0)
        json_object_update(copy->fields, source->fields);
    else if (!json_object_get(copy->fields, "contentType"))
        json_object_set(copy->fields, "contentType",
                        json_object_get(source->fields, "contentType"));
    return true;
}

static bool link_content(struct storage *storage, const struct object *source, const char *incoming,
                         struct err *err)
{
    OWN(free) char *content = content_path(source->bucket, source->generation);
    return files_link(storage->files, content, incoming, err);
}

static bool copy_object(struct request *request, struct object *copy, struct err *err)
{
    OWN(object) struct object source = {0};
    struct preconditions preconditions;
    json_auto_t *resource = request_body(request, err);
    if (!resource || !find_source(request, &source, err) ||
        !preconditions_read(request->exchange->query, false, &preconditions, err) ||
        !object_name_check(request->arg[3], err) || !set_fields(copy, &source, resource, err))
        return false;
    copy->bucket = str_copy(request->arg[2]);
    copy->name = str_copy(request->arg[3]);
    copy->md5 = str_copy(source.md5);
    copy->crc32c = source.crc32c;
    copy->size = source.size;
    copy->components = source.components;

    OWN(free) char *id = random_id();
    OWN(free) char *incoming = incoming_path(id);
    bool fine = link_content(request->storage, &source, incoming, err) &&
                change_install(request->storage, id, copy, &preconditions, request->base, err);
    if (!fine)
        files_remove(request->storage->files, incoming);
    return fine;
}

bool object_copy(struct request *request, struct err *err)
{
    OWN(object) struct object copy = {0};
    return copy_object(request, &copy, err) && request_reply_object(request, &copy);
}

bool object_rewrite(struct request *request, struct err *err)
{
    OWN(object) struct object copy = {0};
    if (!copy_object(request, &copy, err))
        return false;
    OWN(free) char *size = str_format("%lld", (long long)copy.size);
    return request_reply(request,
                         json_pack("{s:s, s:s, s:s, s:b, s:o}", "kind", "storage#rewriteResponse",
                                   "totalBytesRewritten", size, "objectSize", size, "done", 1,
                                   "resource", object_to_json(&copy, request->base)));
}

/* ---- compose ---- */

static bool source_holds(struct jread *item, const struct object *source, struct err *err)
{
    struct jread wanted = jread_obj_or_empty(item, "objectPreconditions");
    int64_t match = jread_int64_or(&wanted, "ifGenerationMatch", 0, INT64_MAX, source->generation);
    struct preconditions preconditions = {.generation = {true, match}};
    return jread_ok(&wanted) && preconditions_hold(&preconditions, source->generation,
                                                   source->metageneration, false, err);
}

static bool append(struct request *request, struct jread *item, struct object *whole,
                   struct writer *writer, struct err *err)
{
    const char *name = jread_str(item, "name");
    int64_t generation = jread_int64_or(item, "generation", 0, INT64_MAX, 0);
    if (!jread_ok(item))
        return false;
    OWN(object) struct object source = {0};
    OWN(fd) int fd = object_open(request->storage, request->arg[0], name, generation, &source, err);
    if (fd < 0 || !source_holds(item, &source, err))
        return false;
    whole->components += source.components ? source.components : 1;
    return writer_add_file(writer, fd, 0, source.size, err);
}

static bool append_all(struct request *request, struct jread *sources, struct object *whole,
                       struct writer *writer, struct err *err)
{
    size_t count = jread_count(sources);
    if (count == 0 || count > MOST_SOURCES)
        return err_set(err, ERR_INPUT,
                       "The number of source components provided (%zu) is not within 1 to %d.",
                       count, MOST_SOURCES);
    for (size_t i = 0; i < count; i++) {
        struct jread item = jread_item(sources, i);
        if (!append(request, &item, whole, writer, err))
            return false;
    }
    whole->size = writer->size;
    whole->crc32c = writer->hash.crc32c;
    return true;
}

/* Reads the request, writes the content to incoming/ID and makes that an object. */
static bool compose(struct request *request, const char *id, struct object *whole, struct err *err)
{
    json_auto_t *body = request_body(request, err);
    struct jread root = jread_open(body, "compose request", ERR_INPUT, err);
    struct jread sources = jread_list(&root, "sourceObjects");
    struct jread destination = jread_obj_or_empty(&root, "destination");
    struct preconditions preconditions;
    OWN(bucket) struct bucket bucket = {0};
    whole->bucket = str_copy(request->arg[0]);
    whole->name = str_copy(request->arg[1]);
    if (!jread_ok(&root) || !object_set(whole, destination.here, err) ||
        !preconditions_read(request->exchange->query, false, &preconditions, err) ||
        !object_name_check(whole->name, err) ||
        !catalog_find_bucket(request->storage->catalog, whole->bucket, &bucket, err))
        return false;

    OWN(free) char *incoming = incoming_path(id);
    OWN(writer) struct writer writer = {.fd = files_create(request->storage->files, incoming, err)};
    return writer.fd >= 0 && append_all(request, &sources, whole, &writer, err) &&
           change_install(request->storage, id, whole, &preconditions, request->base, err);
}

bool object_compose(struct request *request, struct err *err)
{
    OWN(object) struct object whole = {0};
    OWN(free) char *id = random_id();
    if (compose(request, id, &whole, err))
        return request_reply_object(request, &whole);
    OWN(free) char *incoming = incoming_path(id);
    files_remove(request->storage->files, incoming);
    return false;
}
