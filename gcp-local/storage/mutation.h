/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to the objects of a bucket. Each is done completely or not at all, also across kill -9,
 * and published to the bucket's notification configs. */
#ifndef GCP_LOCAL_STORAGE_MUTATION_H
#define GCP_LOCAL_STORAGE_MUTATION_H

#include "gcp-local/storage/content/content_writer.h"
#include "gcp-local/storage/storage_private.h"

/* Makes incoming/ID the content of a new live generation. object has bucket, name, size, hashes and
 * fields; its generation and times are set here. After a failure the incoming file still exists.
 * base is "http://HOST:PORT" for the links in notifications, here and below. */
bool mutation_install(struct storage *storage, const char *id, struct storage_object *object,
                      const struct preconditions *preconditions, const char *base, struct err *err);

/* Deletes the live object (in a versioned bucket it is archived), or with a generation deletes that
 * generation. */
bool mutation_delete(struct storage *storage, const char *bucket, const char *name,
                     int64_t generation, const struct preconditions *preconditions,
                     const char *base, struct err *err);

/* Sets fields of an object; with replace, clears all settable fields first. */
bool mutation_update_fields(struct storage *storage, const struct storage_object *which,
                            const json_t *resource, bool replace,
                            const struct preconditions *preconditions, const char *base,
                            struct storage_object *out, struct err *err);

/* At start: removes content without a row and incoming files without a session. */
void mutation_recover(struct storage *storage);

#endif
