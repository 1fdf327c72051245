/* SPDX-License-Identifier: Apache-2.0 */
/* The file of an object store: a SQLite database with one row for each object. */
#include "kn-local/store/object_file.h"

#include "base/json/jread.h"
#include "base/sqlite.h"
#include "base/str.h"

enum { PUT, DELETE, LOAD };

struct object_file {
    struct sqlite *db;
};

struct object_file *object_file_open(const char *path, struct err *err)
{
    static const char *const statements[] = {
        [PUT] = "INSERT OR REPLACE INTO object VALUES (?, ?)",
        [DELETE] = "DELETE FROM object WHERE key = ?",
        [LOAD] = "SELECT key, body FROM object",
    };
    static const char *const migrations[] = {
        "CREATE TABLE IF NOT EXISTS object (key TEXT PRIMARY KEY, body TEXT NOT NULL)"
        " WITHOUT ROWID"};
    const struct sqlite_options options = {
        .migrations = migrations,
        .migration_count = ARRAY_SIZE(migrations),
        .statements = statements,
        .statement_count = ARRAY_SIZE(statements),
        .synchronous = SQLITE_SYNCHRONOUS_NORMAL,
        .exclusive = true,
        .private = true, /* it contains Secrets */
    };
    struct sqlite *db = sqlite_open(path, &options, err);
    if (!db)
        return NULL;
    struct object_file *file = alloc_zeroed(sizeof(*file));
    file->db = db;
    return file;
}

void object_file_close(struct object_file *file)
{
    if (!file)
        return;
    sqlite_close(file->db);
    free(file);
}

bool object_file_load(struct object_file *file,
                      void (*each)(const char *key, json_t *object, void *context), void *context,
                      struct err *err)
{
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(file->db, LOAD, "");
    while (sqlite_rows_next(&rows, err)) {
        const char *key = sqlite_rows_text(&rows, 0);
        json_auto_t *object = json_from_bytes(sqlite_rows_bytes(&rows, 1), key, ERR_INTERNAL, err);
        if (!object)
            return err_wrap(err, "saved object");
        each(key, object, context);
    }
    return err->status == 0;
}

bool object_file_save(struct object_file *file, const char *key, const json_t *object,
                      struct err *err)
{
    return object ? sqlite_run(file->db, err, PUT, "to", key, json_to_text(object))
                  : sqlite_run(file->db, err, DELETE, "t", key);
}
