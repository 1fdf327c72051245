/* SPDX-License-Identifier: Apache-2.0 */
/* The file of the event logs: its records, its versions, and what is done about damage. */
#include "base/file.h"
#include "base/str.h"
#include "kn-local/dataplane/event_log_store.h"
#include "tests/helpers/test.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

struct place {
    char *dir, *path;
};

static struct place new_place(void)
{
    char dir[] = "/tmp/store-XXXXXX";
    EXPECT(mkdtemp(dir) != NULL);
    return (struct place){str_copy(dir), str_format("%s/channels.db", dir)};
}

static void own_place(struct place *place)
{
    struct err err = {0};
    file_remove_tree(place->dir, &err);
    free(place->dir);
    free(place->path);
}

static struct event_log_store *open_store(const struct place *place)
{
    struct err err = {0};
    struct event_log_store *store =
        event_log_store_open(&(struct event_log_store_options){.path = place->path}, &err);
    EXPECT_STR(err.text, "");
    return store;
}

/* Opens a log and returns its id. */
static int64_t open_log(struct event_log_store *store, const char *name, uint64_t *next)
{
    struct err err = {0};
    struct event_log_row row;
    EXPECT(event_log_store_open_log(store, name, &row, &err));
    *next = row.next;
    return row.id;
}

static bool collect(uint64_t number, struct bytes headers, struct bytes body, void *context)
{
    return buf_add_format(context, "%d:%.*s/%.*s ", (int)number, (int)headers.len, headers.data,
                          (int)body.len, body.data);
}

static void append(struct event_log_store *store, int64_t log, uint64_t number, const char *body)
{
    struct err err = {0};
    EXPECT(event_log_store_append(store, log, number, bytes_of("h"), bytes_of(body), &err));
}

static char *contents(struct event_log_store *store, int64_t log)
{
    struct err err = {0};
    OWN(buf) struct buf all = {0};
    EXPECT(event_log_store_read(store, log, 1, collect, &all, &err));
    return buf_take(&all);
}

/* Runs SQL in a closed store. */
static void run_sql(const struct place *place, const char *text)
{
    sqlite3 *db = NULL;
    EXPECT_INT(sqlite3_open(place->path, &db), SQLITE_OK);
    EXPECT_INT(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

TEST(the_logs_of_a_store_keep_their_events_apart_and_in_order)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    OWN(event_log_store) struct event_log_store *store = open_store(&place);
    uint64_t next;
    int64_t one = open_log(store, "one", &next), other = open_log(store, "other", &next);
    EXPECT_INT(next, 1);
    append(store, one, 1, "a");
    append(store, other, 1, "x");
    append(store, one, 2, "");
    OWN(free) char *first = contents(store, one);
    OWN(free) char *second = contents(store, other);
    EXPECT_STR(first, "1:h/a 2:h/ ");
    EXPECT_STR(second, "1:h/x ");
    EXPECT(event_log_store_remove_log(store, one, &err));
    bool left = true;
    while (left)
        EXPECT(event_log_store_delete_removed(store, 1, &left, &err));
    OWN(free) char *gone = contents(store, one);
    OWN(free) char *stays = contents(store, other);
    EXPECT_STR(gone, "");
    EXPECT_STR(stays, "1:h/x ");
}

TEST(a_reader_goes_on_where_it_was)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    uint64_t next;
    int64_t reader;
    bool is_new;
    {
        OWN(event_log_store) struct event_log_store *store = open_store(&place);
        int64_t log = open_log(store, "c", &next);
        OWN(number_set) struct number_set done = {0};
        number_set_add(&done, 0, 1);
        EXPECT(event_log_store_open_reader(store, log, "r", &reader, &done, &is_new, &err));
        EXPECT(is_new);
        number_set_add(&done, 1, 3);
        number_set_add(&done, 5, 9);
        EXPECT(event_log_store_save_reader(store, reader, &done, &err));
    }
    OWN(event_log_store) struct event_log_store *store = open_store(&place);
    int64_t log = open_log(store, "c", &next);
    OWN(number_set) struct number_set done = {0};
    number_set_add(&done, 0, 99);
    EXPECT(event_log_store_open_reader(store, log, "r", &reader, &done, &is_new, &err));
    EXPECT(!is_new);
    EXPECT_INT(done.low, 3);
    EXPECT(number_set_has(&done, 5) && number_set_has(&done, 8) && !number_set_has(&done, 9));
}

TEST(what_was_not_committed_is_not_there)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    OWN(event_log_store) struct event_log_store *store = open_store(&place);
    uint64_t next;
    int64_t log = open_log(store, "c", &next);
    EXPECT(event_log_store_begin(store, &err));
    append(store, log, 1, "a");
    event_log_store_rollback(store);
    OWN(free) char *all = contents(store, log);
    EXPECT_STR(all, "");
}

TEST(a_file_that_is_not_a_store_is_refused_by_name)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    EXPECT(
        file_write(place.path, 0600, bytes_of("this is surely not a database, but a text"), &err));
    struct event_log_store_options options = {.path = place.path};
    EXPECT(event_log_store_open(&options, &err) == NULL);
    EXPECT_HAS(err.text, place.path);
    err = (struct err){0};
    options.path = "/nowhere/channels.db";
    EXPECT(event_log_store_open(&options, &err) == NULL);
    EXPECT_HAS(err.text, "/nowhere/channels.db");
}

TEST(a_store_of_a_later_version_is_refused)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    run_sql(&place, "PRAGMA user_version = 3");
    EXPECT(event_log_store_open(&(struct event_log_store_options){.path = place.path}, &err) ==
           NULL);
    EXPECT_HAS(err.text, "version 3");
}

TEST(a_store_of_0_1_0_is_taken_over)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    OWN(buf) struct buf old = {.max = 1 << 20};
    EXPECT(file_read("tests/kn-local/dataplane/data/channels-0.1.0.db", &old, &err));
    EXPECT(file_write(place.path, 0600, buf_bytes(&old), &err));
    OWN(event_log_store) struct event_log_store *store = open_store(&place);
    uint64_t next;
    int64_t log = open_log(store, "default/channels/c", &next), reader;
    bool is_new;
    OWN(number_set) struct number_set done = {0};
    EXPECT_INT(next, 4);
    EXPECT(event_log_store_open_reader(store, log, "s", &reader, &done, &is_new, &err));
    EXPECT(!is_new);
    EXPECT_INT(done.low, 1);
    OWN(free) char *all = contents(store, log);
    EXPECT_HAS(all, "/data of 3 ");
}

TEST(a_damaged_record_is_set_aside_and_the_rest_is_served)
{
    OWN(place) struct place place = new_place();
    uint64_t next;
    {
        OWN(event_log_store) struct event_log_store *store = open_store(&place);
        int64_t log = open_log(store, "c", &next);
        for (uint64_t i = 1; i <= 4; i++)
            append(store, log, i, "abc");
    }
    run_sql(&place, "UPDATE event SET body = 'abd' WHERE id & 255 IN (2, 3)");
    OWN(event_log_store) struct event_log_store *store = open_store(&place);
    int64_t log = open_log(store, "c", &next);
    OWN(free) char *all = contents(store, log);
    EXPECT_STR(all, "1:h/abc 4:h/abc ");
    OWN(free) char *again = contents(store, log);
    EXPECT_STR(again, "1:h/abc 4:h/abc ");
}

TEST(a_reader_whose_position_is_damaged_begins_again)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    uint64_t next;
    int64_t reader;
    bool is_new;
    OWN(number_set) struct number_set done = {0};
    {
        OWN(event_log_store) struct event_log_store *store = open_store(&place);
        int64_t log = open_log(store, "c", &next);
        append(store, log, 7, "abc");
        number_set_add(&done, 0, 9);
        EXPECT(event_log_store_open_reader(store, log, "r", &reader, &done, &is_new, &err));
    }
    run_sql(&place, "UPDATE reader SET low = 1000");
    OWN(event_log_store) struct event_log_store *store = open_store(&place);
    int64_t log = open_log(store, "c", &next);
    EXPECT(event_log_store_open_reader(store, log, "r", &reader, &done, &is_new, &err));
    EXPECT_INT(done.low, 7);
}

/* Overwrites a page in the middle of a closed store, as a bad disk would. */
static void damage_page(const struct place *place, long page)
{
    FILE *file = fopen(place->path, "r+");
    EXPECT(file != NULL);
    EXPECT_INT(fseek(file, page * 4096, SEEK_SET), 0);
    for (int i = 0; i < 4096; i++)
        fputc(i * 7 & 255, file);
    fclose(file);
}

TEST(a_store_with_a_damaged_page_is_rebuilt_from_what_can_be_read)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    OWN(buf) struct buf body = {0};
    uint64_t next;
    for (int i = 0; i < 1000; i++)
        buf_add_text(&body, "x");
    {
        OWN(event_log_store) struct event_log_store *store = open_store(&place);
        int64_t log = open_log(store, "c", &next);
        EXPECT(event_log_store_begin(store, &err));
        for (uint64_t i = 1; i <= 400; i++)
            EXPECT(event_log_store_append(store, log, i, bytes_of("h"), buf_bytes(&body), &err));
        struct event_log_row row = {.id = log, .next = 401, .bytes = 400 * 1001};
        EXPECT(event_log_store_save_log(store, &row, &err));
        EXPECT(event_log_store_commit(store, &err));
    }
    run_sql(&place, "UPDATE state SET closed = 0"); /* as after a crash */
    damage_page(&place, 60);
    OWN(event_log_store) struct event_log_store *store = open_store(&place);
    int64_t log = open_log(store, "c", &next);
    EXPECT_INT(next, 401);
    OWN(buf) struct buf all = {0};
    EXPECT(event_log_store_read(store, log, 1, collect, &all, &err));
    size_t kept = all.len / 1006;
    EXPECT(kept >= 390 && kept < 400);
    OWN(free) char *aside = str_format("%s.damaged", place.path);
    EXPECT_INT(access(aside, F_OK), 0);
}
