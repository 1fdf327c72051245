/* Upload sessions: uploads that go over several requests, and survive a restart. */
#include "gcp-local/storage/upload_session.h"

#include "base/str.h"

#include <string.h>

enum { MOST_IDLE = 1000 }; /* whose state is kept; that of others is read from the file again */

struct sessions {
    pthread_mutex_t lock;
    struct session *by_id;
};

struct sessions *sessions_open(void)
{
    struct sessions *sessions = must_alloc(sizeof(*sessions));
    pthread_mutex_init(&sessions->lock, NULL);
    return sessions;
}

static void session_free(struct session *session)
{
    writer_done(&session->writer);
    pthread_mutex_destroy(&session->lock);
    free(session->id);
    free(session);
}

/* Takes a session out of the table; freed when nobody works on it any more. */
static void drop(struct sessions *sessions, struct session *session)
{
    HASH_DEL(sessions->by_id, session);
    session->forgotten = true;
    if (session->refs == 0)
        session_free(session);
}

static void drop_all(struct sessions *sessions)
{
    struct session *session, *next;
    HASH_ITER(hh, sessions->by_id, session, next)
    {
        drop(sessions, session);
    }
}

void sessions_close(struct sessions *sessions)
{
    if (!sessions)
        return;
    drop_all(sessions);
    pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}

void sessions_reset(struct storage *storage)
{
    pthread_mutex_lock(&storage->sessions->lock);
    drop_all(storage->sessions);
    pthread_mutex_unlock(&storage->sessions->lock);
}

json_t *session_read(struct storage *storage, const char *id, const char *bucket, struct err *err)
{
    json_t *said = catalog_find_session(storage->catalog, id, err);
    if (said && !str_equal(json_string_value(json_object_get(said, "bucket")), bucket)) {
        json_decref(said);
        err_set(err, ERR_NOT_FOUND, "No such upload session.");
        return NULL;
    }
    return said;
}

static struct session *find_or_add(struct sessions *sessions, const char *id)
{
    pthread_mutex_lock(&sessions->lock);
    struct session *session = NULL;
    HASH_FIND_STR(sessions->by_id, id, session);
    if (!session) {
        session = must_alloc(sizeof(*session));
        session->id = str_copy(id);
        session->writer.fd = -1;
        pthread_mutex_init(&session->lock, NULL);
        HASH_ADD_KEYPTR(hh, sessions->by_id, session->id, strlen(session->id), session);
    }
    session->refs++;
    pthread_mutex_unlock(&sessions->lock);
    return session;
}

/* Opens the session's file; where the state of its content is not known, reads it. */
static bool open_file(struct storage *storage, struct session *session, struct err *err)
{
    struct writer *writer = &session->writer;
    OWN(free) char *path = incoming_path(session->id);
    struct err missing = {0};
    if (writer->fd < 0)
        writer->fd = files_read(storage->files, path, &missing);
    if (writer->fd >= 0)
        return writer->size || writer_resume(writer, err);
    writer_done(writer);
    writer->fd = files_create(storage->files, path, err);
    return writer->fd >= 0;
}

struct session *session_take(struct storage *storage, const char *id, struct err *err)
{
    struct session *session = find_or_add(storage->sessions, id);
    pthread_mutex_lock(&session->lock);
    bool fine = open_file(storage, session, err);
    pthread_mutex_unlock(&session->lock);
    if (fine)
        return session;
    session_release(storage, session);
    return NULL;
}

void session_release(struct storage *storage, struct session *session)
{
    struct sessions *sessions = storage->sessions;
    pthread_mutex_lock(&sessions->lock);
    if (--session->refs == 0) {
        writer_close(&session->writer);
        if (session->forgotten)
            session_free(session);
        else if (HASH_COUNT(sessions->by_id) > MOST_IDLE)
            drop(sessions, session);
    }
    pthread_mutex_unlock(&sessions->lock);
}

void session_forget(struct storage *storage, const char *id)
{
    struct sessions *sessions = storage->sessions;
    pthread_mutex_lock(&sessions->lock);
    struct session *session = NULL;
    HASH_FIND_STR(sessions->by_id, id, session);
    if (session)
        drop(sessions, session);
    pthread_mutex_unlock(&sessions->lock);
    OWN(free) char *path = incoming_path(id);
    files_remove(storage->files, path);
}
