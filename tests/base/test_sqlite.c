/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite databases: schema versions, parameters, rows, transactions, errors. */
#include "base/file.h"
#include "base/sqlite.h"
#include "base/str.h"
#include "tests/helpers/test.h"

#include <string.h>
#include <sys/stat.h>

enum { ADD, GET, LIST, COUNT, STATEMENTS };

static const char *const statements[STATEMENTS] = {
    [ADD] = "INSERT INTO thing VALUES (?, ?, ?, ?)",
    [GET] = "SELECT id, name, content, note FROM thing WHERE id = ?",
    [LIST] = "SELECT id FROM thing ORDER BY id",
    [COUNT] = "SELECT max(id) FROM thing",
};

static const char *const migrations[] = {
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, content BLOB NOT NULL, note TEXT)",
    "UPDATE thing SET note = 'migrated'; CREATE TABLE other (id INTEGER)",
};

static struct sqlite *open_version(const char *path, int version, struct err *err)
{
    struct sqlite_options options = {.migrations = migrations,
                                     .migration_count = version,
                                     .statements = statements,
                                     .statement_count = STATEMENTS,
                                     .exclusive = true,
                                     .private = true,
                                     .cache_kib = 400,
                                     .journal_size_limit = 1 << 20};
    return sqlite_open(path, &options, err);
}

/* A folder with the path of a database in it. */
struct fixture {
    char dir[32];
    char *path;
};

static struct fixture fixture_open(void)
{
    struct fixture fixture = {.dir = "/tmp/sqlite-XXXXXX"};
    assert_non_null(mkdtemp(fixture.dir));
    fixture.path = str_format("%s/things.db", fixture.dir);
    return fixture;
}

static void own_fixture(struct fixture *local)
{
    struct err err = {0};
    file_remove_tree(local->dir, &err);
    free(local->path);
}

static bool add(struct sqlite *db, int64_t id, const char *name, struct err *err)
{
    return sqlite_run(db, err, ADD, "itbs", id, name, bytes_of("content"), bytes_of("note"));
}

TEST(what_was_bound_is_read_back)
{
    struct err err = {0};
    OWN(sqlite) struct sqlite *db = open_version(NULL, 1, &err);
    struct bytes content = {"a\0b", 3};
    EXPECT(sqlite_run(db, &err, ADD, "iobs", (int64_t)7, str_copy("seven"), content,
                      (struct bytes){0}));
    EXPECT_INT(sqlite_changes(db), 1);
    EXPECT_INT(sqlite_last_row_id(db), 7);

    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(db, GET, "i", (int64_t)7);
    EXPECT(sqlite_rows_next(&rows, &err));
    EXPECT_INT(sqlite_rows_int64(&rows, 0), 7);
    EXPECT_STR(sqlite_rows_text(&rows, 1), "seven");
    EXPECT(bytes_equal(sqlite_rows_bytes(&rows, 2), content));
    EXPECT(sqlite_rows_is_null(&rows, 3) && !sqlite_rows_text(&rows, 3));
    EXPECT(!sqlite_rows_next(&rows, &err) && !sqlite_rows_next(&rows, &err));
    EXPECT_INT(err.status, 0);
}

TEST(empty_bytes_are_an_empty_blob)
{
    struct err err = {0};
    OWN(sqlite) struct sqlite *db = open_version(NULL, 1, &err);
    EXPECT(sqlite_run(db, &err, ADD, "itbt", (int64_t)1, NULL, (struct bytes){0}, "note"));
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(db, GET, "i", (int64_t)1);
    EXPECT(sqlite_rows_next(&rows, &err) && !sqlite_rows_is_null(&rows, 2));
    EXPECT(sqlite_rows_is_null(&rows, 1));
    EXPECT_INT(sqlite_rows_bytes(&rows, 2).len, 0);
}

TEST(a_query_that_ended_early_can_begin_again)
{
    struct err err = {0};
    OWN(sqlite) struct sqlite *db = open_version(NULL, 1, &err);
    for (int64_t id = 1; id <= 3; id++)
        EXPECT(add(db, id, "name", &err));
    for (int turn = 0; turn < 2; turn++) {
        OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(db, LIST, "");
        EXPECT(sqlite_rows_next(&rows, &err));
        EXPECT_INT(sqlite_rows_int64(&rows, 0), 1);
    }
    EXPECT(sqlite_begin(db, &err) && sqlite_commit(db, &err)); /* no query holds it up */
}

TEST(one_number_is_asked_for_at_once)
{
    struct err err = {0};
    OWN(sqlite) struct sqlite *db = open_version(NULL, 1, &err);
    int64_t value = -1;
    bool found = true;
    EXPECT(sqlite_query_int64(db, &err, &value, &found, COUNT, ""));
    EXPECT(!found && value == -1);
    add(db, 5, "five", &err);
    EXPECT(sqlite_query_int64(db, &err, &value, &found, COUNT, ""));
    EXPECT(found && value == 5);
}

TEST(what_is_rolled_back_is_not_there)
{
    struct err err = {0};
    OWN(sqlite) struct sqlite *db = open_version(NULL, 1, &err);
    EXPECT(sqlite_begin(db, &err) && add(db, 1, "one", &err));
    sqlite_rollback(db);
    sqlite_rollback(db); /* harmless */
    EXPECT(sqlite_begin(db, &err) && add(db, 2, "two", &err) && sqlite_commit(db, &err));
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(db, LIST, "");
    EXPECT(sqlite_rows_next(&rows, &err));
    EXPECT_INT(sqlite_rows_int64(&rows, 0), 2);
}

TEST(a_statement_that_fails_says_why_and_can_run_again)
{
    struct err err = {0}, second = {0};
    OWN(sqlite) struct sqlite *db = open_version(NULL, 1, &err);
    add(db, 1, "one", &err);
    EXPECT(!add(db, 1, "one", &err));
    EXPECT_INT(err.status, ERR_INTERNAL);
    EXPECT_STR(err.text, "database in memory: UNIQUE constraint failed: thing.id");
    EXPECT(add(db, 2, "two", &second));
}

TEST(a_script_that_fails_leaves_no_transaction_open)
{
    struct err err = {0}, second = {0};
    OWN(sqlite) struct sqlite *db = open_version(NULL, 1, &err);
    EXPECT(!sqlite_exec(db, "BEGIN; DELETE FROM thing; DELETE FROM missing; COMMIT", &err));
    EXPECT_HAS(err.text, "no such table: missing");
    EXPECT(sqlite_begin(db, &second) && sqlite_commit(db, &second));
}

TEST(an_older_file_is_migrated_and_keeps_its_rows)
{
    OWN(fixture) struct fixture fixture = fixture_open();
    struct err err = {0};
    struct sqlite *old = open_version(fixture.path, 1, &err);
    EXPECT(add(old, 1, "one", &err));
    sqlite_close(old);
    for (int turn = 0; turn < 2; turn++) { /* the second finds it migrated */
        OWN(sqlite) struct sqlite *db = open_version(fixture.path, 2, &err);
        OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(db, GET, "i", (int64_t)1);
        EXPECT(sqlite_rows_next(&rows, &err));
        EXPECT_STR(sqlite_rows_text(&rows, 3), "migrated");
    }
}

TEST(a_newer_file_is_refused)
{
    OWN(fixture) struct fixture fixture = fixture_open();
    struct err err = {0};
    sqlite_close(open_version(fixture.path, 2, &err));
    EXPECT(!open_version(fixture.path, 1, &err));
    EXPECT_INT(err.status, ERR_INTERNAL);
    EXPECT_HAS(err.text,
               "things.db: was written by a newer version of this program (its schema has "
               "version 2, this program reads up to 1)");
}

TEST(a_private_file_can_be_read_by_its_owner_only)
{
    OWN(fixture) struct fixture fixture = fixture_open();
    struct err err = {0};
    OWN(sqlite) struct sqlite *db = open_version(fixture.path, 1, &err);
    EXPECT(db != NULL);
    struct stat file;
    EXPECT(stat(fixture.path, &file) == 0 && (file.st_mode & 0777) == 0600);
    OWN(free) char *log = str_format("%s-wal", fixture.path);
    EXPECT(stat(log, &file) == 0 && (file.st_mode & 0777) == 0600);
}

TEST(a_file_that_is_not_a_database_is_an_internal_error)
{
    OWN(fixture) struct fixture fixture = fixture_open();
    struct err err = {0};
    OWN(free) char *text = alloc_zeroed(8192);
    memset(text, 'x', 8191);
    EXPECT(file_write(fixture.path, 0600, bytes_of(text), &err));
    EXPECT(!open_version(fixture.path, 1, &err));
    EXPECT_INT(err.status, ERR_INTERNAL);
    EXPECT_HAS(err.text, "things.db: file is not a database");
}

TEST(a_folder_that_is_missing_is_named_with_its_reason)
{
    struct err err = {0};
    EXPECT(!open_version("/nonexistent/things.db", 1, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_STR(err.text,
               "/nonexistent/things.db: unable to open database file (No such file or directory)");
}

TEST(another_process_waits_for_an_exclusive_file)
{
    OWN(fixture) struct fixture fixture = fixture_open();
    struct err err = {0};
    OWN(sqlite) struct sqlite *db = open_version(fixture.path, 1, &err);
    EXPECT(db != NULL);
    EXPECT(!open_version(fixture.path, 1, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_HAS(err.text, "database is locked");
}
