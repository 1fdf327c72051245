/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: opening it, its statements, its transactions. */
#include "gcp-local/storage/catalog/catalog_private.h"

#include "base/json/jread.h"
#include "base/str.h"

#include <stdarg.h>
#include <string.h>

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;" /* a killed process loses nothing */
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
    "  WITHOUT ROWID;";

static bool failed(struct catalog *catalog, struct err *err)
{
    int code = sqlite3_errcode(catalog->db);
    int status = code == SQLITE_FULL || code == SQLITE_IOERR ? ERR_UNAVAILABLE : ERR_INTERNAL;
    return err_set(err, status, "The metadata cannot be stored: %s.", sqlite3_errmsg(catalog->db));
}

static bool run_script(struct catalog *catalog, const char *script, struct err *err)
{
    return sqlite3_exec(catalog->db, script, NULL, NULL, NULL) == SQLITE_OK || failed(catalog, err);
}

static sqlite3_stmt *prepare(struct catalog *catalog, const char *sql)
{
    for (size_t i = 0; i < MAX_STATEMENTS; i++) {
        struct prepared_statement *slot = &catalog->prepared[i];
        if (!slot->sql) {
            if (sqlite3_prepare_v2(catalog->db, sql, -1, &slot->rows, NULL) == SQLITE_OK)
                slot->sql = sql;
        }
        if (slot->sql == sql || !slot->sql)
            return slot->rows;
    }
    abort(); /* more statements than MAX_STATEMENTS are written in the catalog */
}

/* Binds the values of a format, see catalog_prepare. */
static void bind(sqlite3_stmt *rows, const char *format, va_list values)
{
    for (int i = 1; *format; format++, i++) {
        if (*format == 'i') {
            sqlite3_bind_int64(rows, i, va_arg(values, int64_t));
        } else if (*format == 't') {
            sqlite3_bind_text(rows, i, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
        } else {
            const json_t *tree = va_arg(values, const json_t *);
            sqlite3_bind_text(rows, i, tree ? json_to_text(tree) : NULL, -1, free);
        }
    }
}

sqlite3_stmt *catalog_prepare(struct catalog *catalog, struct err *err, const char *sql,
                              const char *format, ...)
{
    sqlite3_stmt *rows = prepare(catalog, sql);
    if (!rows) {
        failed(catalog, err);
        return NULL;
    }
    va_list values;
    va_start(values, format);
    bind(rows, format, values);
    va_end(values);
    return rows;
}

bool catalog_execute(struct catalog *catalog, sqlite3_stmt *rows, struct err *err)
{
    if (!rows)
        return false;
    bool fine = sqlite3_step(rows) == SQLITE_DONE || failed(catalog, err);
    sqlite3_reset(rows);
    return fine;
}

bool catalog_step(struct catalog *catalog, sqlite3_stmt *rows, struct err *err)
{
    int code = rows ? sqlite3_step(rows) : SQLITE_DONE;
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        failed(catalog, err);
    sqlite3_reset(rows);
    return false;
}

const char *catalog_column_text(sqlite3_stmt *rows, int column)
{
    return (const char *)sqlite3_column_text(rows, column);
}

json_t *catalog_column_json(sqlite3_stmt *rows, int column)
{
    const char *text = catalog_column_text(rows, column);
    return text ? json_loads(text, 0, NULL) : NULL;
}

static bool read_last_generation(struct catalog *catalog, struct err *err)
{
    sqlite3_stmt *rows = catalog_prepare(catalog, err, "SELECT max(generation) FROM objects", "");
    if (!catalog_step(catalog, rows, err))
        return false;
    catalog->last_generation = sqlite3_column_int64(rows, 0);
    sqlite3_reset(rows);
    return true;
}

struct catalog *catalog_open(const char *file, struct err *err)
{
    OWN(catalog) struct catalog *catalog = alloc_zeroed(sizeof(*catalog));
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&catalog->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);

    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool fine =
        (sqlite3_open_v2(file ? file : ":memory:", &catalog->db, flags, NULL) == SQLITE_OK ||
         failed(catalog, err)) &&
        run_script(catalog, schema, err) && read_last_generation(catalog, err);
    if (!fine) {
        err_wrap(err, "%s", file ? file : "memory");
        return NULL;
    }
    return move_ptr(&catalog);
}

void catalog_close(struct catalog *catalog)
{
    if (!catalog)
        return;
    for (size_t i = 0; i < MAX_STATEMENTS; i++)
        sqlite3_finalize(catalog->prepared[i].rows);
    sqlite3_close(catalog->db);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}

bool catalog_begin(struct catalog *catalog, struct catalog_txn *txn, struct err *err)
{
    pthread_mutex_lock(&catalog->lock);
    if (!catalog_execute(catalog, catalog_prepare(catalog, err, "BEGIN IMMEDIATE", ""), err)) {
        pthread_mutex_unlock(&catalog->lock);
        return false;
    }
    txn->catalog = catalog;
    return true;
}

bool catalog_commit(struct catalog_txn *txn, struct err *err)
{
    if (!catalog_execute(txn->catalog, catalog_prepare(txn->catalog, err, "COMMIT", ""), err))
        return false;
    pthread_mutex_unlock(&txn->catalog->lock);
    txn->catalog = NULL;
    return true;
}

void own_catalog_txn(struct catalog_txn *local)
{
    if (!local->catalog)
        return;
    struct err ignored = {0}; /* what failed before matters more */
    catalog_execute(local->catalog, catalog_prepare(local->catalog, &ignored, "ROLLBACK", ""),
                    &ignored);
    pthread_mutex_unlock(&local->catalog->lock);
}

bool catalog_reset(struct catalog *catalog, struct err *err)
{
    CATALOG_LOCK(catalog);
    return run_script(catalog,
                      "BEGIN; DELETE FROM buckets; DELETE FROM objects; DELETE FROM configs;"
                      "DELETE FROM sessions; COMMIT;",
                      err);
}
