/* SPDX-License-Identifier: Apache-2.0 */
/* What Pub/Sub keeps on disk: one SQLite file. */
#include "gcp-local/pubsub/pubsub_store.h"

#include "base/json/jread.h"
#include "base/str.h"
#include "gcp-local/pubsub/engine/retained_messages.h"

#include <pthread.h>
#include <sqlite3.h>

/* Plain to look at: a resource is its JSON, a message its parts; hold says who keeps what. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS resource("
    " owner INTEGER PRIMARY KEY, name TEXT NOT NULL, config TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS message("
    " id INTEGER PRIMARY KEY, published_ns INTEGER NOT NULL, ordering_key TEXT,"
    " attribute_count INTEGER NOT NULL, attributes BLOB, data BLOB);"
    "CREATE TABLE IF NOT EXISTS hold("
    " owner INTEGER NOT NULL, message INTEGER NOT NULL, acked INTEGER NOT NULL,"
    " PRIMARY KEY(owner, message)) WITHOUT ROWID;";

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    PUT_RESOURCE,
    DROP_RESOURCE,
    DROP_HOLDS,
    PUT_MESSAGE,
    DROP_MESSAGE,
    HOLD,
    RELEASE,
    STATEMENTS,
};

static const char *const statements[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT_RESOURCE] = "INSERT OR REPLACE INTO resource VALUES(?,?,?)",
    [DROP_RESOURCE] = "DELETE FROM resource WHERE owner=?",
    [DROP_HOLDS] = "DELETE FROM hold WHERE owner=?",
    [PUT_MESSAGE] = "INSERT OR REPLACE INTO message VALUES(?,?,?,?,?,?)",
    [DROP_MESSAGE] = "DELETE FROM message WHERE id=?",
    [HOLD] = "INSERT OR REPLACE INTO hold VALUES(?,?,?)",
    [RELEASE] = "DELETE FROM hold WHERE owner=? AND message=?",
};

/* Somebody who waits for the changes before. */
struct waiter {
    pubsub_store_written *written;
    void *context;
};

/* What is written in one transaction. */
struct batch {
    struct engine_journal changes;
    struct waiter *waiters;
    size_t count, size;
};

struct pubsub_store {
    char *path;
    sqlite3 *db; /* used by the one who is writing */
    sqlite3_stmt *prepared[STATEMENTS];
    pthread_mutex_t lock; /* guards what follows */
    struct batch queue;
    bool writing;
    struct engine_journal failed; /* could not be written yet; tried again before anything else */
};

static bool fail(const struct pubsub_store *store, struct err *err)
{
    int code = sqlite3_errcode(store->db);
    return err_set(err, code == SQLITE_NOMEM ? ERR_INTERNAL : ERR_UNAVAILABLE,
                   "cannot write %s: %s", store->path, sqlite3_errmsg(store->db));
}

static bool run(struct pubsub_store *store, enum statement which)
{
    sqlite3_stmt *statement = store->prepared[which];
    bool ok = sqlite3_step(statement) == SQLITE_DONE;
    return sqlite3_reset(statement) == SQLITE_OK && ok;
}

static void bind_bytes(sqlite3_stmt *statement, int index, struct bytes bytes)
{
    if (bytes.len)
        sqlite3_bind_blob64(statement, index, bytes.data, bytes.len, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, index);
}

static void bind_message(sqlite3_stmt *statement, const struct stored_message *message)
{
    sqlite3_bind_int64(statement, 1, message->id);
    sqlite3_bind_int64(statement, 2, message->published_ns);
    if (message->key_len)
        sqlite3_bind_text(statement, 3, stored_message_ordering_key(message), (int)message->key_len,
                          SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, 3);
    sqlite3_bind_int64(statement, 4, message->attribute_count);
    bind_bytes(statement, 5, stored_message_attributes(message));
    bind_bytes(statement, 6, stored_message_data(message));
}

static bool write_change(struct pubsub_store *store, const struct journal_entry *change)
{
    static const enum statement of[] = {
        [JOURNAL_PUT_RESOURCE] = PUT_RESOURCE,
        [JOURNAL_DELETE_RESOURCE] = DROP_RESOURCE,
        [JOURNAL_PUT_MESSAGE] = PUT_MESSAGE,
        [JOURNAL_DELETE_MESSAGE] = DROP_MESSAGE,
        [JOURNAL_RETAIN] = HOLD,
        [JOURNAL_UNRETAIN] = RELEASE,
    };
    sqlite3_stmt *statement = store->prepared[of[change->kind]];
    switch (change->kind) {
    case JOURNAL_PUT_RESOURCE:
        sqlite3_bind_int64(statement, 1, change->owner);
        sqlite3_bind_text(statement, 2, change->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, change->config, -1, SQLITE_STATIC);
        break;
    case JOURNAL_DELETE_RESOURCE:
        sqlite3_bind_int64(statement, 1, change->owner);
        sqlite3_bind_int64(store->prepared[DROP_HOLDS], 1, change->owner);
        if (!run(store, DROP_HOLDS))
            return false;
        break;
    case JOURNAL_PUT_MESSAGE:
        bind_message(statement, change->message);
        break;
    case JOURNAL_DELETE_MESSAGE:
        sqlite3_bind_int64(statement, 1, change->id);
        break;
    case JOURNAL_RETAIN:
        sqlite3_bind_int(statement, 3, change->acked);
        /* fall through */
    case JOURNAL_UNRETAIN:
        sqlite3_bind_int64(statement, 1, change->owner);
        sqlite3_bind_int64(statement, 2, change->id);
        break;
    }
    return run(store, of[change->kind]);
}

static bool write_all(struct pubsub_store *store, const struct engine_journal *changes,
                      struct err *err)
{
    if (changes->count == 0)
        return true;
    bool ok = run(store, BEGIN);
    for (size_t i = 0; ok && i < changes->count; i++)
        ok = write_change(store, &changes->list[i]);
    if (ok && run(store, COMMIT))
        return true;
    fail(store, err);
    if (!sqlite3_get_autocommit(store->db))
        run(store, ROLLBACK);
    return false;
}

static void tell(struct batch *batch, const struct err *err)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->waiters[i].written)
            batch->waiters[i].written(batch->waiters[i].context, err->status ? err : NULL);
    free(batch->waiters);
}

void pubsub_store_add(struct pubsub_store *store, struct engine_journal *changes,
                      pubsub_store_written *written, void *context)
{
    pthread_mutex_lock(&store->lock);
    struct batch *queue = &store->queue;
    engine_journal_move(&queue->changes, changes);
    if (queue->count == queue->size) {
        queue->size = queue->size ? 2 * queue->size : 16;
        queue->waiters = alloc_resize(queue->waiters, queue->size * sizeof(struct waiter));
    }
    queue->waiters[queue->count++] = (struct waiter){written, context};
    pthread_mutex_unlock(&store->lock);
}

/* Takes what is queued, behind what failed before; false when there is nothing to write. */
static bool take_batch(struct pubsub_store *store, struct batch *batch)
{
    if (store->queue.count == 0)
        return false;
    *batch = store->queue;
    store->queue = (struct batch){0};
    if (store->failed.count) {
        engine_journal_move(&store->failed, &batch->changes);
        struct engine_journal all = store->failed;
        store->failed = batch->changes;
        batch->changes = all;
    }
    return true;
}

void pubsub_store_flush(struct pubsub_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct batch batch;
    while (!store->writing && take_batch(store, &batch)) {
        store->writing = true;
        pthread_mutex_unlock(&store->lock);

        struct err err = {0};
        bool ok = write_all(store, &batch.changes, &err);

        pthread_mutex_lock(&store->lock);
        store->writing = false;
        if (!ok)
            engine_journal_move(&store->failed, &batch.changes);
        pthread_mutex_unlock(&store->lock);

        tell(&batch, &err);
        engine_journal_done(&batch.changes);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
}

bool pubsub_store_ready(struct pubsub_store *store, struct err *err)
{
    pthread_mutex_lock(&store->lock);
    bool failed = store->failed.count != 0;
    bool ok = !failed;
    if (failed && !store->writing && store->queue.count == 0 &&
        write_all(store, &store->failed, err)) {
        engine_journal_done(&store->failed);
        ok = true;
    }
    pthread_mutex_unlock(&store->lock);
    if (!ok && !err->status)
        err_set(err, ERR_UNAVAILABLE, "cannot write %s yet", store->path);
    return ok;
}

static bool load_resources(struct pubsub_store *store, struct engine *engine, int64_t now_ns,
                           struct err *err)
{
    sqlite3_stmt *rows = NULL;
    if (sqlite3_prepare_v2(store->db, "SELECT owner, name, config FROM resource ORDER BY owner", -1,
                           &rows, NULL) != SQLITE_OK)
        return fail(store, err);
    bool ok = true;
    while (ok && sqlite3_step(rows) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(rows, 1);
        const char *text = (const char *)sqlite3_column_text(rows, 2);
        json_t *config = json_from_bytes(bytes_of(text), store->path, ERR_INTERNAL, err);
        ok = config &&
             engine_load_resource(engine, sqlite3_column_int64(rows, 0), name, config, now_ns, err);
    }
    sqlite3_finalize(rows);
    return ok;
}

static struct bytes column_bytes(sqlite3_stmt *rows, int column)
{
    const char *data = sqlite3_column_blob(rows, column);
    return (struct bytes){data, (size_t)sqlite3_column_bytes(rows, column)};
}

static struct stored_message *message_from_row(sqlite3_stmt *rows)
{
    struct stored_message *message =
        stored_message_new(column_bytes(rows, 2), column_bytes(rows, 4),
                           (uint32_t)sqlite3_column_int64(rows, 3), column_bytes(rows, 5));
    message->id = sqlite3_column_int64(rows, 0);
    message->published_ns = sqlite3_column_int64(rows, 1);
    return message;
}

static bool load_messages(struct pubsub_store *store, struct retained_messages *messages,
                          struct err *err)
{
    sqlite3_stmt *rows = NULL;
    if (sqlite3_prepare_v2(store->db,
                           "SELECT id, published_ns, ordering_key, attribute_count, attributes,"
                           " data FROM message ORDER BY id",
                           -1, &rows, NULL) != SQLITE_OK)
        return fail(store, err);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        struct stored_message *message = message_from_row(rows);
        retained_messages_add(messages, message);
        stored_message_unref(message);
    }
    return sqlite3_finalize(rows) == SQLITE_OK || fail(store, err);
}

static struct stored_message *find_message(const struct retained_messages *messages, int64_t id)
{
    size_t low = 0, high = messages->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (retained_messages_at(messages, middle)->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < messages->count && retained_messages_at(messages, low)->id == id
               ? retained_messages_at(messages, low)
               : NULL;
}

static bool load_holds(struct pubsub_store *store, struct engine *engine,
                       const struct retained_messages *messages, struct err *err)
{
    sqlite3_stmt *rows = NULL;
    if (sqlite3_prepare_v2(store->db,
                           "SELECT owner, message, acked FROM hold ORDER BY owner, message", -1,
                           &rows, NULL) != SQLITE_OK)
        return fail(store, err);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        struct stored_message *message = find_message(messages, sqlite3_column_int64(rows, 1));
        if (message)
            engine_load_retained(engine, sqlite3_column_int64(rows, 0), message,
                                 sqlite3_column_int(rows, 2) != 0);
    }
    return sqlite3_finalize(rows) == SQLITE_OK || fail(store, err);
}

static bool load(struct pubsub_store *store, struct engine *engine, int64_t now_ns, struct err *err)
{
    struct retained_messages messages = {0};
    bool ok = load_resources(store, engine, now_ns, err) && load_messages(store, &messages, err) &&
              load_holds(store, engine, &messages, err);
    retained_messages_done(&messages);
    engine_load_end(engine);
    return ok;
}

static bool prepare(struct pubsub_store *store, struct err *err)
{
    if (sqlite3_exec(store->db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-400;",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(store->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        return fail(store, err);
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(store->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->prepared[i], NULL) != SQLITE_OK)
            return fail(store, err);
    return true;
}

struct pubsub_store *pubsub_store_open(const char *data_dir, struct engine *engine, int64_t now_ns,
                                       struct err *err)
{
    struct pubsub_store *store = alloc_zeroed(sizeof(*store));
    *store = (struct pubsub_store){.path = str_format("%s/pubsub.db", data_dir)};
    pthread_mutex_init(&store->lock, NULL);
    bool ok = sqlite3_open(store->path, &store->db) == SQLITE_OK || fail(store, err);
    if (ok && prepare(store, err) && load(store, engine, now_ns, err))
        return store;
    pubsub_store_close(store);
    return NULL;
}

bool pubsub_store_reset(struct pubsub_store *store, struct err *err)
{
    pubsub_store_flush(store);
    pthread_mutex_lock(&store->lock);
    engine_journal_done(&store->failed);
    bool ok = sqlite3_exec(store->db,
                           "BEGIN; DELETE FROM hold; DELETE FROM message; DELETE FROM resource;"
                           "COMMIT; VACUUM;",
                           NULL, NULL, NULL) == SQLITE_OK;
    pthread_mutex_unlock(&store->lock);
    return ok || fail(store, err);
}

void pubsub_store_close(struct pubsub_store *store)
{
    if (!store)
        return;
    pubsub_store_flush(store);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->prepared[i]);
    sqlite3_close(store->db);
    engine_journal_done(&store->failed);
    pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}
