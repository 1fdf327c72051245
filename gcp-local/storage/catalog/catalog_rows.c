/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: buckets, notification configs, upload sessions. */
#include "gcp-local/storage/catalog/catalog_private.h"

#include "base/str.h"

bool catalog_add_bucket(struct catalog *catalog, const struct bucket *bucket, struct err *err)
{
    CATALOG_LOCK(catalog);
    if (!sqlite_run(catalog->db, err, ADD_BUCKET, "ttiiioo", bucket->name, bucket->project,
                    bucket->metageneration, bucket->created, bucket->updated,
                    catalog_json(bucket->fields), catalog_json(bucket->policy)))
        return false;
    return sqlite_changes(catalog->db) == 1 ||
           err_set(err, ERR_CONFLICT,
                   "Your previous request to create the named bucket succeeded and you already own "
                   "it.");
}

static void read_bucket(const struct sqlite_rows *rows, struct bucket *out)
{
    *out = (struct bucket){
        .name = str_copy(sqlite_rows_text(rows, 0)),
        .project = str_copy(sqlite_rows_text(rows, 1)),
        .metageneration = sqlite_rows_int64(rows, 2),
        .created = sqlite_rows_int64(rows, 3),
        .updated = sqlite_rows_int64(rows, 4),
        .fields = catalog_column_json(rows, 5),
        .policy = catalog_column_json(rows, 6),
    };
}

bool catalog_find_bucket(struct catalog *catalog, const char *name, struct bucket *out,
                         struct err *err)
{
    CATALOG_LOCK(catalog);
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(catalog->db, FIND_BUCKET, "t", name);
    if (!sqlite_rows_next(&rows, err))
        return err->status ? false
                           : err_set(err, ERR_NOT_FOUND, "The specified bucket does not exist.");
    read_bucket(&rows, out);
    return true;
}

bool catalog_update_bucket(struct catalog *catalog, const struct bucket *bucket, struct err *err)
{
    CATALOG_LOCK(catalog);
    return sqlite_run(catalog->db, err, UPDATE_BUCKET, "iioot", bucket->metageneration,
                      bucket->updated, catalog_json(bucket->fields), catalog_json(bucket->policy),
                      bucket->name);
}

bool catalog_delete_bucket(struct catalog *catalog, const char *name, struct err *err)
{
    CATALOG_LOCK(catalog);
    int64_t one;
    bool has_objects;
    if (!sqlite_query_int64(catalog->db, err, &one, &has_objects, BUCKET_HAS_OBJECTS, "t", name))
        return false;
    if (has_objects)
        return err_set(err, ERR_CONFLICT, "The bucket you tried to delete is not empty.");
    return sqlite_run(catalog->db, err, DELETE_BUCKET_CONFIGS, "t", name) &&
           sqlite_run(catalog->db, err, DELETE_BUCKET, "t", name);
}

bool catalog_each_bucket(struct catalog *catalog, const char *project, const char *after,
                         bool (*each)(const struct bucket *bucket, void *context), void *context,
                         struct err *err)
{
    CATALOG_LOCK(catalog);
    OWN(sqlite_rows) struct sqlite_rows rows =
        sqlite_query(catalog->db, LIST_BUCKETS, "tt", project, after);
    bool more = true;
    while (more && sqlite_rows_next(&rows, err)) {
        OWN(bucket) struct bucket bucket = {0};
        read_bucket(&rows, &bucket);
        more = each(&bucket, context);
    }
    return err->status == 0;
}

bool catalog_add_config(struct catalog *catalog, const char *bucket, const json_t *config,
                        int64_t *id, struct err *err)
{
    CATALOG_LOCK(catalog);
    if (!sqlite_run(catalog->db, err, ADD_CONFIG, "to", bucket, catalog_json(config)))
        return false;
    *id = sqlite_last_row_id(catalog->db);
    return true;
}

bool catalog_delete_config(struct catalog *catalog, const char *bucket, int64_t id, struct err *err)
{
    CATALOG_LOCK(catalog);
    if (!sqlite_run(catalog->db, err, DELETE_CONFIG, "it", id, bucket))
        return false;
    return sqlite_changes(catalog->db) == 1 ||
           err_set(err, ERR_NOT_FOUND, "Notification config %lld not found in bucket %s.",
                   (long long)id, bucket);
}

bool catalog_each_config(struct catalog *catalog, const char *bucket,
                         void (*each)(int64_t id, const json_t *config, void *context),
                         void *context, struct err *err)
{
    CATALOG_LOCK(catalog);
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(catalog->db, LIST_CONFIGS, "t", bucket);
    while (sqlite_rows_next(&rows, err)) {
        json_auto_t *config = catalog_column_json(&rows, 1);
        each(sqlite_rows_int64(&rows, 0), config, context);
    }
    return err->status == 0;
}

bool catalog_put_session(struct catalog *catalog, const char *id, const json_t *session,
                         struct err *err)
{
    CATALOG_LOCK(catalog);
    return sqlite_run(catalog->db, err, PUT_SESSION, "tio", id, timestamp_now_ns(),
                      catalog_json(session));
}

json_t *catalog_find_session(struct catalog *catalog, const char *id, struct err *err)
{
    CATALOG_LOCK(catalog);
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(catalog->db, FIND_SESSION, "t", id);
    if (sqlite_rows_next(&rows, err))
        return catalog_column_json(&rows, 0);
    if (!err->status)
        err_set(err, ERR_NOT_FOUND, "No such upload session.");
    return NULL;
}

bool catalog_delete_session(struct catalog *catalog, const char *id, struct err *err)
{
    CATALOG_LOCK(catalog);
    return sqlite_run(catalog->db, err, DELETE_SESSION, "t", id);
}

bool catalog_expire_sessions(struct catalog *catalog, int64_t before_ns, struct err *err)
{
    CATALOG_LOCK(catalog);
    return sqlite_run(catalog->db, err, EXPIRE_SESSIONS, "i", before_ns);
}
