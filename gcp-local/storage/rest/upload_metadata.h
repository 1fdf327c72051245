/* An object that is being uploaded: what the request says of it. */
#ifndef GCP_LOCAL_STORAGE_REST_UPLOAD_METADATA_H
#define GCP_LOCAL_STORAGE_REST_UPLOAD_METADATA_H

#include "gcp-local/storage/mutation.h"

/* All zero is empty. */
struct draft {
    struct object object;
    struct preconditions preconditions;
    char *md5, *crc32c; /* what the sender says they are; NULL = unsaid */
};

/* From a query (name, preconditions, contentEncoding) and the resource that the sender gave (NULL =
 * none). content_type counts where the resource has none. */
bool draft_read(struct draft *draft, const char *bucket, const char *query, const json_t *resource,
                const char *content_type, struct err *err);

/* Takes hashes from X-Goog-Hash and Content-MD5 fields. */
void draft_expect(struct draft *draft, const struct headers *headers);

/* Compares what was written with what the sender says, and makes it the live object. */
bool draft_install(struct draft *draft, struct storage *storage, const char *id,
                   struct writer *writer, const char *base, struct err *err);

void draft_done(struct draft *draft);

static inline void own_draft(struct draft *local)
{
    draft_done(local);
}

#endif
