/* SPDX-License-Identifier: Apache-2.0 */
/* The durable store of channels: SQLite behind one door. */
#include "kn-local/dataplane/event_log_store.h"

#include "base/str.h"

#include <sqlite3.h>
#include <string.h>

/* An event's row id is its channel's id and its number in one, so that a channel's events lie side
 * by side in their order and no further index is needed. */
enum { NUMBER_BITS = 40, VERSION_OF_SCHEMA = 1 };

static const char SCHEMA[] =
    "CREATE TABLE channel (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE event (id INTEGER PRIMARY KEY, headers BLOB NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE reader (channel INTEGER NOT NULL, name TEXT NOT NULL,"
    " position INTEGER NOT NULL, PRIMARY KEY (channel, name)) WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    FIND_CHANNEL,
    ADD_CHANNEL,
    LAST_EVENT,
    LAST_READER,
    REMOVE_CHANNEL,
    REMOVE_EVENTS,
    REMOVE_READERS,
    ADD_EVENT,
    READ_EVENTS,
    DELETE_EVENTS,
    FIND_READER,
    ADD_READER,
    MOVE_READER,
    REMOVE_READER,
    LOWEST_READER,
    STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [FIND_CHANNEL] = "SELECT id FROM channel WHERE name = ?1",
    [ADD_CHANNEL] = "INSERT INTO channel (name) VALUES (?1)",
    [LAST_EVENT] = "SELECT max(id) FROM event WHERE id >= ?1 AND id < ?2",
    [LAST_READER] = "SELECT max(position) FROM reader WHERE channel = ?1",
    [REMOVE_CHANNEL] = "DELETE FROM channel WHERE id = ?1",
    [REMOVE_EVENTS] = "DELETE FROM event WHERE id >= ?1 AND id < ?2",
    [REMOVE_READERS] = "DELETE FROM reader WHERE channel = ?1",
    [ADD_EVENT] = "INSERT INTO event (id, headers, body) VALUES (?1, ?2, ?3)",
    [READ_EVENTS] = "SELECT id, headers, body FROM event WHERE id >= ?1 AND id < ?2 ORDER BY id",
    [DELETE_EVENTS] = ("DELETE FROM event WHERE id IN"
                       " (SELECT id FROM event WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3)"),
    [FIND_READER] = "SELECT position FROM reader WHERE channel = ?1 AND name = ?2",
    [ADD_READER] = "INSERT INTO reader (channel, name, position) VALUES (?1, ?2, ?3)",
    [MOVE_READER] = "UPDATE reader SET position = ?3 WHERE channel = ?1 AND name = ?2",
    [REMOVE_READER] = "DELETE FROM reader WHERE channel = ?1 AND name = ?2",
    [LOWEST_READER] = "SELECT min(position) FROM reader WHERE channel = ?1",
};

struct event_log_store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

static bool fail(struct event_log_store *store, const char *action, struct err *err)
{
    int code = sqlite3_errcode(store->db);
    int status = code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ERR_INTERNAL : ERR_UNAVAILABLE;
    return err_set(err, status, "cannot %s the store: %s", action, sqlite3_errmsg(store->db));
}

static bool execute(struct event_log_store *store, const char *text, struct err *err)
{
    return sqlite3_exec(store->db, text, NULL, NULL, NULL) == SQLITE_OK ||
           fail(store, "set up", err);
}

static bool set_up(struct event_log_store *store, struct err *err)
{
    sqlite3_busy_timeout(store->db, 5000);
    if (!execute(store,
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                 "PRAGMA cache_size = -2048; PRAGMA locking_mode = EXCLUSIVE;",
                 err))
        return false;
    sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &query, NULL) != SQLITE_OK)
        return fail(store, "read", err);
    int version = sqlite3_step(query) == SQLITE_ROW ? sqlite3_column_int(query, 0) : -1;
    sqlite3_finalize(query);
    if (version < 0 || version > VERSION_OF_SCHEMA)
        return err_set(err, ERR_INTERNAL, "the store is of version %d, this program reads %d",
                       version, VERSION_OF_SCHEMA);
    if (version == VERSION_OF_SCHEMA)
        return true;
    OWN(free) char *all = str_format("BEGIN; %s COMMIT;", SCHEMA);
    return execute(store, all, err);
}

static bool prepare(struct event_log_store *store, struct err *err)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return fail(store, "prepare", err);
    return true;
}

struct event_log_store *event_log_store_open(const char *path, struct err *err)
{
    OWN(event_log_store) struct event_log_store *store = alloc_zeroed(sizeof(*store));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool good = sqlite3_open_v2(path, &store->db, flags, NULL) == SQLITE_OK
                    ? set_up(store, err) && prepare(store, err)
                    : fail(store, "open", err);
    if (!good) {
        err_wrap(err, "%s", path);
        return NULL;
    }
    return move_ptr(&store);
}

void event_log_store_close(struct event_log_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    free(store);
}

static int64_t event_id(int64_t channel, uint64_t number)
{
    return channel << NUMBER_BITS | (int64_t)number;
}

static uint64_t number_of(int64_t id)
{
    return (uint64_t)id & ((UINT64_C(1) << NUMBER_BITS) - 1);
}

static sqlite3_stmt *with_number(struct event_log_store *store, enum statement which,
                                 int64_t number)
{
    sqlite3_stmt *statement = store->statements[which];
    sqlite3_bind_int64(statement, 1, number);
    return statement;
}

static void bind_bytes(sqlite3_stmt *statement, int place, struct bytes bytes)
{
    sqlite3_bind_blob64(statement, place, bytes.data ? bytes.data : "", bytes.len, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

/* Ends a statement's run; the result of its last step decides. */
static bool end(struct event_log_store *store, sqlite3_stmt *statement, int result,
                const char *action, struct err *err)
{
    bool good = result == SQLITE_DONE || result == SQLITE_ROW;
    if (!good)
        fail(store, action, err);
    sqlite3_reset(statement);
    return good;
}

static bool run(struct event_log_store *store, sqlite3_stmt *statement, const char *action,
                struct err *err)
{
    return end(store, statement, sqlite3_step(statement), action, err);
}

/* Runs a query for one number; *found says whether there was one that is not NULL. */
static bool query(struct event_log_store *store, sqlite3_stmt *statement, int64_t *value,
                  bool *found, struct err *err)
{
    int result = sqlite3_step(statement);
    *found = result == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    if (*found)
        *value = sqlite3_column_int64(statement, 0);
    return end(store, statement, result, "read", err);
}

bool event_log_store_begin(struct event_log_store *store, struct err *err)
{
    return run(store, store->statements[BEGIN], "write to", err);
}

bool event_log_store_commit(struct event_log_store *store, struct err *err)
{
    return run(store, store->statements[COMMIT], "write to", err);
}

void event_log_store_rollback(struct event_log_store *store)
{
    struct err ignored = {0}; /* there is none to undo when the failure itself undid it */
    if (!sqlite3_get_autocommit(store->db))
        run(store, store->statements[ROLLBACK], "undo in", &ignored);
}

static bool find_channel(struct event_log_store *store, const char *key, int64_t *id, bool *found,
                         struct err *err)
{
    bind_text(store->statements[FIND_CHANNEL], 1, key);
    return query(store, store->statements[FIND_CHANNEL], id, found, err);
}

static bool add_channel(struct event_log_store *store, const char *key, int64_t *id,
                        struct err *err)
{
    bind_text(store->statements[ADD_CHANNEL], 1, key);
    bool good = run(store, store->statements[ADD_CHANNEL], "write to", err);
    *id = sqlite3_last_insert_rowid(store->db);
    return good;
}

static sqlite3_stmt *with_range(struct event_log_store *store, enum statement which,
                                int64_t channel, uint64_t from, uint64_t below)
{
    sqlite3_stmt *statement = with_number(store, which, event_id(channel, from));
    sqlite3_bind_int64(statement, 2, below ? event_id(channel, below) : event_id(channel + 1, 0));
    return statement;
}

bool event_log_store_channel(struct event_log_store *store, const char *key, int64_t *id,
                             uint64_t *next, struct err *err)
{
    bool found = false, has_event = false, has_reader = false;
    int64_t last = 0, position = 0;
    if (!find_channel(store, key, id, &found, err) || (!found && !add_channel(store, key, id, err)))
        return false;
    if (!query(store, with_range(store, LAST_EVENT, *id, 0, 0), &last, &has_event, err) ||
        !query(store, with_number(store, LAST_READER, *id), &position, &has_reader, err))
        return false;
    *next = has_event ? number_of(last) + 1 : 1;
    if (has_reader && (uint64_t)position > *next)
        *next = (uint64_t)position;
    return true;
}

bool event_log_store_remove_channel(struct event_log_store *store, int64_t channel, struct err *err)
{
    return run(store, with_number(store, REMOVE_CHANNEL, channel), "write to", err) &&
           run(store, with_number(store, REMOVE_READERS, channel), "write to", err) &&
           run(store, with_range(store, REMOVE_EVENTS, channel, 0, 0), "write to", err);
}

bool event_log_store_append(struct event_log_store *store, int64_t channel, uint64_t number,
                            struct bytes headers, struct bytes body, struct err *err)
{
    sqlite3_stmt *statement = with_number(store, ADD_EVENT, event_id(channel, number));
    bind_bytes(statement, 2, headers);
    bind_bytes(statement, 3, body);
    return run(store, statement, "write to", err);
}

static struct bytes column(sqlite3_stmt *statement, int place)
{
    return (struct bytes){sqlite3_column_blob(statement, place),
                          (size_t)sqlite3_column_bytes(statement, place)};
}

bool event_log_store_read(struct event_log_store *store, int64_t channel, uint64_t from,
                          bool (*each)(uint64_t number, struct bytes headers, struct bytes body,
                                       void *to),
                          void *to, struct err *err)
{
    sqlite3_stmt *statement = with_range(store, READ_EVENTS, channel, from, 0);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        if (!each(number_of(sqlite3_column_int64(statement, 0)), column(statement, 1),
                  column(statement, 2), to))
            break;
    return end(store, statement, result, "read", err);
}

bool event_log_store_delete(struct event_log_store *store, int64_t channel, uint64_t below,
                            unsigned most, bool *left, struct err *err)
{
    sqlite3_stmt *statement = with_range(store, DELETE_EVENTS, channel, 0, below);
    sqlite3_bind_int64(statement, 3, most);
    bool good = run(store, statement, "write to", err);
    *left = good && (unsigned)sqlite3_changes(store->db) == most;
    return good;
}

static sqlite3_stmt *with_reader(struct event_log_store *store, enum statement which,
                                 int64_t channel, const char *reader)
{
    sqlite3_stmt *statement = with_number(store, which, channel);
    bind_text(statement, 2, reader);
    return statement;
}

bool event_log_store_reader(struct event_log_store *store, int64_t channel, const char *reader,
                            uint64_t *position, struct err *err)
{
    bool found;
    int64_t kept = 0;
    if (!query(store, with_reader(store, FIND_READER, channel, reader), &kept, &found, err))
        return false;
    if (found) {
        *position = (uint64_t)kept;
        return true;
    }
    sqlite3_stmt *statement = with_reader(store, ADD_READER, channel, reader);
    sqlite3_bind_int64(statement, 3, (int64_t)*position);
    return run(store, statement, "write to", err);
}

bool event_log_store_move_reader(struct event_log_store *store, int64_t channel, const char *reader,
                                 uint64_t position, struct err *err)
{
    sqlite3_stmt *statement = with_reader(store, MOVE_READER, channel, reader);
    sqlite3_bind_int64(statement, 3, (int64_t)position);
    return run(store, statement, "write to", err);
}

bool event_log_store_remove_reader(struct event_log_store *store, int64_t channel,
                                   const char *reader, struct err *err)
{
    return run(store, with_reader(store, REMOVE_READER, channel, reader), "write to", err);
}

bool event_log_store_lowest(struct event_log_store *store, int64_t channel, uint64_t next,
                            uint64_t *lowest, struct err *err)
{
    bool found;
    int64_t position = 0;
    if (!query(store, with_number(store, LOWEST_READER, channel), &position, &found, err))
        return false;
    *lowest = found ? (uint64_t)position : next;
    return true;
}
