/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata of an upload: what the request says about the new object. */
#ifndef GCP_LOCAL_STORAGE_REST_UPLOAD_METADATA_H
#define GCP_LOCAL_STORAGE_REST_UPLOAD_METADATA_H

#include "gcp-local/storage/mutation.h"
#include "net/headers.h"

/* All zero is empty. */
struct upload_metadata {
    struct storage_object object;
    struct preconditions preconditions;
    char *md5, *crc32c; /* as the client computed them; NULL when it did not say */
};

/* Reads the query (name, preconditions, contentEncoding) and the resource that the client sent
 * (NULL = none). content_type is used when the resource has none. */
bool upload_metadata_read(struct upload_metadata *upload, const char *bucket, const char *query,
                          const json_t *resource, const char *content_type, struct err *err);

/* Reads hashes from the fields X-Goog-Hash and Content-MD5. */
void upload_metadata_expect(struct upload_metadata *upload, const struct headers *headers);

/* Compares the hashes, and makes incoming/ID, which writer wrote, the content of the live object.
 */
bool upload_metadata_install(struct upload_metadata *upload, struct storage *storage,
                             const char *id, struct content_writer *writer, const char *base,
                             struct err *err);

void upload_metadata_done(struct upload_metadata *upload);

static inline void own_upload_metadata(struct upload_metadata *local)
{
    upload_metadata_done(local);
}

#endif
