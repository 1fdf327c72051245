/* SPDX-License-Identifier: Apache-2.0 */
/* Upload sessions: uploads in several requests, which survive a restart. */
#ifndef GCP_LOCAL_STORAGE_UPLOAD_SESSION_H
#define GCP_LOCAL_STORAGE_UPLOAD_SESSION_H

#include "gcp-local/storage/mutation.h"

#include <pthread.h>
#include <uthash.h>

/* A session in use, or one that was used lately. */
struct upload_session {
    char *id;
    pthread_mutex_t lock;         /* guards writer and epoch */
    struct content_writer writer; /* closed while no request uses the session */
    uint64_t epoch; /* of the latest request, the only one that may write: a client that lost its
                     * connection may continue before we notice the loss */
    unsigned refs;  /* guarded by the table's lock */
    bool dropped;   /* no longer in the table; guarded by the table's lock */
    UT_hash_handle hh;
};

struct upload_session_table *upload_session_table_open(void);
void upload_session_table_close(struct upload_session_table *sessions); /* NULL is fine */

/* The session's record. While the upload is incomplete, what its first request said: {"bucket",
 * "query", "resource", "contentType", "length"}; then {"bucket", "name", "generation"}. NULL and
 * ERR_NOT_FOUND when there is no such session in this bucket. New reference. */
json_t *upload_session_read(struct storage *storage, const char *id, const char *bucket,
                            struct err *err);
bool upload_session_is_complete(const json_t *record);

/* The session with its file open, and with size and hash of the content. NULL and err otherwise. */
struct upload_session *upload_session_acquire(struct storage *storage, const char *id,
                                              struct err *err);
void upload_session_release(struct storage *storage, struct upload_session *session);

/* Removes the session's state and file, but not its record. */
void upload_session_discard(struct storage *storage, const char *id);
void upload_session_table_reset(struct storage *storage);

#endif
