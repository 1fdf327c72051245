/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to the objects of a bucket.
 *
 * A content file and its row cannot be created or deleted in one step. While one may exist without
 * the other, a marker in pending/ names the generation; mutation_recover then removes the content
 * if there is no row. A generation may be deleted before the marker of its creation is removed, so
 * creation and deletion have markers of different names.
 */
#include "gcp-local/storage/mutation.h"

#include "base/str.h"
#include "gcp-local/storage/notify.h"

#include <string.h>
#include <unistd.h>

enum pending_kind { PENDING_CREATE, PENDING_DELETE };

static char *marker_path(enum pending_kind kind, const char *bucket, int64_t generation)
{
    return str_format("pending/%s@%lld%s", bucket, (long long)generation,
                      kind == PENDING_DELETE ? ".delete" : "");
}

static bool mark(struct storage *storage, enum pending_kind kind, const char *bucket,
                 int64_t generation, struct err *err)
{
    if (!content_files_durable(storage->files))
        return true;
    OWN(free) char *path = marker_path(kind, bucket, generation);
    OWN(fd) int fd = content_files_create(storage->files, path, err);
    return fd >= 0;
}

static void unmark(struct storage *storage, enum pending_kind kind, const char *bucket,
                   int64_t generation)
{
    OWN(free) char *path = marker_path(kind, bucket, generation);
    if (content_files_durable(storage->files))
        content_files_remove(storage->files, path);
}

static void remove_content(struct storage *storage, const char *bucket, int64_t generation)
{
    OWN(free) char *path = content_files_object_path(bucket, generation);
    content_files_remove(storage->files, path);
}

/* The object that a change replaces or deletes. */
struct previous {
    struct storage_object object; /* empty: there was no object of that name */
    bool archived;                /* kept as a noncurrent generation */
};

static void own_previous(struct previous *local)
{
    storage_object_done(&local->object);
}

/* Archives the live object in a versioned bucket, else deletes its row. */
static bool retire(struct storage *storage, const struct bucket *bucket, struct previous *previous,
                   struct err *err)
{
    struct storage_object *old = &previous->object;
    previous->archived = bucket_versioned(bucket);
    old->deleted = storage_object_time_now();
    if (previous->archived)
        return catalog_put_object(storage->catalog, old, err);
    return mark(storage, PENDING_DELETE, old->bucket, old->generation, err) &&
           catalog_delete_object(storage->catalog, old, err);
}

/* Inserts the row of a new object and retires the one that it replaces, in one transaction. */
static bool insert(struct storage *storage, struct storage_object *object,
                   const struct preconditions *preconditions, struct previous *previous,
                   struct err *err)
{
    OWN(catalog_txn) struct catalog_txn txn = {0};
    OWN(bucket) struct bucket bucket = {0};
    struct storage_object *old = &previous->object;
    struct err missing = {0};
    if (!catalog_begin(storage->catalog, &txn, err) ||
        !catalog_find_bucket(storage->catalog, object->bucket, &bucket, err))
        return false;
    if (!catalog_find_object(storage->catalog, object->bucket, object->name, 0, old, &missing) &&
        missing.status != ERR_NOT_FOUND) {
        *err = missing;
        return false;
    }
    return preconditions_check(preconditions, old->generation, old->metageneration, false, err) &&
           (!old->name || retire(storage, &bucket, previous, err)) &&
           catalog_put_object(storage->catalog, object, err) && catalog_commit(&txn, err);
}

/* After the commit: removes the content of a deleted object and publishes the event. */
static void finish_retired(struct storage *storage, const struct previous *previous,
                           int64_t overwritten_by, const char *base)
{
    const struct storage_object *old = &previous->object;
    if (!previous->archived) {
        remove_content(storage, old->bucket, old->generation);
        unmark(storage, PENDING_DELETE, old->bucket, old->generation);
    }
    notify(storage,
           &(struct notify_event){.type = previous->archived ? "OBJECT_ARCHIVE" : "OBJECT_DELETE",
                                  .object = old,
                                  .overwritten_by = overwritten_by},
           base);
}

bool mutation_install(struct storage *storage, const char *id, struct storage_object *object,
                      const struct preconditions *preconditions, const char *base, struct err *err)
{
    object->generation = catalog_next_generation(storage->catalog);
    object->metageneration = 1;
    object->created = object->updated = storage_object_time_now();
    if (!object->fields)
        object->fields = json_object();

    OWN(free) char *incoming = content_files_incoming_path(id);
    OWN(free) char *content = content_files_object_path(object->bucket, object->generation);
    OWN(previous) struct previous previous = {0};
    if (!mark(storage, PENDING_CREATE, object->bucket, object->generation, err))
        return false;
    bool renamed = content_files_rename(storage->files, incoming, content, err);
    bool ok = renamed && insert(storage, object, preconditions, &previous, err);
    if (renamed && !ok) {
        struct err ignored = {0}; /* the failure of insert is reported */
        content_files_rename(storage->files, content, incoming, &ignored);
    }
    unmark(storage, PENDING_CREATE, object->bucket, object->generation);
    if (!ok)
        return false;
    notify(storage,
           &(struct notify_event){.type = "OBJECT_FINALIZE",
                                  .object = object,
                                  .overwrote = previous.object.generation},
           base);
    if (previous.object.name)
        finish_retired(storage, &previous, object->generation, base);
    return true;
}

bool mutation_delete(struct storage *storage, const char *bucket_name, const char *name,
                     int64_t generation, const struct preconditions *preconditions,
                     const char *base, struct err *err)
{
    OWN(previous) struct previous previous = {0};
    struct storage_object *old = &previous.object;
    {
        OWN(catalog_txn) struct catalog_txn txn = {0};
        OWN(bucket) struct bucket bucket = {0};
        if (!catalog_begin(storage->catalog, &txn, err) ||
            !catalog_find_bucket(storage->catalog, bucket_name, &bucket, err) ||
            !catalog_find_object(storage->catalog, bucket_name, name, generation, old, err) ||
            !preconditions_check(preconditions, old->generation, old->metageneration, false, err))
            return false;
        bool ok = generation ? mark(storage, PENDING_DELETE, bucket_name, generation, err) &&
                                   catalog_delete_object(storage->catalog, old, err)
                             : retire(storage, &bucket, &previous, err);
        if (!ok || !catalog_commit(&txn, err))
            return false;
    }
    finish_retired(storage, &previous, 0, base);
    return true;
}

bool mutation_update_fields(struct storage *storage, const struct storage_object *which,
                            const json_t *resource, bool replace,
                            const struct preconditions *preconditions, const char *base,
                            struct storage_object *out, struct err *err)
{
    {
        OWN(catalog_txn) struct catalog_txn txn = {0};
        if (!catalog_begin(storage->catalog, &txn, err) ||
            !catalog_find_object(storage->catalog, which->bucket, which->name, which->generation,
                                 out, err) ||
            !preconditions_check(preconditions, out->generation, out->metageneration, false, err))
            return false;
        if (replace)
            json_object_clear(out->fields);
        out->metageneration++;
        out->updated = storage_object_time_now();
        if (!storage_object_set(out, resource, err) ||
            !catalog_put_object(storage->catalog, out, err) || !catalog_commit(&txn, err))
            return false;
    }
    notify(storage, &(struct notify_event){.type = "OBJECT_METADATA_UPDATE", .object = out}, base);
    return true;
}

static void recover_pending(const char *marker, void *context)
{
    struct storage *storage = context;
    const char *at = strrchr(marker, '@');
    if (!at)
        return;
    OWN(free) char *bucket = str_copy_bytes((struct bytes){marker, (size_t)(at - marker)});
    OWN(free) char *number = str_copy_bytes((struct bytes){at + 1, strcspn(at + 1, ".")});
    int64_t generation = 0;
    bool exists = true;
    struct err err = {0};
    if (!str_int(number, 1, INT64_MAX, &generation) ||
        !catalog_has_generation(storage->catalog, bucket, generation, &exists, &err))
        return;
    if (!exists)
        remove_content(storage, bucket, generation);
    OWN(free) char *path = str_format("pending/%s", marker);
    content_files_remove(storage->files, path);
}

static void recover_incoming(const char *id, void *context)
{
    struct storage *storage = context;
    struct err err = {0};
    json_decref(catalog_find_session(storage->catalog, id, &err));
    OWN(free) char *path = content_files_incoming_path(id);
    if (err.status == ERR_NOT_FOUND)
        content_files_remove(storage->files, path);
}

void mutation_recover(struct storage *storage)
{
    content_files_each(storage->files, "pending", recover_pending, storage);
    content_files_each(storage->files, "incoming", recover_incoming, storage);
}
