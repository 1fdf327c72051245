/* SPDX-License-Identifier: Apache-2.0 */
/* An object that is being uploaded: what the request says of it. */
#ifndef GCP_LOCAL_STORAGE_REST_UPLOAD_METADATA_H
#define GCP_LOCAL_STORAGE_REST_UPLOAD_METADATA_H

#include "gcp-local/storage/mutation.h"

/* All zero is empty. */
struct upload_metadata {
    struct storage_object object;
    struct preconditions preconditions;
    char *md5, *crc32c; /* what the sender says they are; NULL = unsaid */
};

/* From a query (name, preconditions, contentEncoding) and the resource that the sender gave (NULL =
 * none). content_type counts where the resource has none. */
bool upload_metadata_read(struct upload_metadata *upload_metadata, const char *bucket,
                          const char *query, const json_t *resource, const char *content_type,
                          struct err *err);

/* Takes hashes from X-Goog-Hash and Content-MD5 fields. */
void upload_metadata_expect(struct upload_metadata *upload_metadata, const struct headers *headers);

/* Compares what was written with what the sender says, and makes it the live object. */
bool upload_metadata_install(struct upload_metadata *upload_metadata, struct storage *storage,
                             const char *id, struct content_writer *writer, const char *base,
                             struct err *err);

void upload_metadata_done(struct upload_metadata *upload_metadata);

static inline void own_upload_metadata(struct upload_metadata *local)
{
    upload_metadata_done(local);
}

#endif
