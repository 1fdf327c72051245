/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to what a bucket holds: each is done whole or not at all.
 *
 * A content file and its row cannot come and go in one step. So while either may lack the other, a
 * marker in pending/ names the generation; who finds one at start looks whether there is a row. A
 * generation that comes may be on its way out before its marker is gone, so each way has its own.
 */
#include "gcp-local/storage/mutation.h"

#include "base/str.h"
#include "gcp-local/storage/notify.h"

#include <string.h>
#include <unistd.h>

char *storage_incoming_path(const char *id)
{
    return str_format("incoming/%s", id);
}

char *storage_content_path(const char *bucket, int64_t generation)
{
    return str_format("content/%s/%lld", bucket, (long long)generation);
}

enum pending_kind { PENDING_CREATE, PENDING_DELETE };

static char *marker_path(enum pending_kind way, const char *bucket, int64_t generation)
{
    return str_format("pending/%s@%lld%s", bucket, (long long)generation,
                      way == PENDING_DELETE ? ".goes" : "");
}

static bool mark(struct storage *storage, enum pending_kind way, const char *bucket,
                 int64_t generation, struct err *err)
{
    if (!content_files_durable(storage->files))
        return true;
    OWN(free) char *path = marker_path(way, bucket, generation);
    int fd = content_files_create(storage->files, path, err);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void unmark(struct storage *storage, enum pending_kind way, const char *bucket,
                   int64_t generation)
{
    OWN(free) char *path = marker_path(way, bucket, generation);
    if (content_files_durable(storage->files))
        content_files_remove(storage->files, path);
}

static void remove_content(struct storage *storage, const char *bucket, int64_t generation)
{
    OWN(free) char *path = storage_content_path(bucket, generation);
    content_files_remove(storage->files, path);
}

/* What an object's place held before a change. */
struct before {
    struct storage_object object; /* empty: nothing */
    bool kept;                    /* as an archived generation */
};

static void own_before(struct before *local)
{
    storage_object_done(&local->object);
}

/* Takes the live object away: archived where the bucket is versioned. */
static bool retire(struct storage *storage, const struct bucket *bucket, struct before *before,
                   struct err *err)
{
    struct storage_object *old = &before->object;
    before->kept = bucket_versioned(bucket);
    old->deleted = storage_object_time_now();
    if (before->kept)
        return catalog_put_object(storage->catalog, old, err);
    return mark(storage, PENDING_DELETE, old->bucket, old->generation, err) &&
           catalog_delete_object(storage->catalog, old, err);
}

/* The live object, or nothing, which is no failure. */
static bool find_live(struct storage *storage, const char *bucket, const char *name,
                      struct storage_object *out, struct err *err)
{
    struct err missing = {0};
    if (catalog_find_object(storage->catalog, bucket, name, 0, out, &missing) ||
        missing.status == ERR_NOT_FOUND)
        return true;
    *err = missing;
    return false;
}

static bool insert(struct storage *storage, struct storage_object *object,
                   const struct preconditions *preconditions, struct before *before,
                   struct err *err)
{
    OWN(catalog_txn) struct catalog_txn txn = {0};
    OWN(bucket) struct bucket bucket = {0};
    if (!catalog_begin(storage->catalog, &txn, err) ||
        !catalog_find_bucket(storage->catalog, object->bucket, &bucket, err) ||
        !find_live(storage, object->bucket, object->name, &before->object, err) ||
        !preconditions_check(preconditions, before->object.generation,
                             before->object.metageneration, false, err))
        return false;
    if (before->object.name && !retire(storage, &bucket, before, err))
        return false;
    return catalog_put_object(storage->catalog, object, err) && catalog_commit(&txn, err);
}

/* After a commit: content that has no row any more goes, and those who want to know are told. */
static void tell_retired(struct storage *storage, const struct before *before,
                         int64_t overwritten_by, const char *base)
{
    const struct storage_object *old = &before->object;
    if (!before->kept) {
        remove_content(storage, old->bucket, old->generation);
        unmark(storage, PENDING_DELETE, old->bucket, old->generation);
    }
    notify(storage,
           &(struct notify_event){.type = before->kept ? "OBJECT_ARCHIVE" : "OBJECT_DELETE",
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

    OWN(free) char *incoming = storage_incoming_path(id);
    OWN(free) char *content = storage_content_path(object->bucket, object->generation);
    OWN(before) struct before before = {0};
    if (!mark(storage, PENDING_CREATE, object->bucket, object->generation, err))
        return false;
    if (!content_files_rename(storage->files, incoming, content, err)) {
        unmark(storage, PENDING_CREATE, object->bucket, object->generation);
        return false;
    }
    if (!insert(storage, object, preconditions, &before, err)) {
        struct err ignored = {0}; /* what failed before matters more */
        content_files_rename(storage->files, content, incoming, &ignored);
        unmark(storage, PENDING_CREATE, object->bucket, object->generation);
        return false;
    }
    unmark(storage, PENDING_CREATE, object->bucket, object->generation);
    notify(storage,
           &(struct notify_event){
               .type = "OBJECT_FINALIZE", .object = object, .overwrote = before.object.generation},
           base);
    if (before.object.name)
        tell_retired(storage, &before, object->generation, base);
    return true;
}

static bool take_away(struct storage *storage, const char *name, const char *object,
                      int64_t generation, const struct preconditions *preconditions,
                      struct before *before, struct err *err)
{
    OWN(catalog_txn) struct catalog_txn txn = {0};
    OWN(bucket) struct bucket bucket = {0};
    if (!catalog_begin(storage->catalog, &txn, err) ||
        !catalog_find_bucket(storage->catalog, name, &bucket, err) ||
        !catalog_find_object(storage->catalog, name, object, generation, &before->object, err) ||
        !preconditions_check(preconditions, before->object.generation,
                             before->object.metageneration, false, err))
        return false;

    bool fine = generation ? mark(storage, PENDING_DELETE, name, generation, err) &&
                                 catalog_delete_object(storage->catalog, &before->object, err)
                           : retire(storage, &bucket, before, err);
    return fine && catalog_commit(&txn, err);
}

bool mutation_delete(struct storage *storage, const char *bucket, const char *name,
                     int64_t generation, const struct preconditions *preconditions,
                     const char *base, struct err *err)
{
    OWN(before) struct before before = {0};
    if (!take_away(storage, bucket, name, generation, preconditions, &before, err))
        return false;
    tell_retired(storage, &before, 0, base);
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

static void settle(const char *marker, void *to)
{
    struct storage *storage = to;
    const char *at = strrchr(marker, '@');
    int64_t generation = 0;
    OWN(free) char *bucket =
        at ? str_copy_bytes((struct bytes){marker, (size_t)(at - marker)}) : NULL;
    bool has = true;
    struct err err = {0};
    OWN(free) char *number =
        at ? str_copy_bytes((struct bytes){at + 1, strcspn(at + 1, ".")}) : NULL;
    if (!at || !str_int(number, 1, INT64_MAX, &generation) ||
        !catalog_has_generation(storage->catalog, bucket, generation, &has, &err))
        return;
    if (!has)
        remove_content(storage, bucket, generation);
    OWN(free) char *path = str_format("pending/%s", marker);
    content_files_remove(storage->files, path);
}

static void drop_orphan(const char *id, void *to)
{
    struct storage *storage = to;
    struct err err = {0};
    json_decref(catalog_find_session(storage->catalog, id, &err));
    OWN(free) char *path = storage_incoming_path(id);
    if (err.status == ERR_NOT_FOUND)
        content_files_remove(storage->files, path);
}

void mutation_recover(struct storage *storage)
{
    content_files_each(storage->files, "pending", settle, storage);
    content_files_each(storage->files, "incoming", drop_orphan, storage);
}
