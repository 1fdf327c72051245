/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the file of the event logs: its tables, its versions, and what is done about damage. */
#include "kn-local/dataplane/event_log_store_private.h"

#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* From no file to version 1: an event's row id is its channel's id and its number in one, so that a
 * channel's events lie side by side in their order and no further index is needed. */
static const char VERSION_1[] =
    "CREATE TABLE channel (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE event (id INTEGER PRIMARY KEY, headers BLOB NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE reader (channel INTEGER NOT NULL, name TEXT NOT NULL,"
    " position INTEGER NOT NULL, PRIMARY KEY (channel, name)) WITHOUT ROWID;";

/* To version 2: a log (which was called channel) knows its next number and its bytes; one without a
 * name was removed. Rows have a checksum, which is NULL when version 1 wrote them. */
static const char VERSION_2[] =
    "ALTER TABLE reader RENAME TO reader1;"
    "CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,"
    " next INTEGER NOT NULL, bytes INTEGER NOT NULL);"
    "ALTER TABLE event ADD COLUMN sum INTEGER;"
    "CREATE TABLE reader (id INTEGER PRIMARY KEY AUTOINCREMENT, log INTEGER NOT NULL,"
    " name TEXT NOT NULL, low INTEGER NOT NULL, done BLOB NOT NULL, sum INTEGER,"
    " UNIQUE (log, name));"
    "CREATE TABLE damaged (id INTEGER, headers BLOB, body BLOB, sum INTEGER);"
    "CREATE TABLE state (closed INTEGER NOT NULL);"
    "INSERT INTO state VALUES (1);"
    "INSERT INTO log SELECT id, name, max(1,"
    "  ifnull((SELECT max(e.id) + 1 - (c.id << 40) FROM event e"
    "   WHERE e.id >= (c.id << 40) AND e.id < ((c.id + 1) << 40)), 1),"
    "  ifnull((SELECT max(position) FROM reader1 r WHERE r.channel = c.id), 1)),"
    " ifnull((SELECT sum(length(e.headers) + length(e.body)) FROM event e"
    "   WHERE e.id >= (c.id << 40) AND e.id < ((c.id + 1) << 40)), 0) FROM channel c;"
    "INSERT INTO reader (log, name, low, done, sum)"
    " SELECT channel, name, position, x'', NULL FROM reader1;"
    "DROP TABLE channel; DROP TABLE reader1;";

static struct sqlite *open_database(const char *path, const struct event_log_store_options *from,
                                    const char *const *statements, int count, struct err *err)
{
    static const char *const migrations[] = {VERSION_1, VERSION_2};
    struct sqlite_options options = {
        .migrations = migrations,
        .migration_count = ARRAY_SIZE(migrations),
        .statements = statements,
        .statement_count = count,
        .synchronous = from->sync ? SQLITE_SYNCHRONOUS_FULL : SQLITE_SYNCHRONOUS_NORMAL,
        .exclusive = true,
        .cache_kib = 2048,
        .busy_timeout_ms = 5000,
        .journal_size_limit = 4 << 20,
        .vfs = from->vfs,
    };
    return sqlite_open(path, &options, err);
}

enum { CLOSED, CHECK, READ_LOGS, READ_EVENTS, READ_READERS, READ_STATEMENTS };

static const char *const read_statements[READ_STATEMENTS] = {
    [CLOSED] = "SELECT closed FROM state",
    [CHECK] = "PRAGMA integrity_check(1)",
    [READ_LOGS] = "SELECT id, name, next, bytes FROM log WHERE id >= ? ORDER BY id",
    [READ_EVENTS] = "SELECT id, headers, body, sum FROM event WHERE id >= ? ORDER BY id",
    [READ_READERS] = "SELECT id, log, name, low, done, sum FROM reader WHERE id >= ? ORDER BY id",
};

enum { ADD_LOG, ADD_EVENT, ADD_OLD_EVENT, ADD_READER, NOT_CLOSED, WRITE_STATEMENTS };

static const char *const write_statements[WRITE_STATEMENTS] = {
    [ADD_LOG] = "INSERT OR IGNORE INTO log (id, name, next, bytes) VALUES (?, ?, ?, ?)",
    [ADD_EVENT] = "INSERT OR IGNORE INTO event (id, headers, body, sum) VALUES (?, ?, ?, ?)",
    [ADD_OLD_EVENT] = "INSERT OR IGNORE INTO event (id, headers, body) VALUES (?, ?, ?)",
    [ADD_READER] = "INSERT OR IGNORE INTO reader VALUES (?, ?, ?, ?, ?, ?)",
    [NOT_CLOSED] = "UPDATE state SET closed = 0",
};

static bool copy_row(struct sqlite *to, int table, const struct sqlite_rows *rows, struct err *err)
{
    int64_t id = sqlite_rows_int64(rows, 0);
    if (table == READ_LOGS)
        return sqlite_run(to, err, ADD_LOG, "itii", id, sqlite_rows_text(rows, 1),
                          sqlite_rows_int64(rows, 2), sqlite_rows_int64(rows, 3));
    if (table == READ_READERS) /* a sum that was NULL is wrong now: the reader begins again */
        return sqlite_run(to, err, ADD_READER, "iitibi", id, sqlite_rows_int64(rows, 1),
                          sqlite_rows_text(rows, 2), sqlite_rows_int64(rows, 3),
                          sqlite_rows_bytes(rows, 4), sqlite_rows_int64(rows, 5));
    if (sqlite_rows_is_null(rows, 3))
        return sqlite_run(to, err, ADD_OLD_EVENT, "ibb", id, sqlite_rows_bytes(rows, 1),
                          sqlite_rows_bytes(rows, 2));
    return sqlite_run(to, err, ADD_EVENT, "ibbi", id, sqlite_rows_bytes(rows, 1),
                      sqlite_rows_bytes(rows, 2), sqlite_rows_int64(rows, 3));
}

/* Copies the rows of a table that can be read. *lost counts the places where some could not. */
static bool copy_table(struct sqlite *from, struct sqlite *to, int table, int *lost,
                       struct err *err)
{
    int64_t next = 0, gap = 1;
    for (;;) {
        struct err unreadable = {0};
        OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(from, table, "i", next);
        while (sqlite_rows_next(&rows, &unreadable)) {
            if (!copy_row(to, table, &rows, err))
                return false;
            next = sqlite_rows_int64(&rows, 0) + 1;
            gap = 1;
        }
        if (!unreadable.status)
            return true;
        *lost += gap == 1;
        /* ids may be far apart: the step grows until something can be read again */
        if (gap > INT64_MAX / 2 || __builtin_add_overflow(next, gap, &next))
            return true;
        gap *= 2;
    }
}

static bool copy_all(struct sqlite *from, struct sqlite *to, int *lost, struct err *err)
{
    bool ok = sqlite_begin(to, err) && copy_table(from, to, READ_LOGS, lost, err) &&
              copy_table(from, to, READ_EVENTS, lost, err) &&
              copy_table(from, to, READ_READERS, lost, err) &&
              sqlite_run(to, err, NOT_CLOSED, "") && sqlite_commit(to, err) &&
              sqlite_exec(to, "PRAGMA journal_mode = DELETE", err); /* one file, to be renamed */
    if (!ok)
        sqlite_rollback(to);
    return ok;
}

/* Moves the damaged file aside, and what can be read of it to a new one. from is closed. */
static bool rebuild(struct sqlite *from, const struct event_log_store_options *options,
                    struct err *err)
{
    OWN(free) char *aside = str_format("%s.damaged", options->path);
    OWN(free) char *rebuilt = str_format("%s.rebuilt", options->path);
    int lost = 0;
    unlink(rebuilt);
    struct sqlite *to = open_database(rebuilt, options, write_statements, WRITE_STATEMENTS, err);
    bool ok = to && copy_all(from, to, &lost, err);
    sqlite_close(from);
    sqlite_close(to);
    if (ok && (rename(options->path, aside) || rename(rebuilt, options->path)))
        ok = err_set(err, ERR_UNAVAILABLE, "%s: cannot move the damaged file: %s", options->path,
                     strerror(errno));
    if (ok)
        log_error("%s is damaged: %d %s of it could not be read; it is kept as %s, and the rest is "
                  "served",
                  options->path, lost, lost == 1 ? "part" : "parts", aside);
    return ok;
}

static bool is_intact(struct sqlite *db)
{
    struct err ignored = {0};
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(db, CHECK, "");
    return sqlite_rows_next(&rows, &ignored) && str_equal(sqlite_rows_text(&rows, 0), "ok");
}

struct sqlite *event_log_store_open_file(const struct event_log_store_options *options,
                                         const char *const *statements, int count, struct err *err)
{
    int64_t closed = 0;
    bool found;
    struct err unreadable = {0};
    struct sqlite *db =
        open_database(options->path, options, read_statements, READ_STATEMENTS, err);
    if (!db)
        return NULL;
    bool known = sqlite_query_int64(db, &unreadable, &closed, &found, CLOSED, "") && found;
    if (known && (closed || is_intact(db)))
        sqlite_close(db);
    else if (!rebuild(db, options, err))
        return NULL;
    return open_database(options->path, options, statements, count, err);
}
