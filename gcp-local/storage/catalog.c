/* Buckets, objects, notification configs and upload sessions as rows of SQLite. */
#include "gcp-local/storage/catalog.h"

#include "base/jread.h"
#include "base/str.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

enum { MOST_STATEMENTS = 40 };

/* A statement that was compiled before, known by the address of its text. */
struct prepared {
    const char *sql;
    sqlite3_stmt *rows;
};

struct catalog {
    sqlite3 *db;
    pthread_mutex_t lock; /* recursive; guards all of this */
    struct prepared prepared[MOST_STATEMENTS];
    int64_t last_generation;
};

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

/* ---- statements ---- */

static sqlite3_stmt *prepare(struct catalog *catalog, const char *sql)
{
    for (size_t i = 0; i < MOST_STATEMENTS; i++) {
        struct prepared *slot = &catalog->prepared[i];
        if (!slot->sql) {
            if (sqlite3_prepare_v2(catalog->db, sql, -1, &slot->rows, NULL) == SQLITE_OK)
                slot->sql = sql;
        }
        if (slot->sql == sql || !slot->sql)
            return slot->rows;
    }
    abort(); /* more statements than MOST_STATEMENTS are written in this file */
}

/* Binds the values of a format: 't' a text (NULL is NULL), 'i' an int64_t, 'j' JSON. */
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

/* A statement with its values, to be stepped and reset. NULL and err otherwise. */
static sqlite3_stmt *query(struct catalog *catalog, struct err *err, const char *sql,
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

/* Steps a statement that answers nothing. */
static bool finish(struct catalog *catalog, sqlite3_stmt *rows, struct err *err)
{
    if (!rows)
        return false;
    bool fine = sqlite3_step(rows) == SQLITE_DONE || failed(catalog, err);
    sqlite3_reset(rows);
    return fine;
}

/* Steps to a row. At the end, or after a failure, the statement is reset. */
static bool next(struct catalog *catalog, sqlite3_stmt *rows, struct err *err)
{
    int code = rows ? sqlite3_step(rows) : SQLITE_DONE;
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        failed(catalog, err);
    sqlite3_reset(rows);
    return false;
}

static const char *text_at(sqlite3_stmt *rows, int column)
{
    return (const char *)sqlite3_column_text(rows, column);
}

static json_t *json_at(sqlite3_stmt *rows, int column)
{
    const char *text = text_at(rows, column);
    return text ? json_loads(text, 0, NULL) : NULL;
}

/* ---- opening and transactions ---- */

static bool read_last_generation(struct catalog *catalog, struct err *err)
{
    sqlite3_stmt *rows = query(catalog, err, "SELECT max(generation) FROM objects", "");
    if (!next(catalog, rows, err))
        return false;
    catalog->last_generation = sqlite3_column_int64(rows, 0);
    sqlite3_reset(rows);
    return true;
}

struct catalog *catalog_open(const char *file, struct err *err)
{
    OWN(catalog)
    struct catalog *catalog = must_alloc(sizeof(*catalog));
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
    return give(&catalog);
}

void catalog_close(struct catalog *catalog)
{
    if (!catalog)
        return;
    for (size_t i = 0; i < MOST_STATEMENTS; i++)
        sqlite3_finalize(catalog->prepared[i].rows);
    sqlite3_close(catalog->db);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}

static void own_held(struct catalog **held)
{
    pthread_mutex_unlock(&(*held)->lock);
}

/* Locks the catalog until the end of the scope. */
#define HOLD(catalog)                                                                              \
    OWN(held)                                                                                      \
    __attribute__((unused)) struct catalog *held_ =                                                \
        (pthread_mutex_lock(&(catalog)->lock), (catalog))

bool catalog_begin(struct catalog *catalog, struct catalog_txn *txn, struct err *err)
{
    pthread_mutex_lock(&catalog->lock);
    if (!finish(catalog, query(catalog, err, "BEGIN IMMEDIATE", ""), err)) {
        pthread_mutex_unlock(&catalog->lock);
        return false;
    }
    txn->catalog = catalog;
    return true;
}

bool catalog_commit(struct catalog_txn *txn, struct err *err)
{
    if (!finish(txn->catalog, query(txn->catalog, err, "COMMIT", ""), err))
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
    finish(local->catalog, query(local->catalog, &ignored, "ROLLBACK", ""), &ignored);
    pthread_mutex_unlock(&local->catalog->lock);
}

bool catalog_reset(struct catalog *catalog, struct err *err)
{
    HOLD(catalog);
    return run_script(catalog,
                      "BEGIN; DELETE FROM buckets; DELETE FROM objects; DELETE FROM configs;"
                      "DELETE FROM sessions; COMMIT;",
                      err);
}

/* ---- buckets ---- */

bool catalog_add_bucket(struct catalog *catalog, const struct bucket *bucket, struct err *err)
{
    HOLD(catalog);
    sqlite3_stmt *rows = query(catalog, err,
                               "INSERT INTO buckets VALUES(?,?,?,?,?,?,?) "
                               "ON CONFLICT DO NOTHING",
                               "ttiiijj", bucket->name, bucket->project, bucket->metageneration,
                               bucket->created, bucket->updated, bucket->fields, bucket->policy);
    if (!finish(catalog, rows, err))
        return false;
    return sqlite3_changes(catalog->db) == 1 ||
           err_set(err, ERR_CONFLICT,
                   "Your previous request to create the named bucket succeeded and you already own "
                   "it.");
}

static void read_bucket(sqlite3_stmt *rows, struct bucket *out)
{
    *out = (struct bucket){
        .name = str_copy(text_at(rows, 0)),
        .project = str_copy(text_at(rows, 1)),
        .metageneration = sqlite3_column_int64(rows, 2),
        .created = sqlite3_column_int64(rows, 3),
        .updated = sqlite3_column_int64(rows, 4),
        .fields = json_at(rows, 5),
        .policy = json_at(rows, 6),
    };
}

bool catalog_find_bucket(struct catalog *catalog, const char *name, struct bucket *out,
                         struct err *err)
{
    HOLD(catalog);
    sqlite3_stmt *rows = query(catalog, err, "SELECT * FROM buckets WHERE name = ?", "t", name);
    if (!next(catalog, rows, err))
        return err->status ? false
                           : err_set(err, ERR_NOT_FOUND, "The specified bucket does not exist.");
    read_bucket(rows, out);
    sqlite3_reset(rows);
    return true;
}

bool catalog_change_bucket(struct catalog *catalog, const struct bucket *bucket, struct err *err)
{
    HOLD(catalog);
    return finish(catalog,
                  query(catalog, err,
                        "UPDATE buckets SET metageneration = ?, updated = ?, fields = ?,"
                        "  policy = ? WHERE name = ?",
                        "iijjt", bucket->metageneration, bucket->updated, bucket->fields,
                        bucket->policy, bucket->name),
                  err);
}

bool catalog_delete_bucket(struct catalog *catalog, const char *name, struct err *err)
{
    HOLD(catalog);
    sqlite3_stmt *rows =
        query(catalog, err, "SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", "t", name);
    if (next(catalog, rows, err)) {
        sqlite3_reset(rows);
        return err_set(err, ERR_CONFLICT, "The bucket you tried to delete is not empty.");
    }
    return !err->status &&
           finish(catalog, query(catalog, err, "DELETE FROM configs WHERE bucket = ?", "t", name),
                  err) &&
           finish(catalog, query(catalog, err, "DELETE FROM buckets WHERE name = ?", "t", name),
                  err);
}

bool catalog_each_bucket(struct catalog *catalog, const char *project, const char *after,
                         bool (*each)(const struct bucket *bucket, void *to), void *to,
                         struct err *err)
{
    HOLD(catalog);
    sqlite3_stmt *rows =
        query(catalog, err, "SELECT * FROM buckets WHERE project = ? AND name > ? ORDER BY name",
              "tt", project, after);
    while (next(catalog, rows, err)) {
        OWN(bucket)
        struct bucket bucket = {0};
        read_bucket(rows, &bucket);
        if (!each(&bucket, to)) {
            sqlite3_reset(rows);
            break;
        }
    }
    return err->status == 0;
}

/* ---- objects ---- */

static void read_object(sqlite3_stmt *rows, struct object *out)
{
    *out = (struct object){
        .bucket = str_copy(text_at(rows, 0)),
        .name = str_copy(text_at(rows, 1)),
        .generation = sqlite3_column_int64(rows, 2),
        .metageneration = sqlite3_column_int64(rows, 3),
        .size = sqlite3_column_int64(rows, 4),
        .crc32c = (uint32_t)sqlite3_column_int64(rows, 5),
        .md5 = str_copy(text_at(rows, 6)),
        .components = sqlite3_column_int64(rows, 7),
        .created = sqlite3_column_int64(rows, 8),
        .updated = sqlite3_column_int64(rows, 9),
        .deleted = sqlite3_column_int64(rows, 10),
        .fields = json_at(rows, 11),
    };
}

static sqlite3_stmt *query_object(struct catalog *catalog, const char *bucket, const char *name,
                                  int64_t generation, struct err *err)
{
    if (generation)
        return query(catalog, err,
                     "SELECT * FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
                     "tti", bucket, name, generation);
    return query(catalog, err,
                 "SELECT * FROM objects WHERE bucket = ? AND name = ? AND deleted = 0 "
                 "ORDER BY generation DESC LIMIT 1",
                 "tt", bucket, name);
}

bool catalog_find_object(struct catalog *catalog, const char *bucket, const char *name,
                         int64_t generation, struct object *out, struct err *err)
{
    HOLD(catalog);
    sqlite3_stmt *rows = query_object(catalog, bucket, name, generation, err);
    if (!next(catalog, rows, err))
        return err->status ? false
                           : err_set(err, ERR_NOT_FOUND, "No such object: %s/%s", bucket, name);
    read_object(rows, out);
    sqlite3_reset(rows);
    return true;
}

bool catalog_has_generation(struct catalog *catalog, const char *bucket, int64_t generation,
                            bool *has, struct err *err)
{
    HOLD(catalog);
    sqlite3_stmt *rows =
        query(catalog, err, "SELECT 1 FROM objects WHERE generation = ? AND bucket = ?", "it",
              generation, bucket);
    *has = next(catalog, rows, err);
    sqlite3_reset(rows);
    return err->status == 0;
}

bool catalog_put_object(struct catalog *catalog, const struct object *object, struct err *err)
{
    HOLD(catalog);
    return finish(catalog,
                  query(catalog, err,
                        "INSERT OR REPLACE INTO objects VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
                        "ttiiiitiiiij", object->bucket, object->name, object->generation,
                        object->metageneration, object->size, (int64_t)object->crc32c, object->md5,
                        object->components, object->created, object->updated, object->deleted,
                        object->fields),
                  err);
}

bool catalog_delete_object(struct catalog *catalog, const struct object *object, struct err *err)
{
    HOLD(catalog);
    return finish(catalog,
                  query(catalog, err,
                        "DELETE FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
                        "tti", object->bucket, object->name, object->generation),
                  err);
}

int64_t catalog_next_generation(struct catalog *catalog)
{
    HOLD(catalog);
    int64_t now = time_now_ns() / 1000;
    catalog->last_generation = now > catalog->last_generation ? now : catalog->last_generation + 1;
    return catalog->last_generation;
}

bool catalog_walk_begin(struct catalog *catalog, const char *bucket, bool versions,
                        struct catalog_walk *walk, struct err *err)
{
    pthread_mutex_lock(&catalog->lock);
    walk->catalog = catalog;
    walk->rows = query(catalog, err,
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

bool catalog_walk_next(struct catalog_walk *walk, struct object *out, struct err *err)
{
    if (!next(walk->catalog, walk->rows, err))
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

/* ---- notification configs ---- */

bool catalog_add_config(struct catalog *catalog, const char *bucket, const json_t *config,
                        int64_t *id, struct err *err)
{
    HOLD(catalog);
    if (!finish(catalog,
                query(catalog, err, "INSERT INTO configs(bucket, config) VALUES(?, ?)", "tj",
                      bucket, config),
                err))
        return false;
    *id = sqlite3_last_insert_rowid(catalog->db);
    return true;
}

bool catalog_delete_config(struct catalog *catalog, const char *bucket, int64_t id, struct err *err)
{
    HOLD(catalog);
    if (!finish(catalog,
                query(catalog, err, "DELETE FROM configs WHERE id = ? AND bucket = ?", "it", id,
                      bucket),
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
    HOLD(catalog);
    sqlite3_stmt *rows = query(
        catalog, err, "SELECT id, config FROM configs WHERE bucket = ? ORDER BY id", "t", bucket);
    while (next(catalog, rows, err)) {
        json_auto_t *config = json_at(rows, 1);
        each(sqlite3_column_int64(rows, 0), config, to);
    }
    return err->status == 0;
}

/* ---- upload sessions ---- */

bool catalog_put_session(struct catalog *catalog, const char *id, const json_t *session,
                         struct err *err)
{
    HOLD(catalog);
    return finish(catalog,
                  query(catalog, err,
                        "INSERT INTO sessions VALUES(?, ?, ?)"
                        "  ON CONFLICT(id) DO UPDATE SET session = excluded.session",
                        "tij", id, time_now_ns(), session),
                  err);
}

json_t *catalog_find_session(struct catalog *catalog, const char *id, struct err *err)
{
    HOLD(catalog);
    sqlite3_stmt *rows = query(catalog, err, "SELECT session FROM sessions WHERE id = ?", "t", id);
    if (!next(catalog, rows, err)) {
        if (!err->status)
            err_set(err, ERR_NOT_FOUND, "No such upload session.");
        return NULL;
    }
    json_t *session = json_at(rows, 0);
    sqlite3_reset(rows);
    return session;
}

bool catalog_delete_session(struct catalog *catalog, const char *id, struct err *err)
{
    HOLD(catalog);
    return finish(catalog, query(catalog, err, "DELETE FROM sessions WHERE id = ?", "t", id), err);
}

bool catalog_expire_sessions(struct catalog *catalog, int64_t before_ns, struct err *err)
{
    HOLD(catalog);
    return finish(catalog,
                  query(catalog, err, "DELETE FROM sessions WHERE created < ?", "i", before_ns),
                  err);
}
