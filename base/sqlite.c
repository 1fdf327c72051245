/* SPDX-License-Identifier: Apache-2.0 */
/* A SQLite database. */
#include "base/sqlite.h"

#include "base/str.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

enum { BEGIN, COMMIT, ROLLBACK, OWN_STATEMENTS };

static const char *const own_statements[OWN_STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE", [COMMIT] = "COMMIT", [ROLLBACK] = "ROLLBACK"};

struct sqlite {
    sqlite3 *handle;
    char *path;
    int statement_count;
    sqlite3_stmt *own[OWN_STATEMENTS];
    sqlite3_stmt *statements[];
};

static int status_of(int code)
{
    switch (code) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
        return ERR_UNAVAILABLE;
    default:
        return ERR_INTERNAL;
    }
}

static bool fail(const struct sqlite *db, struct err *err)
{
    int code = sqlite3_errcode(db->handle) & 0xff;
    int cause = code == SQLITE_IOERR || code == SQLITE_CANTOPEN || code == SQLITE_FULL
                    ? sqlite3_system_errno(db->handle)
                    : 0;
    err_set(err, status_of(code), "%s: %s%s%s%s", db->path, sqlite3_errmsg(db->handle),
            cause ? " (" : "", cause ? strerror(cause) : "", cause ? ")" : "");
    err->errno_code = cause;
    return false;
}

void sqlite_rollback(struct sqlite *db)
{
    if (sqlite3_get_autocommit(db->handle))
        return; /* SQLite itself rolls back after some failures */
    sqlite3_stmt *rollback = db->own[ROLLBACK];
    if (rollback) {
        sqlite3_step(rollback);
        sqlite3_reset(rollback);
    } else { /* in a migration nothing is prepared yet */
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

bool sqlite_exec(struct sqlite *db, const char *script, struct err *err)
{
    if (sqlite3_exec(db->handle, script, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    fail(db, err);
    sqlite_rollback(db);
    return false;
}

static bool migrate(struct sqlite *db, const struct sqlite_options *options, struct err *err)
{
    sqlite3_stmt *query = NULL;
    bool ok = sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &query, NULL) == SQLITE_OK;
    int version = ok && sqlite3_step(query) == SQLITE_ROW ? sqlite3_column_int(query, 0) : -1;
    if (version < 0)
        fail(db, err);
    sqlite3_finalize(query);
    if (version < 0)
        return false;
    if (version > options->migration_count)
        return err_set(err, ERR_INTERNAL,
                       "%s: was written by a newer version of this program (its schema has version "
                       "%d, this program reads up to %d); use that version, or another folder",
                       db->path, version, options->migration_count);
    for (; version < options->migration_count; version++) {
        OWN(free) char *script = str_format("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT",
                                            options->migrations[version], version + 1);
        if (!sqlite_exec(db, script, err))
            return false;
    }
    return true;
}

static bool set_up(struct sqlite *db, const struct sqlite_options *options, struct err *err)
{
    static const char *const synchronous[] = {[SQLITE_SYNCHRONOUS_NORMAL] = "NORMAL",
                                              [SQLITE_SYNCHRONOUS_FULL] = "FULL",
                                              [SQLITE_SYNCHRONOUS_OFF] = "OFF"};
    sqlite3_busy_timeout(db->handle, options->busy_timeout_ms);
    OWN(buf) struct buf script = {0};
    if (options->exclusive) /* before WAL mode, so that no memory is shared with other processes */
        buf_add_text(&script, "PRAGMA locking_mode = EXCLUSIVE;");
    buf_add_format(&script, "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s;",
                   synchronous[options->synchronous]);
    if (options->cache_kib)
        buf_add_format(&script, "PRAGMA cache_size = -%d;", options->cache_kib);
    if (options->journal_size_limit)
        buf_add_format(&script, "PRAGMA journal_size_limit = %lld;",
                       (long long)options->journal_size_limit);
    return sqlite_exec(db, script.data, err) && migrate(db, options, err);
}

static bool prepare(struct sqlite *db, const char *const *sql, int count, sqlite3_stmt **statements,
                    struct err *err)
{
    for (int i = 0; i < count; i++)
        if (sqlite3_prepare_v3(db->handle, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i],
                               NULL) != SQLITE_OK)
            return fail(db, err);
    return true;
}

/* Creates a file that only its owner may read; SQLite's files beside it get the same mode. When
 * this fails SQLite says why. */
static void create_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    own_fd(&fd);
}

struct sqlite *sqlite_open(const char *path, const struct sqlite_options *options, struct err *err)
{
    size_t count = (size_t)options->statement_count;
    OWN(sqlite) struct sqlite *db = alloc_zeroed(sizeof(*db) + count * sizeof(sqlite3_stmt *));
    db->path = str_copy(path ? path : "database in memory");
    db->statement_count = options->statement_count;
    if (path && options->private)
        create_private(path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool ok =
        sqlite3_open_v2(path ? path : ":memory:", &db->handle, flags, options->vfs) == SQLITE_OK
            ? set_up(db, options, err) &&
                  prepare(db, own_statements, OWN_STATEMENTS, db->own, err) &&
                  prepare(db, options->statements, db->statement_count, db->statements, err)
            : fail(db, err);
    return ok ? move_ptr(&db) : NULL;
}

void sqlite_close(struct sqlite *db)
{
    if (!db)
        return;
    for (int i = 0; i < OWN_STATEMENTS; i++)
        sqlite3_finalize(db->own[i]);
    for (int i = 0; i < db->statement_count; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

static void bind_text(sqlite3_stmt *statement, int index, struct bytes text)
{
    if (text.len)
        sqlite3_bind_text64(statement, index, text.data, text.len, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_bind_null(statement, index);
}

static void bind_blob(sqlite3_stmt *statement, int index, struct bytes blob)
{
    sqlite3_bind_blob64(statement, index, blob.len ? blob.data : "", blob.len, SQLITE_STATIC);
}

static void bind(sqlite3_stmt *statement, const char *format, va_list values)
{
    for (int i = 1; format[i - 1]; i++) {
        switch (format[i - 1]) {
        case 'i':
            sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
            break;
        case 't':
            sqlite3_bind_text(statement, i, va_arg(values, const char *), -1, SQLITE_STATIC);
            break;
        case 's':
            bind_text(statement, i, va_arg(values, struct bytes));
            break;
        case 'b':
            bind_blob(statement, i, va_arg(values, struct bytes));
            break;
        case 'o':
            sqlite3_bind_text(statement, i, va_arg(values, char *), -1, free);
            break;
        default:
            abort(); /* not a letter of the format */
        }
    }
}

/* A statement, ready for its first step. */
static sqlite3_stmt *begin(struct sqlite *db, int statement, const char *format, va_list values)
{
    sqlite3_stmt *prepared = db->statements[statement];
    sqlite3_reset(prepared);
    bind(prepared, format, values);
    return prepared;
}

static bool run(struct sqlite *db, sqlite3_stmt *statement, struct err *err)
{
    int result = sqlite3_step(statement);
    while (result == SQLITE_ROW)
        result = sqlite3_step(statement);
    bool ok = result == SQLITE_DONE || fail(db, err);
    sqlite3_reset(statement);
    return ok;
}

bool sqlite_run(struct sqlite *db, struct err *err, int statement, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    sqlite3_stmt *prepared = begin(db, statement, format, values);
    va_end(values);
    return run(db, prepared, err);
}

bool sqlite_begin(struct sqlite *db, struct err *err)
{
    return run(db, db->own[BEGIN], err);
}

bool sqlite_commit(struct sqlite *db, struct err *err)
{
    return run(db, db->own[COMMIT], err);
}

struct sqlite_rows sqlite_query(struct sqlite *db, int statement, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    struct sqlite_rows rows = {db, begin(db, statement, format, values)};
    va_end(values);
    return rows;
}

bool sqlite_rows_next(struct sqlite_rows *rows, struct err *err)
{
    if (!rows->statement)
        return false;
    int result = sqlite3_step(rows->statement);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        fail(rows->db, err);
    sqlite_rows_end(rows);
    return false;
}

int64_t sqlite_rows_int64(const struct sqlite_rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

const char *sqlite_rows_text(const struct sqlite_rows *rows, int column)
{
    return (const char *)sqlite3_column_text(rows->statement, column);
}

struct bytes sqlite_rows_bytes(const struct sqlite_rows *rows, int column)
{
    const char *data = sqlite3_column_blob(rows->statement, column);
    return (struct bytes){data, (size_t)sqlite3_column_bytes(rows->statement, column)};
}

bool sqlite_rows_is_null(const struct sqlite_rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

void sqlite_rows_end(struct sqlite_rows *rows)
{
    if (rows->statement)
        sqlite3_reset(rows->statement);
    rows->statement = NULL;
}

bool sqlite_query_int64(struct sqlite *db, struct err *err, int64_t *value, bool *found,
                        int statement, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    OWN(sqlite_rows) struct sqlite_rows rows = {db, begin(db, statement, format, values)};
    va_end(values);
    bool row = sqlite_rows_next(&rows, err);
    *found = row && !sqlite_rows_is_null(&rows, 0);
    if (*found)
        *value = sqlite_rows_int64(&rows, 0);
    return row || err->status == 0;
}

int64_t sqlite_changes(const struct sqlite *db)
{
    return sqlite3_changes(db->handle);
}

int64_t sqlite_last_row_id(const struct sqlite *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}
