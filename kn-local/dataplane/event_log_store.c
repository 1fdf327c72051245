/* SPDX-License-Identifier: Apache-2.0 */
/* The file of the event logs: its records. */
#include "kn-local/dataplane/event_log_store_private.h"

#include "base/crc32c.h"
#include "base/log.h"
#include "base/str.h"

#include <string.h>

enum {
    NUMBER_BITS = 40,
    MAX_DONE_BYTES = 8 << 10, /* of the ranges of a reader */
};

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    FIND_LOG,
    ADD_LOG,
    SAVE_LOG,
    REMOVE_LOG,
    REMOVE_READERS,
    FIND_REMOVED,
    DROP_LOG,
    ADD_EVENT,
    READ_EVENTS,
    DELETE_EVENTS,
    SET_ASIDE,
    DELETE_EVENT,
    FIND_READER,
    ADD_READER,
    SAVE_READER,
    REMOVE_READER,
    FIRST_EVENT,
    LIST,
    FREE_PAGES,
    STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [FIND_LOG] = ("SELECT id, next, bytes, (SELECT count(*) FROM reader WHERE reader.log = log.id)"
                  " FROM log WHERE name = ?1"),
    [ADD_LOG] = "INSERT INTO log (name, next, bytes) VALUES (?1, 1, 0)",
    [SAVE_LOG] = "UPDATE log SET next = ?2, bytes = ?3 WHERE id = ?1",
    [REMOVE_LOG] = "UPDATE log SET name = NULL WHERE id = ?1",
    [REMOVE_READERS] = "DELETE FROM reader WHERE log = ?1",
    [FIND_REMOVED] = "SELECT id FROM log WHERE name IS NULL LIMIT 1",
    [DROP_LOG] = "DELETE FROM log WHERE id = ?1",
    [ADD_EVENT] = "INSERT INTO event (id, headers, body, sum) VALUES (?1, ?2, ?3, ?4)",
    [READ_EVENTS] =
        "SELECT id, headers, body, sum FROM event WHERE id >= ?1 AND id < ?2 ORDER BY id",
    [DELETE_EVENTS] = ("DELETE FROM event WHERE id IN"
                       " (SELECT id FROM event WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3)"
                       " RETURNING length(headers) + length(body)"),
    [SET_ASIDE] = "INSERT INTO damaged SELECT * FROM event WHERE id = ?1",
    [DELETE_EVENT] = "DELETE FROM event WHERE id = ?1",
    [FIND_READER] = "SELECT id, low, done, sum FROM reader WHERE log = ?1 AND name = ?2",
    [ADD_READER] = "INSERT INTO reader (log, name, low, done, sum) VALUES (?1, ?2, 0, x'', NULL)",
    [SAVE_READER] = "UPDATE reader SET low = ?2, done = ?3, sum = ?4 WHERE id = ?1",
    [REMOVE_READER] = "DELETE FROM reader WHERE id = ?1",
    [FIRST_EVENT] = "SELECT min(id) FROM event WHERE id >= ?1 AND id < ?2",
    [LIST] = ("SELECT id, 0, name, NULL FROM log WHERE name IS NOT NULL UNION ALL"
              " SELECT log.id, reader.id, log.name, reader.name FROM reader, log"
              " WHERE log.id = reader.log AND log.name IS NOT NULL"),
    [FREE_PAGES] = "SELECT freelist_count * page_size FROM pragma_freelist_count(),"
                   " pragma_page_size()",
};

struct event_log_store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    bool damaged; /* to be checked at the next start */
};

static bool fail(struct event_log_store *store, const char *action, struct err *err)
{
    store->damaged |= sqlite3_errcode(store->db) == SQLITE_CORRUPT;
    return event_log_store_fail(store->db, action, err);
}

static bool prepare(struct event_log_store *store, struct err *err)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return fail(store, "prepare", err);
    return true;
}

/* Opens the file; when it was not closed properly and is damaged, a rebuilt one. */
static sqlite3 *open_checked(const struct event_log_store_options *options, struct err *err)
{
    struct err failure = {0};
    int64_t closed = 1;
    sqlite3 *db = event_log_store_open_file(options, &failure);
    bool known = db && event_log_store_number(db, "SELECT closed FROM state", &closed);
    bool damaged = db ? !known || (!closed && !event_log_store_is_intact(db))
                      : strstr(failure.text, "malformed") != NULL;
    if (damaged) {
        sqlite3_close(db);
        db = event_log_store_repair(options, err) ? event_log_store_open_file(options, err) : NULL;
    } else if (!db) {
        *err = failure;
    }
    return db;
}

struct event_log_store *event_log_store_open(const struct event_log_store_options *options,
                                             struct err *err)
{
    struct event_log_store *store = alloc_zeroed(sizeof(*store));
    store->db = open_checked(options, err);
    if (store->db && event_log_store_run(store->db, "UPDATE state SET closed = 0", err) &&
        prepare(store, err))
        return store;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    free(store);
    return NULL;
}

void event_log_store_close(struct event_log_store *store)
{
    if (!store)
        return;
    struct err ignored = {0}; /* then it is checked at the next start */
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    if (!store->damaged)
        event_log_store_run(store->db, "UPDATE state SET closed = 1", &ignored);
    sqlite3_close(store->db);
    free(store);
}

static int64_t event_id(int64_t log, uint64_t number)
{
    return log << NUMBER_BITS | (int64_t)number;
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

/* below 0 = to the end of the log. */
static sqlite3_stmt *with_range(struct event_log_store *store, enum statement which, int64_t log,
                                uint64_t from, uint64_t below)
{
    sqlite3_stmt *statement = with_number(store, which, event_id(log, from));
    sqlite3_bind_int64(statement, 2, below ? event_id(log, below) : event_id(log + 1, 0));
    return statement;
}

static void bind_bytes(sqlite3_stmt *statement, int index, struct bytes bytes)
{
    sqlite3_bind_blob64(statement, index, bytes.data ? bytes.data : "", bytes.len, SQLITE_STATIC);
}

static struct bytes column_bytes(sqlite3_stmt *statement, int index)
{
    return (struct bytes){sqlite3_column_blob(statement, index),
                          (size_t)sqlite3_column_bytes(statement, index)};
}

/* Ends a statement's run; the result of its last step decides. */
static bool end(struct event_log_store *store, sqlite3_stmt *statement, int result,
                const char *action, struct err *err)
{
    bool ok = result == SQLITE_DONE || result == SQLITE_ROW;
    if (!ok)
        fail(store, action, err);
    sqlite3_reset(statement);
    return ok;
}

static bool run(struct event_log_store *store, sqlite3_stmt *statement, struct err *err)
{
    return end(store, statement, sqlite3_step(statement), "write to", err);
}

bool event_log_store_begin(struct event_log_store *store, struct err *err)
{
    return run(store, store->statements[BEGIN], err);
}

bool event_log_store_commit(struct event_log_store *store, struct err *err)
{
    return run(store, store->statements[COMMIT], err);
}

void event_log_store_rollback(struct event_log_store *store)
{
    struct err ignored = {0}; /* SQLite may have rolled back by itself */
    if (!sqlite3_get_autocommit(store->db))
        run(store, store->statements[ROLLBACK], &ignored);
}

uint64_t event_log_store_free_bytes(struct event_log_store *store)
{
    sqlite3_stmt *statement = store->statements[FREE_PAGES];
    int64_t bytes = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return (uint64_t)bytes;
}

bool event_log_store_open_log(struct event_log_store *store, const char *name,
                              struct event_log_row *row, struct err *err)
{
    sqlite3_stmt *statement = store->statements[FIND_LOG];
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    bool found = result == SQLITE_ROW;
    if (found)
        *row = (struct event_log_row){
            sqlite3_column_int64(statement, 0), (uint64_t)sqlite3_column_int64(statement, 1),
            sqlite3_column_int64(statement, 2), sqlite3_column_int64(statement, 3)};
    if (!end(store, statement, result, "read", err) || found)
        return found;
    statement = store->statements[ADD_LOG];
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (!run(store, statement, err))
        return false;
    *row = (struct event_log_row){.id = sqlite3_last_insert_rowid(store->db), .next = 1};
    return true;
}

bool event_log_store_save_log(struct event_log_store *store, const struct event_log_row *row,
                              struct err *err)
{
    sqlite3_stmt *statement = with_number(store, SAVE_LOG, row->id);
    sqlite3_bind_int64(statement, 2, (int64_t)row->next);
    sqlite3_bind_int64(statement, 3, row->bytes);
    return run(store, statement, err);
}

bool event_log_store_remove_log(struct event_log_store *store, int64_t log, struct err *err)
{
    return run(store, with_number(store, REMOVE_READERS, log), err) &&
           run(store, with_number(store, REMOVE_LOG, log), err);
}

bool event_log_store_delete_removed(struct event_log_store *store, unsigned max, bool *left,
                                    struct err *err)
{
    sqlite3_stmt *statement = store->statements[FIND_REMOVED];
    int result = sqlite3_step(statement);
    int64_t log = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0, bytes = 0;
    *left = false;
    if (!end(store, statement, result, "read", err) || !log)
        return result == SQLITE_DONE;
    if (!event_log_store_delete(store, log, 0, 0, max, &bytes, left, err))
        return false;
    if (*left)
        return true;
    *left = true; /* there may be another log */
    return run(store, with_number(store, DROP_LOG, log), err);
}

/* Of an event: its id and both parts, with their lengths. */
static uint32_t checksum(int64_t id, struct bytes first, struct bytes second)
{
    int64_t numbers[] = {id, (int64_t)first.len};
    uint32_t sum = crc32c(0, (struct bytes){(const char *)numbers, sizeof(numbers)});
    return crc32c(crc32c(sum, first), second);
}

/* A row without a sum was written by version 1. */
static bool sum_matches(sqlite3_stmt *statement, int index, uint32_t sum)
{
    return sqlite3_column_type(statement, index) == SQLITE_NULL ||
           sqlite3_column_int64(statement, index) == sum;
}

bool event_log_store_append(struct event_log_store *store, int64_t log, uint64_t number,
                            struct bytes headers, struct bytes body, struct err *err)
{
    int64_t id = event_id(log, number);
    sqlite3_stmt *statement = with_number(store, ADD_EVENT, id);
    bind_bytes(statement, 2, headers);
    bind_bytes(statement, 3, body);
    sqlite3_bind_int64(statement, 4, checksum(id, headers, body));
    return run(store, statement, err);
}

/* Moves a damaged event to the table of those. */
static void set_aside(struct event_log_store *store, int64_t log, uint64_t number)
{
    struct err err = {0};
    int64_t id = event_id(log, number);
    log_error("event %llu of log %lld in the event store is damaged and not delivered; it is kept "
              "in the table `damaged`",
              (unsigned long long)number, (long long)log);
    if (!event_log_store_begin(store, &err) ||
        !run(store, with_number(store, SET_ASIDE, id), &err) ||
        !run(store, with_number(store, DELETE_EVENT, id), &err) ||
        !event_log_store_commit(store, &err))
        event_log_store_rollback(store);
}

bool event_log_store_read(struct event_log_store *store, int64_t log, uint64_t from,
                          event_log_store_each *each, void *context, struct err *err)
{
    for (;;) {
        sqlite3_stmt *statement = with_range(store, READ_EVENTS, log, from, 0);
        bool sound = true;
        int result;
        while (sound && (result = sqlite3_step(statement)) == SQLITE_ROW) {
            int64_t id = sqlite3_column_int64(statement, 0);
            struct bytes headers = column_bytes(statement, 1), body = column_bytes(statement, 2);
            from = number_of(id) + 1;
            sound = sum_matches(statement, 3, checksum(id, headers, body));
            if (sound && !each(number_of(id), headers, body, context))
                break;
        }
        if (!end(store, statement, result, "read", err) || sound)
            return err->status == 0;
        set_aside(store, log, from - 1);
    }
}

bool event_log_store_delete(struct event_log_store *store, int64_t log, uint64_t from,
                            uint64_t below, unsigned max, int64_t *bytes, bool *left,
                            struct err *err)
{
    sqlite3_stmt *statement = with_range(store, DELETE_EVENTS, log, from, below);
    sqlite3_bind_int64(statement, 3, max);
    unsigned count = 0;
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        *bytes -= sqlite3_column_int64(statement, 0);
        count++;
    }
    *left = count == max;
    return end(store, statement, result, "write to", err);
}

static uint32_t reader_sum(int64_t id, uint64_t low, struct bytes done)
{
    return checksum(id, (struct bytes){(const char *)&low, sizeof(low)}, done);
}

/* A reader whose row is damaged begins with the first event that is kept. */
static bool begin_again(struct event_log_store *store, int64_t log, const char *name,
                        struct number_set *done, struct err *err)
{
    log_error("the position of %s in log %lld of the event store is damaged; what is kept is "
              "delivered again",
              name, (long long)log);
    sqlite3_stmt *statement = with_range(store, FIRST_EVENT, log, 0, 0);
    int result = sqlite3_step(statement);
    uint64_t first = result == SQLITE_ROW ? number_of(sqlite3_column_int64(statement, 0)) : 0;
    number_set_done(done);
    number_set_add(done, 0, first);
    return end(store, statement, result, "read", err);
}

bool event_log_store_open_reader(struct event_log_store *store, int64_t log, const char *name,
                                 int64_t *id, struct number_set *done, bool *is_new,
                                 struct err *err)
{
    sqlite3_stmt *statement = with_number(store, FIND_READER, log);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    bool found = result == SQLITE_ROW, sound = true;
    if (found) {
        number_set_done(done);
        *id = sqlite3_column_int64(statement, 0);
        uint64_t low = (uint64_t)sqlite3_column_int64(statement, 1);
        struct bytes ranges = column_bytes(statement, 2);
        sound = sum_matches(statement, 3, reader_sum(*id, low, ranges));
        number_set_add(done, 0, low);
        sound = sound && number_set_decode(done, ranges);
    }
    *is_new = !found;
    if (!end(store, statement, result, "read", err))
        return false;
    if (found)
        return sound || begin_again(store, log, name, done, err);
    statement = with_number(store, ADD_READER, log);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    if (!run(store, statement, err))
        return false;
    *id = sqlite3_last_insert_rowid(store->db);
    return event_log_store_save_reader(store, *id, done, err);
}

bool event_log_store_save_reader(struct event_log_store *store, int64_t id,
                                 const struct number_set *done, struct err *err)
{
    OWN(buf) struct buf ranges = {0};
    number_set_encode(done, MAX_DONE_BYTES, &ranges);
    sqlite3_stmt *statement = with_number(store, SAVE_READER, id);
    sqlite3_bind_int64(statement, 2, (int64_t)done->low);
    bind_bytes(statement, 3, buf_bytes(&ranges));
    sqlite3_bind_int64(statement, 4, reader_sum(id, done->low, buf_bytes(&ranges)));
    return run(store, statement, err);
}

bool event_log_store_remove_reader(struct event_log_store *store, int64_t id, struct err *err)
{
    return run(store, with_number(store, REMOVE_READER, id), err);
}

bool event_log_store_list(struct event_log_store *store,
                          void (*each)(const struct event_log_item *item, void *context),
                          void *context, struct err *err)
{
    sqlite3_stmt *statement = store->statements[LIST];
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        each(&(struct event_log_item){.log = sqlite3_column_int64(statement, 0),
                                      .reader = sqlite3_column_int64(statement, 1),
                                      .log_name = (const char *)sqlite3_column_text(statement, 2),
                                      .reader_name =
                                          (const char *)sqlite3_column_text(statement, 3)},
             context);
    return end(store, statement, result, "read", err);
}
