/* SPDX-License-Identifier: Apache-2.0 */
/* Objects made from others: copy, rewrite, compose. */
#include "base/json/jread.h"
#include "base/str.h"
#include "gcp-local/storage/catalog/object_names.h"
#include "gcp-local/storage/mutation.h"
#include "gcp-local/storage/rest/rest_actions.h"

enum { MAX_SOURCES = 32 };

static bool find_source(struct storage_request *request, struct storage_object *source,
                        struct err *err)
{
    struct preconditions preconditions;
    OWN(bucket) struct bucket bucket = {0};
    int64_t generation = 0;
    return storage_request_number(request, "sourceGeneration", 0, &generation, err) &&
           preconditions_read(request->exchange->query, true, &preconditions, err) &&
           catalog_find_bucket(request->storage->catalog, request->arg[0], &bucket, err) &&
           catalog_find_object(request->storage->catalog, request->arg[0], request->arg[1],
                               generation, source, err) &&
           preconditions_check(&preconditions, source->generation, source->metageneration, false,
                               err);
}

/* If the request sets any fields, none of the source's are copied but contentType. */
static bool set_fields(struct storage_object *copy, const struct storage_object *source,
                       const json_t *resource, struct err *err)
{
    if (!storage_object_set(copy, resource, err))
        return false;
    if (json_object_size(copy->fields) == 0)
        json_object_update(copy->fields, source->fields);
    else if (!json_object_get(copy->fields, "contentType"))
        json_object_set(copy->fields, "contentType",
                        json_object_get(source->fields, "contentType"));
    return true;
}

static bool link_content(struct storage *storage, const struct storage_object *source,
                         const char *incoming, struct err *err)
{
    OWN(free) char *content = content_files_object_path(source->bucket, source->generation);
    return content_files_link(storage->files, content, incoming, err);
}

static bool copy_object(struct storage_request *request, struct storage_object *copy,
                        struct err *err)
{
    OWN(storage_object) struct storage_object source = {0};
    struct preconditions preconditions;
    json_auto_t *resource = storage_request_body(request, err);
    if (!resource || !find_source(request, &source, err) ||
        !preconditions_read(request->exchange->query, false, &preconditions, err) ||
        !catalog_object_name_check(request->arg[3], err) ||
        !set_fields(copy, &source, resource, err))
        return false;
    copy->bucket = str_copy(request->arg[2]);
    copy->name = str_copy(request->arg[3]);
    copy->md5 = str_copy(source.md5);
    copy->crc32c = source.crc32c;
    copy->size = source.size;
    copy->components = source.components;

    OWN(free) char *id = storage_request_random_id();
    OWN(free) char *incoming = content_files_incoming_path(id);
    bool ok = link_content(request->storage, &source, incoming, err) &&
              mutation_install(request->storage, id, copy, &preconditions, request->base, err);
    if (!ok)
        content_files_remove(request->storage->files, incoming);
    return ok;
}

bool rest_copy_object(struct storage_request *request, struct err *err)
{
    OWN(storage_object) struct storage_object copy = {0};
    return copy_object(request, &copy, err) && storage_request_reply_object(request, &copy);
}

bool rest_rewrite_object(struct storage_request *request, struct err *err)
{
    OWN(storage_object) struct storage_object copy = {0};
    if (!copy_object(request, &copy, err))
        return false;
    OWN(free) char *size = str_format("%lld", (long long)copy.size);
    return storage_request_reply(
        request, json_pack("{s:s, s:s, s:s, s:b, s:o}", "kind", "storage#rewriteResponse",
                           "totalBytesRewritten", size, "objectSize", size, "done", 1, "resource",
                           storage_object_to_json(&copy, request->base)));
}

static bool check_source(struct jread *item, const struct storage_object *source, struct err *err)
{
    struct jread reader = jread_obj_or_empty(item, "objectPreconditions");
    int64_t match = jread_int64_or(&reader, "ifGenerationMatch", 0, INT64_MAX, source->generation);
    struct preconditions preconditions = {.generation = {true, match}};
    return jread_ok(&reader) && preconditions_check(&preconditions, source->generation,
                                                    source->metageneration, false, err);
}

static bool append(struct storage_request *request, struct jread *item,
                   struct storage_object *composite, struct content_writer *writer, struct err *err)
{
    const char *name = jread_str(item, "name");
    int64_t generation = jread_int64_or(item, "generation", 0, INT64_MAX, 0);
    if (!jread_ok(item))
        return false;
    OWN(storage_object) struct storage_object source = {0};
    OWN(fd) int fd =
        storage_open_object(request->storage, request->arg[0], name, generation, &source, err);
    if (fd < 0 || !check_source(item, &source, err))
        return false;
    composite->components += source.components ? source.components : 1;
    return content_writer_add_file(writer, fd, 0, source.size, err);
}

static bool append_all(struct storage_request *request, struct jread *sources,
                       struct storage_object *composite, struct content_writer *writer,
                       struct err *err)
{
    size_t count = jread_count(sources);
    if (count == 0 || count > MAX_SOURCES)
        return err_set(err, ERR_INPUT,
                       "The number of source components provided (%zu) is not within 1 to %d.",
                       count, MAX_SOURCES);
    for (size_t i = 0; i < count; i++) {
        struct jread item = jread_item(sources, i);
        if (!append(request, &item, composite, writer, err))
            return false;
    }
    composite->size = writer->size;
    composite->crc32c = writer->hash.crc32c;
    return true;
}

/* Reads the request, writes the content to incoming/ID and makes an object of it. */
static bool compose(struct storage_request *request, const char *id,
                    struct storage_object *composite, struct err *err)
{
    json_auto_t *body = storage_request_body(request, err);
    struct jread root = jread_open(body, "compose request", ERR_INPUT, err);
    struct jread sources = jread_list(&root, "sourceObjects");
    struct jread destination = jread_obj_or_empty(&root, "destination");
    struct preconditions preconditions;
    OWN(bucket) struct bucket bucket = {0};
    composite->bucket = str_copy(request->arg[0]);
    composite->name = str_copy(request->arg[1]);
    if (!jread_ok(&root) || !storage_object_set(composite, destination.here, err) ||
        !preconditions_read(request->exchange->query, false, &preconditions, err) ||
        !catalog_object_name_check(composite->name, err) ||
        !catalog_find_bucket(request->storage->catalog, composite->bucket, &bucket, err))
        return false;

    OWN(free) char *incoming = content_files_incoming_path(id);
    OWN(content_writer) struct content_writer writer = {
        .fd = content_files_create(request->storage->files, incoming, err)};
    return writer.fd >= 0 && append_all(request, &sources, composite, &writer, err) &&
           mutation_install(request->storage, id, composite, &preconditions, request->base, err);
}

bool rest_compose_object(struct storage_request *request, struct err *err)
{
    OWN(storage_object) struct storage_object composite = {0};
    OWN(free) char *id = storage_request_random_id();
    if (compose(request, id, &composite, err))
        return storage_request_reply_object(request, &composite);
    OWN(free) char *incoming = content_files_incoming_path(id);
    content_files_remove(request->storage->files, incoming);
    return false;
}
