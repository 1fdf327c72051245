/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: objects. */
#include "gcp-local/storage/catalog/catalog_private.h"

#include "base/str.h"

static void read_object(sqlite3_stmt *rows, struct storage_object *out)
{
    *out = (struct storage_object){
        .bucket = str_copy(catalog_column_text(rows, 0)),
        .name = str_copy(catalog_column_text(rows, 1)),
        .generation = sqlite3_column_int64(rows, 2),
        .metageneration = sqlite3_column_int64(rows, 3),
        .size = sqlite3_column_int64(rows, 4),
        .crc32c = (uint32_t)sqlite3_column_int64(rows, 5),
        .md5 = str_copy(catalog_column_text(rows, 6)),
        .components = sqlite3_column_int64(rows, 7),
        .created = sqlite3_column_int64(rows, 8),
        .updated = sqlite3_column_int64(rows, 9),
        .deleted = sqlite3_column_int64(rows, 10),
        .fields = catalog_column_json(rows, 11),
    };
}

static sqlite3_stmt *query_object(struct catalog *catalog, const char *bucket, const char *name,
                                  int64_t generation, struct err *err)
{
    if (generation)
        return catalog_prepare(
            catalog, err, "SELECT * FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
            "tti", bucket, name, generation);
    return catalog_prepare(catalog, err,
                           "SELECT * FROM objects WHERE bucket = ? AND name = ? AND deleted = 0 "
                           "ORDER BY generation DESC LIMIT 1",
                           "tt", bucket, name);
}

bool catalog_find_object(struct catalog *catalog, const char *bucket, const char *name,
                         int64_t generation, struct storage_object *out, struct err *err)
{
    CATALOG_LOCK(catalog);
    sqlite3_stmt *rows = query_object(catalog, bucket, name, generation, err);
    if (!catalog_step(catalog, rows, err))
        return err->status ? false
                           : err_set(err, ERR_NOT_FOUND, "No such object: %s/%s", bucket, name);
    read_object(rows, out);
    sqlite3_reset(rows);
    return true;
}

bool catalog_has_generation(struct catalog *catalog, const char *bucket, int64_t generation,
                            bool *has, struct err *err)
{
    CATALOG_LOCK(catalog);
    sqlite3_stmt *rows =
        catalog_prepare(catalog, err, "SELECT 1 FROM objects WHERE generation = ? AND bucket = ?",
                        "it", generation, bucket);
    *has = catalog_step(catalog, rows, err);
    sqlite3_reset(rows);
    return err->status == 0;
}

bool catalog_put_object(struct catalog *catalog, const struct storage_object *object,
                        struct err *err)
{
    CATALOG_LOCK(catalog);
    return catalog_execute(
        catalog,
        catalog_prepare(
            catalog, err, "INSERT OR REPLACE INTO objects VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
            "ttiiiitiiiij", object->bucket, object->name, object->generation,
            object->metageneration, object->size, (int64_t)object->crc32c, object->md5,
            object->components, object->created, object->updated, object->deleted, object->fields),
        err);
}

bool catalog_delete_object(struct catalog *catalog, const struct storage_object *object,
                           struct err *err)
{
    CATALOG_LOCK(catalog);
    return catalog_execute(
        catalog,
        catalog_prepare(catalog, err,
                        "DELETE FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
                        "tti", object->bucket, object->name, object->generation),
        err);
}

int64_t catalog_next_generation(struct catalog *catalog)
{
    CATALOG_LOCK(catalog);
    int64_t now = timestamp_now_ns() / 1000;
    catalog->last_generation = now > catalog->last_generation ? now : catalog->last_generation + 1;
    return catalog->last_generation;
}

bool catalog_walk_begin(struct catalog *catalog, const char *bucket, bool versions,
                        struct catalog_walk *walk, struct err *err)
{
    pthread_mutex_lock(&catalog->lock);
    walk->catalog = catalog;
    walk->rows =
        catalog_prepare(catalog, err,
                        "SELECT * FROM objects WHERE bucket = ? AND (name, generation) > (?, ?)"
                        "  AND (? OR deleted = 0) ORDER BY name, generation",
                        "ttii", bucket, "", (int64_t)0, (int64_t)versions);
    return walk->rows != NULL;
}

void catalog_walk_seek(struct catalog_walk *walk, const char *name, int64_t generation)
{
    sqlite3_reset(walk->rows);
    sqlite3_bind_text(walk->rows, 2, name, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(walk->rows, 3, generation);
}

bool catalog_walk_next(struct catalog_walk *walk, struct storage_object *out, struct err *err)
{
    if (!catalog_step(walk->catalog, walk->rows, err))
        return false;
    read_object(walk->rows, out);
    return true;
}

void own_catalog_walk(struct catalog_walk *local)
{
    if (!local->catalog)
        return;
    sqlite3_reset(local->rows);
    pthread_mutex_unlock(&local->catalog->lock);
}
