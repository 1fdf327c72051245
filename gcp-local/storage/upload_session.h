/* SPDX-License-Identifier: Apache-2.0 */
/* Upload sessions: uploads that go over several requests, and survive a restart. */
#ifndef GCP_LOCAL_STORAGE_UPLOAD_SESSION_H
#define GCP_LOCAL_STORAGE_UPLOAD_SESSION_H

#include "gcp-local/storage/mutation.h"

#include <pthread.h>
#include <uthash.h>

/* A session whose content is being written, or was lately. */
struct upload_session {
    char *id;
    pthread_mutex_t lock;         /* guards the two below */
    struct content_writer writer; /* closed while no request works on it */
    uint64_t turn;  /* who holds the latest one may write: a client that lost its connection
                     * comes back before we notice */
    unsigned refs;  /* guarded by the table's lock */
    bool forgotten; /* not in the table any more */
    UT_hash_handle hh;
};

struct upload_session_table *upload_session_table_open(void);
void upload_session_table_close(struct upload_session_table *sessions); /* NULL is fine */

/* What was said when the session began: {"bucket", "query", "resource", "contentType", "length"},
 * and when it has ended {"generation", "name"}. Only for the bucket that it belongs to: 404
 * otherwise. New reference. */
json_t *upload_session_read(struct storage *storage, const char *id, const char *bucket,
                            struct err *err);

/* The session, with its file open and its hash as far as it goes. NULL and err otherwise. */
struct upload_session *upload_session_acquire(struct storage *storage, const char *id,
                                              struct err *err);
void upload_session_release(struct storage *storage, struct upload_session *session);

/* Drops the session's state and file, not its row. */
void upload_session_discard(struct storage *storage, const char *id);
void upload_session_table_reset(struct storage *storage);

#endif
