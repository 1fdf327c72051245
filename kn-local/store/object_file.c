/* SPDX-License-Identifier: Apache-2.0 */
/* Where objects are kept over a restart: a SQLite file with one row an object. */
#include "kn-local/store/object_file.h"

#include "base/json/jread.h"
#include "base/str.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

struct object_file {
    sqlite3 *db;
    sqlite3_stmt *put, *drop;
};

static void own_statement(sqlite3_stmt **local)
{
    sqlite3_finalize(*local);
}

static bool failed(struct object_file *file, const char *deed, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "cannot %s objects: %s", deed, sqlite3_errmsg(file->db));
}

static bool prepare(struct object_file *file, struct err *err)
{
    static const char setup[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                                "PRAGMA locking_mode=EXCLUSIVE;"
                                "CREATE TABLE IF NOT EXISTS object"
                                "(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID";
    if (sqlite3_exec(file->db, setup, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(file->db, "INSERT OR REPLACE INTO object VALUES (?, ?)", -1, &file->put,
                           NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(file->db, "DELETE FROM object WHERE key = ?", -1, &file->drop, NULL) !=
            SQLITE_OK)
        return failed(file, "open the saved", err);
    return true;
}

/* Secrets are in it: only its owner may read it, and SQLite's files beside it take after it. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) /* else SQLite says why it cannot */
        close(fd);
}

struct object_file *object_file_open(const char *path, struct err *err)
{
    make_private(path);
    OWN(object_file) struct object_file *file = alloc_zeroed(sizeof(*file));
    if (sqlite3_open(path, &file->db) != SQLITE_OK || !prepare(file, err)) {
        if (!err->status)
            failed(file, "open the saved", err);
        err_wrap(err, "%s", path);
        return NULL;
    }
    return move_ptr(&file);
}

void object_file_close(struct object_file *file)
{
    if (!file)
        return;
    sqlite3_finalize(file->put);
    sqlite3_finalize(file->drop);
    sqlite3_close(file->db);
    free(file);
}

bool object_file_load(struct object_file *file,
                      void (*each)(const char *key, json_t *object, void *context), void *context,
                      struct err *err)
{
    OWN(statement) sqlite3_stmt *all = NULL;
    if (sqlite3_prepare_v2(file->db, "SELECT key, body FROM object", -1, &all, NULL) != SQLITE_OK)
        return failed(file, "read the saved", err);
    int step;
    while ((step = sqlite3_step(all)) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(all, 0);
        struct bytes body = {sqlite3_column_blob(all, 1), (size_t)sqlite3_column_bytes(all, 1)};
        json_auto_t *object = json_from_bytes(body, key, ERR_INTERNAL, err);
        if (!object)
            return err_wrap(err, "saved object");
        each(key, object, context);
    }
    return step == SQLITE_DONE || failed(file, "read the saved", err);
}

bool object_file_save(struct object_file *file, const char *key, const json_t *object,
                      struct err *err)
{
    OWN(free) char *body = object ? json_to_text(object) : NULL;
    sqlite3_stmt *statement = object ? file->put : file->drop;
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    if (object)
        sqlite3_bind_text(statement, 2, body, -1, SQLITE_STATIC);
    int step = sqlite3_step(statement);
    bool saved = step == SQLITE_DONE || failed(file, "save", err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return saved;
}
