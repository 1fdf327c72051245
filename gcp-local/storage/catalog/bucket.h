/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket: a name, a project, and settings that are kept as clients sent them. */
#ifndef GCP_LOCAL_STORAGE_CATALOG_BUCKET_H
#define GCP_LOCAL_STORAGE_CATALOG_BUCKET_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero is empty; all owned. */
struct bucket {
    char *name, *project;
    int64_t metageneration, created, updated;
    json_t *fields; /* those that clients set: location, versioning, labels… */
    json_t *policy; /* set by setIamPolicy; NULL until then */
};

void bucket_done(struct bucket *bucket);

static inline void own_bucket(struct bucket *local)
{
    bucket_done(local);
}

/* Sets fields from a resource that a client sent: a patch merges objects and removes by null, an
 * update replaces all. */
bool bucket_set(struct bucket *bucket, const json_t *resource, bool patch, struct err *err);

/* Whether generations that are replaced or deleted are kept. */
bool bucket_versioned(const struct bucket *bucket);

/* A number for a project that has none of its own: always the same for the same name. The caller
 * frees. */
char *bucket_project_number(const char *project);

/* The resource as Google shows it; see storage_object_to_json. */
json_t *bucket_to_json(const struct bucket *bucket, const char *base);

#endif
