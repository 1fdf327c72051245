/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the file of the event logs: its tables, its versions, and what is done about damage. */
#include "kn-local/dataplane/event_log_store_private.h"

#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An event's row id is its log's id and its number in one, so that a log's events lie side by side
 * in their order and no further index is needed. sum is the checksum of the row; NULL in events
 * that version 1 wrote. A log without a name was removed. */
static const char TABLES[] =
    "CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,"
    " next INTEGER NOT NULL, bytes INTEGER NOT NULL);"
    "CREATE TABLE event (id INTEGER PRIMARY KEY, headers BLOB NOT NULL, body BLOB NOT NULL,"
    " sum INTEGER);"
    "CREATE TABLE reader (id INTEGER PRIMARY KEY AUTOINCREMENT, log INTEGER NOT NULL,"
    " name TEXT NOT NULL, low INTEGER NOT NULL, done BLOB NOT NULL, sum INTEGER,"
    " UNIQUE (log, name));"
    "CREATE TABLE damaged (id INTEGER, headers BLOB, body BLOB, sum INTEGER);"
    "CREATE TABLE state (closed INTEGER NOT NULL);"
    "INSERT INTO state VALUES (1);"
    "PRAGMA user_version = 2;";

/* From version 1: its channels are logs, and an event's number is the low 40 bits of its id. */
static const char UPGRADE_1[] =
    "ALTER TABLE channel RENAME TO channel1; ALTER TABLE reader RENAME TO reader1;"
    "ALTER TABLE event RENAME TO event1;"
    "%s"
    "INSERT INTO event SELECT id, headers, body, NULL FROM event1;"
    "INSERT INTO log SELECT id, name, max(1,"
    "  ifnull((SELECT max(e.id) + 1 - (c.id << 40) FROM event1 e"
    "   WHERE e.id >= (c.id << 40) AND e.id < ((c.id + 1) << 40)), 1),"
    "  ifnull((SELECT max(position) FROM reader1 r WHERE r.channel = c.id), 1)),"
    " ifnull((SELECT sum(length(e.headers) + length(e.body)) FROM event1 e"
    "   WHERE e.id >= (c.id << 40) AND e.id < ((c.id + 1) << 40)), 0) FROM channel1 c;"
    "INSERT INTO reader (log, name, low, done, sum)"
    " SELECT channel, name, position, x'', NULL FROM reader1;"
    "DROP TABLE channel1; DROP TABLE reader1; DROP TABLE event1;";

bool event_log_store_fail(sqlite3 *db, const char *action, struct err *err)
{
    int code = sqlite3_errcode(db);
    int status = code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ERR_INTERNAL : ERR_UNAVAILABLE;
    return err_set(err, status, "cannot %s the store: %s", action, sqlite3_errmsg(db));
}

bool event_log_store_run(sqlite3 *db, const char *text, struct err *err)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ||
           event_log_store_fail(db, "set up", err);
}

bool event_log_store_number(sqlite3 *db, const char *query, int64_t *value)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *value = sqlite3_column_int64(statement, 0);
    return sqlite3_finalize(statement) == SQLITE_OK && ok;
}

bool event_log_store_is_intact(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    bool intact =
        sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        str_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    return intact;
}

static bool create_tables(sqlite3 *db, int64_t version, struct err *err)
{
    OWN(free) char *upgrade = version == 1 ? str_format(UPGRADE_1, TABLES) : str_copy(TABLES);
    OWN(free) char *all = str_format("BEGIN IMMEDIATE; %s COMMIT;", upgrade);
    struct err failure = {0};
    if (event_log_store_run(db, all, err))
        return true;
    if (!sqlite3_get_autocommit(db))
        event_log_store_run(db, "ROLLBACK", &failure);
    return false;
}

sqlite3 *event_log_store_open_file(const struct event_log_store_options *options, struct err *err)
{
    sqlite3 *db = NULL;
    int64_t version = -1;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(options->path, &db, flags, options->vfs) == SQLITE_OK ||
              event_log_store_fail(db, "open", err);
    /* exclusive before WAL: then no shared memory is needed */
    ok = ok &&
         event_log_store_run(db,
                             "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                             "PRAGMA cache_size = -2048; PRAGMA journal_size_limit = 4194304;",
                             err) &&
         event_log_store_run(
             db, options->sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);
    if (ok && !event_log_store_number(db, "PRAGMA user_version", &version))
        ok = event_log_store_fail(db, "read", err);
    if (ok && version > EVENT_LOG_STORE_VERSION)
        ok =
            err_set(err, ERR_INTERNAL,
                    "the store is of version %d, and this kn-local reads up to %d; use a newer one",
                    (int)version, EVENT_LOG_STORE_VERSION);
    if (ok && version < EVENT_LOG_STORE_VERSION)
        ok = create_tables(db, version, err);
    if (ok)
        return db;
    sqlite3_close(db);
    err_wrap(err, "%s", options->path);
    return NULL;
}

/* Copies the rows of a table that can be read, from id to id; those that cannot are passed over. */
static int64_t copy_table(sqlite3 *from, sqlite3 *to, const char *table, int columns)
{
    OWN(free) char *query =
        str_format("SELECT * FROM %s WHERE rowid >= ?1 ORDER BY rowid LIMIT 1000000", table);
    OWN(free) char *insert = str_format("INSERT OR IGNORE INTO %s VALUES (?1%s)", table,
                                        columns == 6   ? ", ?2, ?3, ?4, ?5, ?6"
                                        : columns == 4 ? ", ?2, ?3, ?4"
                                                       : "");
    int64_t next = 0, gap = 1, lost = 0;
    sqlite3_stmt *read = NULL, *write = NULL;
    if (sqlite3_prepare_v2(to, insert, -1, &write, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(from, query, -1, &read, NULL) != SQLITE_OK) {
        sqlite3_finalize(write);
        return 1;
    }
    for (int result = SQLITE_ROW; next >= 0;) {
        sqlite3_reset(read);
        sqlite3_bind_int64(read, 1, next);
        while ((result = sqlite3_step(read)) == SQLITE_ROW) {
            for (int i = 0; i < columns; i++)
                sqlite3_bind_value(write, i + 1, sqlite3_column_value(read, i));
            sqlite3_step(write);
            sqlite3_reset(write);
            next = sqlite3_column_int64(read, 0) + 1;
            gap = 1;
        }
        if (result == SQLITE_DONE)
            break;
        lost++;
        /* ids may be far apart: the step grows until something can be read again */
        if (__builtin_add_overflow(next, gap, &next) || gap > INT64_MAX / 2)
            break;
        gap *= 2;
    }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    return lost;
}

static bool copy_all(sqlite3 *from, sqlite3 *to, const char *aside, struct err *err)
{
    if (!event_log_store_run(to, "BEGIN IMMEDIATE", err))
        return false;
    int64_t lost = copy_table(from, to, "log", 4) + copy_table(from, to, "event", 4) +
                   copy_table(from, to, "reader", 6) + copy_table(from, to, "damaged", 4);
    /* a log whose row was lost takes no new events under numbers that were used */
    log_error("the event store is damaged: %lld %s could not be read; the damaged file is kept as "
              "%s, the rest is served",
              (long long)lost, lost == 1 ? "place" : "places", aside);
    return event_log_store_run(to, "UPDATE state SET closed = 0; COMMIT", err);
}

bool event_log_store_repair(const struct event_log_store_options *options, struct err *err)
{
    OWN(free) char *aside = str_format("%s.damaged", options->path);
    OWN(free) char *rebuilt = str_format("%s.rebuilt", options->path);
    struct event_log_store_options target = {rebuilt, options->vfs, true};
    unlink(rebuilt);
    sqlite3 *from = NULL;
    sqlite3 *to = event_log_store_open_file(&target, err);
    bool ok = to != NULL;
    if (ok && sqlite3_open_v2(options->path, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                              options->vfs) != SQLITE_OK)
        ok = event_log_store_fail(from, "open", err);
    ok = ok && copy_all(from, to, aside, err) &&
         event_log_store_run(to, "PRAGMA journal_mode = DELETE", err);
    sqlite3_close(from);
    sqlite3_close(to);
    if (ok && (rename(options->path, aside) || rename(rebuilt, options->path)))
        ok = err_set(err, ERR_UNAVAILABLE, "cannot set the damaged store %s aside: %s",
                     options->path, strerror(errno));
    return ok;
}
