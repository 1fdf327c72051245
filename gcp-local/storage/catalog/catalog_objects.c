/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: objects. */
#include "gcp-local/storage/catalog/catalog_private.h"

#include "base/str.h"

static void read_object(const struct sqlite_rows *rows, struct storage_object *out)
{
    *out = (struct storage_object){
        .bucket = str_copy(sqlite_rows_text(rows, 0)),
        .name = str_copy(sqlite_rows_text(rows, 1)),
        .generation = sqlite_rows_int64(rows, 2),
        .metageneration = sqlite_rows_int64(rows, 3),
        .size = sqlite_rows_int64(rows, 4),
        .crc32c = (uint32_t)sqlite_rows_int64(rows, 5),
        .md5 = str_copy(sqlite_rows_text(rows, 6)),
        .components = sqlite_rows_int64(rows, 7),
        .created = sqlite_rows_int64(rows, 8),
        .updated = sqlite_rows_int64(rows, 9),
        .deleted = sqlite_rows_int64(rows, 10),
        .fields = catalog_column_json(rows, 11),
    };
}

bool catalog_find_object(struct catalog *catalog, const char *bucket, const char *name,
                         int64_t generation, struct storage_object *out, struct err *err)
{
    CATALOG_LOCK(catalog);
    OWN(sqlite_rows) struct sqlite_rows rows =
        generation ? sqlite_query(catalog->db, FIND_OBJECT, "tti", bucket, name, generation)
                   : sqlite_query(catalog->db, FIND_LIVE_OBJECT, "tt", bucket, name);
    if (!sqlite_rows_next(&rows, err))
        return err->status ? false
                           : err_set(err, ERR_NOT_FOUND, "No such object: %s/%s", bucket, name);
    read_object(&rows, out);
    return true;
}

bool catalog_has_generation(struct catalog *catalog, const char *bucket, int64_t generation,
                            bool *exists, struct err *err)
{
    CATALOG_LOCK(catalog);
    int64_t one;
    return sqlite_query_int64(catalog->db, err, &one, exists, FIND_GENERATION, "it", generation,
                              bucket);
}

bool catalog_put_object(struct catalog *catalog, const struct storage_object *object,
                        struct err *err)
{
    CATALOG_LOCK(catalog);
    return sqlite_run(catalog->db, err, PUT_OBJECT, "ttiiiitiiiio", object->bucket, object->name,
                      object->generation, object->metageneration, object->size,
                      (int64_t)object->crc32c, object->md5, object->components, object->created,
                      object->updated, object->deleted, catalog_json(object->fields));
}

bool catalog_delete_object(struct catalog *catalog, const struct storage_object *object,
                           struct err *err)
{
    CATALOG_LOCK(catalog);
    return sqlite_run(catalog->db, err, DELETE_OBJECT, "tti", object->bucket, object->name,
                      object->generation);
}

int64_t catalog_next_generation(struct catalog *catalog)
{
    CATALOG_LOCK(catalog);
    int64_t now = timestamp_now_ns() / 1000;
    catalog->last_generation = now > catalog->last_generation ? now : catalog->last_generation + 1;
    return catalog->last_generation;
}

void catalog_walk_begin(struct catalog *catalog, const char *bucket, bool versions,
                        struct catalog_walk *walk)
{
    pthread_mutex_lock(&catalog->lock);
    *walk = (struct catalog_walk){catalog, bucket, versions, {0}};
    catalog_walk_seek(walk, "", 0);
}

void catalog_walk_seek(struct catalog_walk *walk, const char *name, int64_t generation)
{
    sqlite_rows_end(&walk->rows);
    walk->rows = sqlite_query(walk->catalog->db, LIST_OBJECTS, "toii", walk->bucket, str_copy(name),
                              generation, (int64_t)walk->versions);
}

bool catalog_walk_next(struct catalog_walk *walk, struct storage_object *out, struct err *err)
{
    if (!sqlite_rows_next(&walk->rows, err))
        return false;
    read_object(&walk->rows, out);
    return true;
}

void own_catalog_walk(struct catalog_walk *local)
{
    if (!local->catalog)
        return;
    sqlite_rows_end(&local->rows);
    pthread_mutex_unlock(&local->catalog->lock);
}
