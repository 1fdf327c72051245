/* SPDX-License-Identifier: Apache-2.0 */
/* A SQLite database: opened with its schema, and used through a table of prepared statements.
 *
 *     enum { FIND, ADD };
 *     static const char *const statements[] = {
 *         [FIND] = "SELECT id FROM channel WHERE name = ?",
 *         [ADD] = "INSERT INTO channel (name) VALUES (?)",
 *     };
 *     ...
 *     OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(db, FIND, "t", name);
 *     while (sqlite_rows_next(&rows, err))
 *         use(sqlite_rows_int64(&rows, 0));
 *     return err->status == 0 && sqlite_run(db, err, ADD, "t", name);
 *
 * A database and its rows are used by one thread at a time: the caller locks. Errors open with the
 * path. Their status is ERR_UNAVAILABLE when trying again can help (no space left, an I/O error, a
 * lock), else ERR_INTERNAL (a damaged file, a bug). */
#ifndef BASE_SQLITE_H
#define BASE_SQLITE_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/own.h"

#include <stdint.h>

struct sqlite;

enum sqlite_synchronous {
    SQLITE_SYNCHRONOUS_NORMAL, /* a killed process loses nothing, power loss the last transactions
                                */
    SQLITE_SYNCHRONOUS_FULL,   /* a commit survives power loss */
    SQLITE_SYNCHRONOUS_OFF,    /* a killed process loses nothing, power loss can damage the file */
};

/* All zero but the first four is a good default. */
struct sqlite_options {
    /* migrations[i] is the script that leads from version i of the schema to i + 1, and so the
     * version that this program reads and writes is migration_count. Runs in a transaction. */
    const char *const *migrations;
    int migration_count;
    const char *const *statements; /* a table of SQL, prepared when the database is opened */
    int statement_count;
    enum sqlite_synchronous synchronous;
    bool exclusive;             /* no other process may open it meanwhile; quicker */
    bool private;               /* if it is created, only its owner may read it (mode 0600) */
    int cache_kib;              /* of pages; 0 = SQLite's default */
    int busy_timeout_ms;        /* how long to wait for another process's lock */
    int64_t journal_size_limit; /* bytes of the write-ahead log kept when it is empty; 0 = all */
    const char *vfs;            /* the name of a sqlite3_vfs; NULL = the operating system's */
};

/* Opens or creates a database in a file, or in memory when path is NULL; its journal is a
 * write-ahead log. NULL and err; one of a newer version than migration_count is refused. */
struct sqlite *sqlite_open(const char *path, const struct sqlite_options *options, struct err *err);

void sqlite_close(struct sqlite *db);

static inline void own_sqlite(struct sqlite **local)
{
    sqlite_close(*local);
}

/* Runs a script of statements without parameters. A failure within its BEGIN ... COMMIT is rolled
 * back. */
bool sqlite_exec(struct sqlite *db, const char *script, struct err *err);

/* Runs a prepared statement to its end, ignoring rows. The format has a letter for each parameter:
 *     i  int64_t
 *     t  const char *, NULL is NULL
 *     s  struct bytes as text, empty is NULL
 *     b  struct bytes as a blob, empty is an empty blob
 *     o  char * from malloc, taken over and freed; NULL is NULL
 * Strings and bytes are borrowed until the statement has run. */
bool sqlite_run(struct sqlite *db, struct err *err, int statement, const char *format, ...);

/* The rows of a prepared statement; a value, to be ended with sqlite_rows_end or OWN. */
struct sqlite_rows {
    struct sqlite *db;
    void *statement;
};

/* Begins a query, with parameters as in sqlite_run; strings and bytes are borrowed until the rows
 * end. A statement has one query at a time: another one ends the first. */
struct sqlite_rows sqlite_query(struct sqlite *db, int statement, const char *format, ...);

/* Steps to the next row. False when there is none, and when it failed: err is set only then. */
bool sqlite_rows_next(struct sqlite_rows *rows, struct err *err);

/* Columns, from 0. Strings and bytes hold until the next step; the string of NULL is NULL. */
int64_t sqlite_rows_int64(const struct sqlite_rows *rows, int column);
const char *sqlite_rows_text(const struct sqlite_rows *rows, int column);
struct bytes sqlite_rows_bytes(const struct sqlite_rows *rows, int column);
bool sqlite_rows_is_null(const struct sqlite_rows *rows, int column);

/* Ends a query early; harmless after the last row. */
void sqlite_rows_end(struct sqlite_rows *rows);

static inline void own_sqlite_rows(struct sqlite_rows *local)
{
    sqlite_rows_end(local);
}

/* A query for one number. *found says whether there is a row whose first column is not NULL; value
 * is left alone otherwise. */
bool sqlite_query_int64(struct sqlite *db, struct err *err, int64_t *value, bool *found,
                        int statement, const char *format, ...);

/* A transaction that may write (BEGIN IMMEDIATE). Roll it back when something in it, or its commit,
 * has failed; sqlite_rollback does nothing when there is no transaction any longer. */
bool sqlite_begin(struct sqlite *db, struct err *err);
bool sqlite_commit(struct sqlite *db, struct err *err);
void sqlite_rollback(struct sqlite *db);

/* Of the last statement that wrote: how many rows it changed, the id of the row that it added. */
int64_t sqlite_changes(const struct sqlite *db);
int64_t sqlite_last_row_id(const struct sqlite *db);

#endif
