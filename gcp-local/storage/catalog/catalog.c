/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: its schema, its statements, its transactions. */
#include "gcp-local/storage/catalog/catalog_private.h"

#include "base/json/jread.h"
#include "base/str.h"

static const char *const migrations[] = {
    /* databases of 0.1.0 have no version, but these tables */
    "CREATE TABLE IF NOT EXISTS buckets(name TEXT PRIMARY KEY, project TEXT, metageneration "
    "INTEGER,"
    "  created INTEGER, updated INTEGER, fields TEXT, policy TEXT) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS objects(bucket TEXT, name TEXT, generation INTEGER,"
    "  metageneration INTEGER, size INTEGER, crc32c INTEGER, md5 TEXT, components INTEGER,"
    "  created INTEGER, updated INTEGER, deleted INTEGER, fields TEXT,"
    "  PRIMARY KEY(bucket, name, generation)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX IF NOT EXISTS generations ON objects(generation, bucket);"
    "CREATE TABLE IF NOT EXISTS configs(id INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT,"
    "  config TEXT);"
    "CREATE TABLE IF NOT EXISTS sessions(id TEXT PRIMARY KEY, created INTEGER, session TEXT)"
    "  WITHOUT ROWID;",
};

static const char *const statements[STATEMENTS] = {
    [ADD_BUCKET] = "INSERT INTO buckets VALUES(?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
    [FIND_BUCKET] = "SELECT * FROM buckets WHERE name = ?",
    [UPDATE_BUCKET] = "UPDATE buckets SET metageneration = ?, updated = ?, fields = ?, policy = ?"
                      "  WHERE name = ?",
    [BUCKET_HAS_OBJECTS] = "SELECT 1 FROM objects WHERE bucket = ? LIMIT 1",
    [DELETE_BUCKET] = "DELETE FROM buckets WHERE name = ?",
    [DELETE_BUCKET_CONFIGS] = "DELETE FROM configs WHERE bucket = ?",
    [LIST_BUCKETS] = "SELECT * FROM buckets WHERE project = ? AND name > ? ORDER BY name",
    [PUT_OBJECT] = "INSERT OR REPLACE INTO objects VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
    [FIND_LIVE_OBJECT] = "SELECT * FROM objects WHERE bucket = ? AND name = ? AND deleted = 0"
                         "  ORDER BY generation DESC LIMIT 1",
    [FIND_OBJECT] = "SELECT * FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
    [FIND_GENERATION] = "SELECT 1 FROM objects WHERE generation = ? AND bucket = ?",
    [LAST_GENERATION] = "SELECT max(generation) FROM objects",
    [DELETE_OBJECT] = "DELETE FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
    [LIST_OBJECTS] = "SELECT * FROM objects WHERE bucket = ? AND (name, generation) > (?, ?)"
                     "  AND (? OR deleted = 0) ORDER BY name, generation",
    [ADD_CONFIG] = "INSERT INTO configs(bucket, config) VALUES(?, ?)",
    [DELETE_CONFIG] = "DELETE FROM configs WHERE id = ? AND bucket = ?",
    [LIST_CONFIGS] = "SELECT id, config FROM configs WHERE bucket = ? ORDER BY id",
    [PUT_SESSION] = "INSERT INTO sessions VALUES(?, ?, ?)"
                    "  ON CONFLICT(id) DO UPDATE SET session = excluded.session",
    [FIND_SESSION] = "SELECT session FROM sessions WHERE id = ?",
    [DELETE_SESSION] = "DELETE FROM sessions WHERE id = ?",
    [EXPIRE_SESSIONS] = "DELETE FROM sessions WHERE created < ?",
};

char *catalog_json(const json_t *tree)
{
    return tree ? json_to_text(tree) : NULL;
}

json_t *catalog_column_json(const struct sqlite_rows *rows, int column)
{
    const char *text = sqlite_rows_text(rows, column);
    return text ? json_loads(text, 0, NULL) : NULL;
}

struct catalog *catalog_open(const char *file, struct err *err)
{
    OWN(catalog) struct catalog *catalog = alloc_zeroed(sizeof(*catalog));
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&catalog->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);

    struct sqlite_options options = {
        .migrations = migrations,
        .migration_count = ARRAY_SIZE(migrations),
        .statements = statements,
        .statement_count = STATEMENTS,
    };
    bool found;
    catalog->db = sqlite_open(file, &options, err);
    if (!catalog->db || !sqlite_query_int64(catalog->db, err, &catalog->last_generation, &found,
                                            LAST_GENERATION, ""))
        return NULL;
    return move_ptr(&catalog);
}

void catalog_close(struct catalog *catalog)
{
    if (!catalog)
        return;
    sqlite_close(catalog->db);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}

bool catalog_begin(struct catalog *catalog, struct catalog_txn *txn, struct err *err)
{
    pthread_mutex_lock(&catalog->lock);
    if (!sqlite_begin(catalog->db, err)) {
        pthread_mutex_unlock(&catalog->lock);
        return false;
    }
    txn->catalog = catalog;
    return true;
}

bool catalog_commit(struct catalog_txn *txn, struct err *err)
{
    if (!sqlite_commit(txn->catalog->db, err))
        return false;
    pthread_mutex_unlock(&txn->catalog->lock);
    txn->catalog = NULL;
    return true;
}

void own_catalog_txn(struct catalog_txn *local)
{
    if (!local->catalog)
        return;
    sqlite_rollback(local->catalog->db);
    pthread_mutex_unlock(&local->catalog->lock);
}

bool catalog_reset(struct catalog *catalog, struct err *err)
{
    CATALOG_LOCK(catalog);
    return sqlite_exec(catalog->db,
                       "BEGIN; DELETE FROM buckets; DELETE FROM objects; DELETE FROM configs;"
                       "DELETE FROM sessions; COMMIT;",
                       err);
}
