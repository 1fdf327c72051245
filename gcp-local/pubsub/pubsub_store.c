/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/pubsub_store.h"

#include "base/json/jread.h"
#include "base/sqlite.h"
#include "base/str.h"

#include <pthread.h>

/* Readable with sqlite3: a resource is its JSON, a message its parts; hold says which resource
 * keeps which message. */
static const char *const migrations[] = {
    "CREATE TABLE IF NOT EXISTS resource("
    " owner INTEGER PRIMARY KEY, name TEXT NOT NULL, config TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS message("
    " id INTEGER PRIMARY KEY, published_ns INTEGER NOT NULL, ordering_key TEXT,"
    " attribute_count INTEGER NOT NULL, attributes BLOB, data BLOB);"
    "CREATE TABLE IF NOT EXISTS hold("
    " owner INTEGER NOT NULL, message INTEGER NOT NULL, acked INTEGER NOT NULL,"
    " PRIMARY KEY(owner, message)) WITHOUT ROWID",
};

enum {
    PUT_RESOURCE,
    DELETE_RESOURCE,
    DELETE_HOLDS,
    PUT_MESSAGE,
    DELETE_MESSAGE,
    PUT_HOLD,
    DELETE_HOLD,
    ALL_RESOURCES,
    ALL_MESSAGES,
    ALL_HOLDS,
};

static const char *const statements[] = {
    [PUT_RESOURCE] = "INSERT OR REPLACE INTO resource VALUES(?,?,?)",
    [DELETE_RESOURCE] = "DELETE FROM resource WHERE owner=?",
    [DELETE_HOLDS] = "DELETE FROM hold WHERE owner=?",
    [PUT_MESSAGE] = "INSERT OR REPLACE INTO message VALUES(?,?,?,?,?,?)",
    [DELETE_MESSAGE] = "DELETE FROM message WHERE id=?",
    [PUT_HOLD] = "INSERT OR REPLACE INTO hold VALUES(?,?,?)",
    [DELETE_HOLD] = "DELETE FROM hold WHERE owner=? AND message=?",
    [ALL_RESOURCES] = "SELECT owner, name, config FROM resource ORDER BY owner",
    [ALL_MESSAGES] = ("SELECT id, published_ns, ordering_key, attribute_count, attributes, data"
                      " FROM message ORDER BY id"),
    [ALL_HOLDS] = "SELECT owner, message, acked FROM hold ORDER BY owner, message",
};

/* What waits until the changes are safe. */
struct waiter {
    pubsub_store_written *written;
    void *context;
};

/* What is written in one transaction. */
struct batch {
    struct engine_journal changes;
    struct waiter *waiters;
    size_t count, size; /* of waiters */
};

struct pubsub_store {
    struct sqlite *db;    /* used by the thread that has set writing */
    pthread_mutex_t lock; /* guards what follows; released while writing */
    struct batch queue;
    bool writing;
    bool failed;         /* the queue begins with changes that could not be written */
    pthread_cond_t idle; /* writing became false */
};

static bool write_change(struct sqlite *db, const struct journal_entry *change, struct err *err)
{
    const struct stored_message *message;
    switch (change->kind) {
    case JOURNAL_PUT_RESOURCE:
        return sqlite_run(db, err, PUT_RESOURCE, "itt", change->owner, change->name,
                          change->config);
    case JOURNAL_DELETE_RESOURCE:
        return sqlite_run(db, err, DELETE_HOLDS, "i", change->owner) &&
               sqlite_run(db, err, DELETE_RESOURCE, "i", change->owner);
    case JOURNAL_PUT_MESSAGE:
        message = change->message;
        return sqlite_run(db, err, PUT_MESSAGE, "iisibb", message->id, message->published_ns,
                          bytes_of(stored_message_ordering_key(message)),
                          (int64_t)message->attribute_count, stored_message_attributes(message),
                          stored_message_data(message));
    case JOURNAL_DELETE_MESSAGE:
        return sqlite_run(db, err, DELETE_MESSAGE, "i", change->id);
    case JOURNAL_RETAIN:
        return sqlite_run(db, err, PUT_HOLD, "iii", change->owner, change->id,
                          (int64_t)change->acked);
    case JOURNAL_UNRETAIN:
        return sqlite_run(db, err, DELETE_HOLD, "ii", change->owner, change->id);
    }
    return true;
}

static bool write_changes(struct sqlite *db, const struct engine_journal *changes, struct err *err)
{
    if (changes->count == 0)
        return true;
    bool ok = sqlite_begin(db, err);
    for (size_t i = 0; ok && i < changes->count; i++)
        ok = write_change(db, &changes->list[i], err);
    if (ok && sqlite_commit(db, err))
        return true;
    sqlite_rollback(db);
    return false;
}

/* Writes what is queued. To be called with the lock, while nothing is being written. */
static bool write_queue(struct pubsub_store *store, struct err *err)
{
    struct batch batch = store->queue;
    store->queue = (struct batch){0};
    store->writing = true;
    pthread_mutex_unlock(&store->lock);

    struct err full = {0};
    bool ok = write_changes(store->db, &batch.changes, &full);
    if (!ok) /* a checkpoint lets the write-ahead log start again in the space that it has */
        ok = sqlite_exec(store->db, "PRAGMA wal_checkpoint(RESTART)", err) &&
             write_changes(store->db, &batch.changes, err);

    pthread_mutex_lock(&store->lock);
    store->writing = false;
    store->failed = !ok;
    if (!ok)
        engine_journal_prepend(&store->queue.changes, &batch.changes);
    pthread_cond_broadcast(&store->idle);
    pthread_mutex_unlock(&store->lock);

    for (size_t i = 0; i < batch.count; i++)
        if (batch.waiters[i].written)
            batch.waiters[i].written(batch.waiters[i].context, ok ? NULL : err);
    free(batch.waiters);
    engine_journal_done(&batch.changes);
    pthread_mutex_lock(&store->lock);
    return ok;
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

bool pubsub_store_flush(struct pubsub_store *store)
{
    pthread_mutex_lock(&store->lock);
    while (!store->writing && store->queue.count) {
        struct err err = {0}; /* the waiters get it */
        write_queue(store, &err);
    }
    bool ok = !store->failed;
    pthread_mutex_unlock(&store->lock);
    return ok;
}

bool pubsub_store_ready(struct pubsub_store *store, struct err *err)
{
    pthread_mutex_lock(&store->lock);
    bool ok = !store->failed;
    if (!ok && store->writing)
        err_set(err, ERR_UNAVAILABLE, "earlier changes are still being written; try again");
    else if (!ok)
        ok = write_queue(store, err);
    pthread_mutex_unlock(&store->lock);
    return ok;
}

static bool load_resources(struct pubsub_store *store, struct engine *engine, int64_t now_ns,
                           struct err *err)
{
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(store->db, ALL_RESOURCES, "");
    while (sqlite_rows_next(&rows, err)) {
        const char *name = sqlite_rows_text(&rows, 1);
        json_t *config = json_from_bytes(sqlite_rows_bytes(&rows, 2), "config", ERR_INTERNAL, err);
        if (!config ||
            !engine_load_resource(engine, sqlite_rows_int64(&rows, 0), name, config, now_ns, err))
            return err_wrap(err, "pubsub.db: %s", name);
    }
    return err->status == 0;
}

static bool load_messages(struct pubsub_store *store, struct retained_messages *messages,
                          struct err *err)
{
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(store->db, ALL_MESSAGES, "");
    while (sqlite_rows_next(&rows, err)) {
        struct stored_message *message =
            stored_message_new(sqlite_rows_bytes(&rows, 2), sqlite_rows_bytes(&rows, 4),
                               (uint32_t)sqlite_rows_int64(&rows, 3), sqlite_rows_bytes(&rows, 5));
        message->id = sqlite_rows_int64(&rows, 0);
        message->published_ns = sqlite_rows_int64(&rows, 1);
        retained_messages_add(messages, message);
        stored_message_unref(message);
    }
    return err->status == 0;
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
    struct stored_message *found =
        low < messages->count ? retained_messages_at(messages, low) : NULL;
    return found && found->id == id ? found : NULL;
}

static bool load_holds(struct pubsub_store *store, struct engine *engine,
                       const struct retained_messages *messages, struct err *err)
{
    OWN(sqlite_rows) struct sqlite_rows rows = sqlite_query(store->db, ALL_HOLDS, "");
    while (sqlite_rows_next(&rows, err)) {
        struct stored_message *message = find_message(messages, sqlite_rows_int64(&rows, 1));
        if (message)
            engine_load_retained(engine, sqlite_rows_int64(&rows, 0), message,
                                 sqlite_rows_int64(&rows, 2) != 0);
    }
    return err->status == 0;
}

struct pubsub_store *pubsub_store_open(const char *data_dir, const char *vfs, struct engine *engine,
                                       int64_t now_ns, struct err *err)
{
    OWN(free) char *path = str_format("%s/pubsub.db", data_dir);
    struct pubsub_store *store = alloc_zeroed(sizeof(*store));
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->idle, NULL);
    store->db = sqlite_open(path,
                            &(struct sqlite_options){.migrations = migrations,
                                                     .migration_count = ARRAY_SIZE(migrations),
                                                     .statements = statements,
                                                     .statement_count = ARRAY_SIZE(statements),
                                                     .synchronous = SQLITE_SYNCHRONOUS_OFF,
                                                     .cache_kib = 400,
                                                     .vfs = vfs},
                            err);
    struct retained_messages messages = {0};
    bool ok = store->db && load_resources(store, engine, now_ns, err) &&
              load_messages(store, &messages, err) && load_holds(store, engine, &messages, err);
    retained_messages_done(&messages);
    engine_load_end(engine);
    if (ok)
        return store;
    pubsub_store_close(store);
    return NULL;
}

bool pubsub_store_reset(struct pubsub_store *store, struct err *err)
{
    pthread_mutex_lock(&store->lock);
    while (store->writing)
        pthread_cond_wait(&store->idle, &store->lock);
    bool ok = sqlite_exec(store->db,
                          "BEGIN; DELETE FROM hold; DELETE FROM message; DELETE FROM resource;"
                          "COMMIT",
                          err);
    if (ok) {
        struct err ignored = {0}; /* only the file stays larger */
        sqlite_exec(store->db, "VACUUM", &ignored);
        engine_journal_done(&store->queue.changes);
        store->failed = false;
    }
    pthread_mutex_unlock(&store->lock);
    return ok;
}

void pubsub_store_close(struct pubsub_store *store)
{
    if (!store)
        return;
    struct err ignored = {0}; /* what cannot be written is lost */
    if (store->db && !pubsub_store_flush(store))
        pubsub_store_ready(store, &ignored);
    sqlite_close(store->db);
    engine_journal_done(&store->queue.changes);
    pthread_cond_destroy(&store->idle);
    pthread_mutex_destroy(&store->lock);
    free(store);
}
