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
    CLOSED,
    NOT_CLOSED,
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
    FREE_BYTES,
    STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [CLOSED] = "UPDATE state SET closed = 1",
    [NOT_CLOSED] = "UPDATE state SET closed = 0",
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
    [SET_ASIDE] = "INSERT INTO damaged SELECT id, headers, body, sum FROM event WHERE id = ?1",
    [DELETE_EVENT] = "DELETE FROM event WHERE id = ?1",
    [FIND_READER] = "SELECT id, low, done, sum FROM reader WHERE log = ?1 AND name = ?2",
    [ADD_READER] = "INSERT INTO reader (log, name, low, done, sum) VALUES (?1, ?2, 0, x'', NULL)",
    [SAVE_READER] = "UPDATE reader SET low = ?2, done = ?3, sum = ?4 WHERE id = ?1",
    [REMOVE_READER] = "DELETE FROM reader WHERE id = ?1",
    [FIRST_EVENT] = "SELECT min(id) FROM event WHERE id >= ?1 AND id < ?2",
    [LIST] = ("SELECT id, 0, name, NULL FROM log WHERE name IS NOT NULL UNION ALL"
              " SELECT log.id, reader.id, log.name, reader.name FROM reader, log"
              " WHERE log.id = reader.log AND log.name IS NOT NULL"),
    [FREE_BYTES] = ("SELECT freelist_count * page_size FROM pragma_freelist_count(),"
                    " pragma_page_size()"),
};

struct event_log_store {
    struct sqlite *db;
    bool damaged; /* to be checked at the next start */
};

struct event_log_store *event_log_store_open(const struct event_log_store_options *options,
                                             struct err *err)
{
    OWN(sqlite) struct sqlite *db = event_log_store_open_file(options, sql, STATEMENTS, err);
    if (!db || !sqlite_run(db, err, NOT_CLOSED, ""))
        return NULL;
    struct event_log_store *store = alloc_zeroed(sizeof(*store));
    store->db = move_ptr(&db);
    return store;
}

void event_log_store_close(struct event_log_store *store)
{
    if (!store)
        return;
    struct err ignored = {0}; /* then it is checked at the next start */
    if (!store->damaged)
        sqlite_run(store->db, &ignored, CLOSED, "");
    sqlite_close(store->db);
    free(store);
}

bool event_log_store_begin(struct event_log_store *store, struct err *err)
{
    return sqlite_begin(store->db, err);
}

bool event_log_store_commit(struct event_log_store *store, struct err *err)
{
    return sqlite_commit(store->db, err);
}

void event_log_store_rollback(struct event_log_store *store)
{
    sqlite_rollback(store->db);
}

uint64_t event_log_store_free_bytes(struct event_log_store *store)
{
    struct err ignored = {0};
    int64_t bytes = 0;
    bool found;
    sqlite_query_int64(store->db, &ignored, &bytes, &found, FREE_BYTES, "");
    return (uint64_t)bytes;
}

static int64_t event_id(int64_t log, uint64_t number)
{
    return log << NUMBER_BITS | (int64_t)number;
}

static uint64_t number_of(int64_t id)
{
    return (uint64_t)id & ((UINT64_C(1) << NUMBER_BITS) - 1);
}

/* The id after the last one of a range; below 0 = to the end of the log. */
static int64_t end_id(int64_t log, uint64_t below)
{
    return below ? event_id(log, below) : event_id(log + 1, 0);
}

bool event_log_store_open_log(struct event_log_store *store, const char *name,
                              struct event_log_row *row, struct err *err)
{
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(store->db, FIND_LOG, "t", name);
    if (sqlite_rows_next(&rows, err)) {
        *row = (struct event_log_row){sqlite_rows_int64(&rows, 0),
                                      (uint64_t)sqlite_rows_int64(&rows, 1),
                                      sqlite_rows_int64(&rows, 2), sqlite_rows_int64(&rows, 3)};
        return true;
    }
    if (err->status || !sqlite_run(store->db, err, ADD_LOG, "t", name))
        return false;
    *row = (struct event_log_row){.id = sqlite_last_row_id(store->db), .next = 1};
    return true;
}

bool event_log_store_save_log(struct event_log_store *store, const struct event_log_row *row,
                              struct err *err)
{
    return sqlite_run(store->db, err, SAVE_LOG, "iii", row->id, (int64_t)row->next, row->bytes);
}

bool event_log_store_remove_log(struct event_log_store *store, int64_t log, struct err *err)
{
    return sqlite_run(store->db, err, REMOVE_READERS, "i", log) &&
           sqlite_run(store->db, err, REMOVE_LOG, "i", log);
}

bool event_log_store_delete_removed(struct event_log_store *store, unsigned max, bool *left,
                                    struct err *err)
{
    int64_t log = 0, bytes = 0;
    bool found;
    *left = false;
    if (!sqlite_query_int64(store->db, err, &log, &found, FIND_REMOVED, "") || !found)
        return err->status == 0;
    if (!event_log_store_delete(store, log, 0, 0, max, &bytes, left, err))
        return false;
    if (*left)
        return true;
    *left = true; /* there may be another log */
    return sqlite_run(store->db, err, DROP_LOG, "i", log);
}

/* Of an event: its id and both parts, with the length of the first. */
static uint32_t checksum(int64_t id, struct bytes first, struct bytes second)
{
    int64_t numbers[] = {id, (int64_t)first.len};
    uint32_t sum = crc32c(0, (struct bytes){(const char *)numbers, sizeof(numbers)});
    return crc32c(crc32c(sum, first), second);
}

/* A row without a sum was written by version 1. */
static bool sum_matches(const struct sqlite_rows *rows, int column, uint32_t sum)
{
    return sqlite_rows_is_null(rows, column) || sqlite_rows_int64(rows, column) == sum;
}

bool event_log_store_append(struct event_log_store *store, int64_t log, uint64_t number,
                            struct bytes headers, struct bytes body, struct err *err)
{
    int64_t id = event_id(log, number);
    return sqlite_run(store->db, err, ADD_EVENT, "ibbi", id, headers, body,
                      (int64_t)checksum(id, headers, body));
}

/* Moves a damaged event to the table of those. */
static void set_aside(struct event_log_store *store, int64_t log, uint64_t number)
{
    struct err err = {0};
    int64_t id = event_id(log, number);
    log_error("event %llu of log %lld in the event store is damaged and not delivered; it is kept "
              "in the table `damaged`",
              (unsigned long long)number, (long long)log);
    if (!sqlite_begin(store->db, &err) || !sqlite_run(store->db, &err, SET_ASIDE, "i", id) ||
        !sqlite_run(store->db, &err, DELETE_EVENT, "i", id) || !sqlite_commit(store->db, &err))
        sqlite_rollback(store->db);
}

bool event_log_store_read(struct event_log_store *store, int64_t log, uint64_t from,
                          event_log_store_each *each, void *context, struct err *err)
{
    for (bool sound = false; !sound;) {
        struct sqlite_rows rows =
            sqlite_query(store->db, READ_EVENTS, "ii", event_id(log, from), end_id(log, 0));
        sound = true;
        while (sound && sqlite_rows_next(&rows, err)) {
            int64_t id = sqlite_rows_int64(&rows, 0);
            struct bytes headers = sqlite_rows_bytes(&rows, 1), body = sqlite_rows_bytes(&rows, 2);
            from = number_of(id) + 1;
            sound = sum_matches(&rows, 3, checksum(id, headers, body));
            if (sound && !each(number_of(id), headers, body, context))
                break;
        }
        sqlite_rows_end(&rows);
        if (!sound)
            set_aside(store, log, from - 1);
    }
    store->damaged |= err->status == ERR_INTERNAL;
    return err->status == 0;
}

bool event_log_store_delete(struct event_log_store *store, int64_t log, uint64_t from,
                            uint64_t below, unsigned max, int64_t *bytes, bool *left,
                            struct err *err)
{
    OWN(sqlite_rows)
    struct sqlite_rows rows = sqlite_query(store->db, DELETE_EVENTS, "iii", event_id(log, from),
                                           end_id(log, below), (int64_t)max);
    unsigned count = 0;
    for (; sqlite_rows_next(&rows, err); count++)
        *bytes -= sqlite_rows_int64(&rows, 0);
    *left = count == max;
    store->damaged |= err->status == ERR_INTERNAL;
    return err->status == 0;
}

static uint32_t reader_sum(int64_t id, uint64_t low, struct bytes done)
{
    return checksum(id, (struct bytes){(const char *)&low, sizeof(low)}, done);
}

/* A reader whose row is damaged begins with the first event that is kept. */
static bool begin_again(struct event_log_store *store, int64_t log, const char *name,
                        struct number_set *done, struct err *err)
{
    int64_t first = 0;
    bool found;
    log_error("the position of %s in log %lld of the event store is damaged; what is kept is "
              "delivered again",
              name, (long long)log);
    number_set_done(done);
    if (!sqlite_query_int64(store->db, err, &first, &found, FIRST_EVENT, "ii", event_id(log, 0),
                            end_id(log, 0)))
        return false;
    number_set_add(done, 0, number_of(first));
    return true;
}

bool event_log_store_open_reader(struct event_log_store *store, int64_t log, const char *name,
                                 int64_t *id, struct number_set *done, bool *is_new,
                                 struct err *err)
{
    OWN(sqlite_rows)
    struct sqlite_rows rows = sqlite_query(store->db, FIND_READER, "it", log, name);
    *is_new = !sqlite_rows_next(&rows, err);
    if (*is_new) {
        if (err->status || !sqlite_run(store->db, err, ADD_READER, "it", log, name))
            return false;
        *id = sqlite_last_row_id(store->db);
        return event_log_store_save_reader(store, *id, done, err);
    }
    *id = sqlite_rows_int64(&rows, 0);
    uint64_t low = (uint64_t)sqlite_rows_int64(&rows, 1);
    struct bytes ranges = sqlite_rows_bytes(&rows, 2);
    bool sound = sum_matches(&rows, 3, reader_sum(*id, low, ranges));
    number_set_done(done);
    number_set_add(done, 0, low);
    return (sound && number_set_decode(done, ranges)) || begin_again(store, log, name, done, err);
}

bool event_log_store_save_reader(struct event_log_store *store, int64_t id,
                                 const struct number_set *done, struct err *err)
{
    OWN(buf) struct buf ranges = {0};
    number_set_encode(done, MAX_DONE_BYTES, &ranges);
    return sqlite_run(store->db, err, SAVE_READER, "iibi", id, (int64_t)done->low,
                      buf_bytes(&ranges), (int64_t)reader_sum(id, done->low, buf_bytes(&ranges)));
}

bool event_log_store_remove_reader(struct event_log_store *store, int64_t id, struct err *err)
{
    return sqlite_run(store->db, err, REMOVE_READER, "i", id);
}

bool event_log_store_list(struct event_log_store *store,
                          void (*each)(const struct event_log_item *item, void *context),
                          void *context, struct err *err)
{
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(store->db, LIST, "");
    while (sqlite_rows_next(&rows, err))
        each(&(struct event_log_item){sqlite_rows_int64(&rows, 0), sqlite_rows_int64(&rows, 1),
                                      sqlite_rows_text(&rows, 2), sqlite_rows_text(&rows, 3)},
             context);
    return err->status == 0;
}
