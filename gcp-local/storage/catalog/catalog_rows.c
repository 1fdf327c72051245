/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: buckets, notification configs, upload sessions. */
#include "gcp-local/storage/catalog/catalog_private.h"

#include "base/str.h"

bool catalog_add_bucket(struct catalog *catalog, const struct bucket *bucket, struct err *err)
{
    CATALOG_LOCK(catalog);
    sqlite3_stmt *rows =
        catalog_prepare(catalog, err,
                        "INSERT INTO buckets VALUES(?,?,?,?,?,?,?) "
                        "ON CONFLICT DO NOTHING",
                        "ttiiijj", bucket->name, bucket->project, bucket->metageneration,
                        bucket->created, bucket->updated, bucket->fields, bucket->policy);
    if (!catalog_execute(catalog, rows, err))
        return false;
    return sqlite3_changes(catalog->db) == 1 ||
           err_set(err, ERR_CONFLICT,
                   "Your previous request to create the named bucket succeeded and you already own "
                   "it.");
}

static void read_bucket(sqlite3_stmt *rows, struct bucket *out)
{
    *out = (struct bucket){
        .name = str_copy(catalog_column_text(rows, 0)),
        .project = str_copy(catalog_column_text(rows, 1)),
        .metageneration = sqlite3_column_int64(rows, 2),
        .created = sqlite3_column_int64(rows, 3),
        .updated = sqlite3_column_int64(rows, 4),
        .fields = catalog_column_json(rows, 5),
        .policy = catalog_column_json(rows, 6),
    };
}

bool catalog_find_bucket(struct catalog *catalog, const char *name, struct bucket *out,
                         struct err *err)
{
    CATALOG_LOCK(catalog);
    sqlite3_stmt *rows =
        catalog_prepare(catalog, err, "SELECT * FROM buckets WHERE name = ?", "t", name);
    if (!catalog_step(catalog, rows, err))
        return err->status ? false
                           : err_set(err, ERR_NOT_FOUND, "The specified bucket does not exist.");
    read_bucket(rows, out);
    sqlite3_reset(rows);
    return true;
}

bool catalog_update_bucket(struct catalog *catalog, const struct bucket *bucket, struct err *err)
{
    CATALOG_LOCK(catalog);
    return catalog_execute(
        catalog,
        catalog_prepare(catalog, err,
                        "UPDATE buckets SET metageneration = ?, updated = ?, fields = ?,"
                        "  policy = ? WHERE name = ?",
                        "iijjt", bucket->metageneration, bucket->updated, bucket->fields,
                        bucket->policy, bucket->name),
        err);
}

bool catalog_delete_bucket(struct catalog *catalog, const char *name, struct err *err)
{
    CATALOG_LOCK(catalog);
    sqlite3_stmt *rows =
        catalog_prepare(catalog, err, "SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", "t", name);
    if (catalog_step(catalog, rows, err)) {
        sqlite3_reset(rows);
        return err_set(err, ERR_CONFLICT, "The bucket you tried to delete is not empty.");
    }
    return !err->status &&
           catalog_execute(
               catalog,
               catalog_prepare(catalog, err, "DELETE FROM configs WHERE bucket = ?", "t", name),
               err) &&
           catalog_execute(
               catalog,
               catalog_prepare(catalog, err, "DELETE FROM buckets WHERE name = ?", "t", name), err);
}

bool catalog_each_bucket(struct catalog *catalog, const char *project, const char *after,
                         bool (*each)(const struct bucket *bucket, void *to), void *to,
                         struct err *err)
{
    CATALOG_LOCK(catalog);
    sqlite3_stmt *rows = catalog_prepare(
        catalog, err, "SELECT * FROM buckets WHERE project = ? AND name > ? ORDER BY name", "tt",
        project, after);
    while (catalog_step(catalog, rows, err)) {
        OWN(bucket) struct bucket bucket = {0};
        read_bucket(rows, &bucket);
        if (!each(&bucket, to)) {
            sqlite3_reset(rows);
            break;
        }
    }
    return err->status == 0;
}

bool catalog_add_config(struct catalog *catalog, const char *bucket, const json_t *config,
                        int64_t *id, struct err *err)
{
    CATALOG_LOCK(catalog);
    if (!catalog_execute(catalog,
                         catalog_prepare(catalog, err,
                                         "INSERT INTO configs(bucket, config) VALUES(?, ?)", "tj",
                                         bucket, config),
                         err))
        return false;
    *id = sqlite3_last_insert_rowid(catalog->db);
    return true;
}

bool catalog_delete_config(struct catalog *catalog, const char *bucket, int64_t id, struct err *err)
{
    CATALOG_LOCK(catalog);
    if (!catalog_execute(catalog,
                         catalog_prepare(catalog, err,
                                         "DELETE FROM configs WHERE id = ? AND bucket = ?", "it",
                                         id, bucket),
                         err))
        return false;
    return sqlite3_changes(catalog->db) == 1 ||
           err_set(err, ERR_NOT_FOUND, "Notification config %lld not found in bucket %s.",
                   (long long)id, bucket);
}

bool catalog_each_config(struct catalog *catalog, const char *bucket,
                         void (*each)(int64_t id, const json_t *config, void *to), void *to,
                         struct err *err)
{
    CATALOG_LOCK(catalog);
    sqlite3_stmt *rows = catalog_prepare(
        catalog, err, "SELECT id, config FROM configs WHERE bucket = ? ORDER BY id", "t", bucket);
    while (catalog_step(catalog, rows, err)) {
        json_auto_t *config = catalog_column_json(rows, 1);
        each(sqlite3_column_int64(rows, 0), config, to);
    }
    return err->status == 0;
}

bool catalog_put_session(struct catalog *catalog, const char *id, const json_t *session,
                         struct err *err)
{
    CATALOG_LOCK(catalog);
    return catalog_execute(
        catalog,
        catalog_prepare(catalog, err,
                        "INSERT INTO sessions VALUES(?, ?, ?)"
                        "  ON CONFLICT(id) DO UPDATE SET session = excluded.session",
                        "tij", id, timestamp_now_ns(), session),
        err);
}

json_t *catalog_find_session(struct catalog *catalog, const char *id, struct err *err)
{
    CATALOG_LOCK(catalog);
    sqlite3_stmt *rows =
        catalog_prepare(catalog, err, "SELECT session FROM sessions WHERE id = ?", "t", id);
    if (!catalog_step(catalog, rows, err)) {
        if (!err->status)
            err_set(err, ERR_NOT_FOUND, "No such upload session.");
        return NULL;
    }
    json_t *session = catalog_column_json(rows, 0);
    sqlite3_reset(rows);
    return session;
}

bool catalog_delete_session(struct catalog *catalog, const char *id, struct err *err)
{
    CATALOG_LOCK(catalog);
    return catalog_execute(
        catalog, catalog_prepare(catalog, err, "DELETE FROM sessions WHERE id = ?", "t", id), err);
}

bool catalog_expire_sessions(struct catalog *catalog, int64_t before_ns, struct err *err)
{
    CATALOG_LOCK(catalog);
    return catalog_execute(
        catalog,
        catalog_prepare(catalog, err, "DELETE FROM sessions WHERE created < ?", "i", before_ns),
        err);
}
