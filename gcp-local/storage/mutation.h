/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to what a bucket holds: each is done whole or not at all, also across kill -9, and told
 * to the bucket's notification configs. */
#ifndef GCP_LOCAL_STORAGE_MUTATION_H
#define GCP_LOCAL_STORAGE_MUTATION_H

#include "gcp-local/storage/content/content_writer.h"
#include "gcp-local/storage/storage_private.h"

/* Where a file of files.h lies. The caller frees. */
char *storage_incoming_path(const char *id);
char *storage_content_path(const char *bucket, int64_t generation);

/* Makes incoming/ID the content of a new live generation. object has bucket, name, size, hashes and
 * fields, and gets generation and times. After a failure the incoming file is still there. */
bool mutation_install(struct storage *storage, const char *id, struct storage_object *object,
                      const struct preconditions *preconditions, const char *base, struct err *err);

/* Deletes the live object (archives it where the bucket is versioned), or for good the generation
 * that is named. */
bool mutation_delete(struct storage *storage, const char *bucket, const char *name,
                     int64_t generation, const struct preconditions *preconditions,
                     const char *base, struct err *err);

/* Sets fields of an object; with replace, all that can be set are cleared before. */
bool mutation_update_fields(struct storage *storage, const struct storage_object *which,
                            const json_t *resource, bool replace,
                            const struct preconditions *preconditions, const char *base,
                            struct storage_object *out, struct err *err);

/* At start: removes content that lacks its row, and incoming files without a session. */
void mutation_recover(struct storage *storage);

#endif
