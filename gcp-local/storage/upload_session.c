/* SPDX-License-Identifier: Apache-2.0 */
/* Upload sessions: uploads in several requests, which survive a restart. */
#include "gcp-local/storage/upload_session.h"

#include "base/str.h"

#include <string.h>

enum { MAX_IDLE = 1000 }; /* sessions kept in the table; others are hashed again from their file */

struct upload_session_table {
    pthread_mutex_t lock;
    struct upload_session *by_id;
};

struct upload_session_table *upload_session_table_open(void)
{
    struct upload_session_table *sessions = alloc_zeroed(sizeof(*sessions));
    pthread_mutex_init(&sessions->lock, NULL);
    return sessions;
}

static void session_free(struct upload_session *session)
{
    content_writer_done(&session->writer);
    pthread_mutex_destroy(&session->lock);
    free(session->id);
    free(session);
}

/* Removes a session from the table; the last user frees it. */
static void drop(struct upload_session_table *sessions, struct upload_session *session)
{
    HASH_DEL(sessions->by_id, session);
    session->dropped = true;
    if (session->refs == 0)
        session_free(session);
}

static void drop_all(struct upload_session_table *sessions)
{
    struct upload_session *session, *next;
    HASH_ITER(hh, sessions->by_id, session, next)
    {
        drop(sessions, session);
    }
}

void upload_session_table_close(struct upload_session_table *sessions)
{
    if (!sessions)
        return;
    drop_all(sessions);
    pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}

void upload_session_table_reset(struct storage *storage)
{
    pthread_mutex_lock(&storage->sessions->lock);
    drop_all(storage->sessions);
    pthread_mutex_unlock(&storage->sessions->lock);
}

json_t *upload_session_read(struct storage *storage, const char *id, const char *bucket,
                            struct err *err)
{
    json_t *record = catalog_find_session(storage->catalog, id, err);
    if (record && !str_equal(json_string_value(json_object_get(record, "bucket")), bucket)) {
        json_decref(record);
        err_set(err, ERR_NOT_FOUND, "No such upload session.");
        return NULL;
    }
    return record;
}

bool upload_session_is_complete(const json_t *record)
{
    return json_object_get(record, "generation");
}

static struct upload_session *find_or_add(struct upload_session_table *sessions, const char *id)
{
    pthread_mutex_lock(&sessions->lock);
    struct upload_session *session = NULL;
    HASH_FIND_STR(sessions->by_id, id, session);
    if (!session) {
        session = alloc_zeroed(sizeof(*session));
        session->id = str_copy(id);
        session->writer.fd = -1;
        pthread_mutex_init(&session->lock, NULL);
        HASH_ADD_KEYPTR(hh, sessions->by_id, session->id, strlen(session->id), session);
    }
    session->refs++;
    pthread_mutex_unlock(&sessions->lock);
    return session;
}

/* Opens the session's file, and hashes its content if that was not done. */
static bool open_file(struct storage *storage, struct upload_session *session, struct err *err)
{
    struct content_writer *writer = &session->writer;
    OWN(free) char *path = content_files_incoming_path(session->id);
    struct err missing = {0};
    if (writer->fd < 0)
        writer->fd = content_files_read(storage->files, path, &missing);
    if (writer->fd >= 0)
        return writer->size || content_writer_resume(writer, err);
    content_writer_done(writer);
    writer->fd = content_files_create(storage->files, path, err);
    return writer->fd >= 0;
}

struct upload_session *upload_session_acquire(struct storage *storage, const char *id,
                                              struct err *err)
{
    struct upload_session *session = find_or_add(storage->sessions, id);
    pthread_mutex_lock(&session->lock);
    bool ok = open_file(storage, session, err);
    pthread_mutex_unlock(&session->lock);
    if (ok)
        return session;
    upload_session_release(storage, session);
    return NULL;
}

void upload_session_release(struct storage *storage, struct upload_session *session)
{
    struct upload_session_table *sessions = storage->sessions;
    pthread_mutex_lock(&sessions->lock);
    if (--session->refs == 0) {
        content_writer_close(&session->writer);
        if (session->dropped)
            session_free(session);
        else if (HASH_COUNT(sessions->by_id) > MAX_IDLE)
            drop(sessions, session);
    }
    pthread_mutex_unlock(&sessions->lock);
}

void upload_session_discard(struct storage *storage, const char *id)
{
    struct upload_session_table *sessions = storage->sessions;
    pthread_mutex_lock(&sessions->lock);
    struct upload_session *session = NULL;
    HASH_FIND_STR(sessions->by_id, id, session);
    if (session)
        drop(sessions, session);
    pthread_mutex_unlock(&sessions->lock);
    OWN(free) char *path = content_files_incoming_path(id);
    content_files_remove(storage->files, path);
}
