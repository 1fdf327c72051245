/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket: a name, a project, and settings, stored as clients sent them. */
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
    json_t *fields; /* settable by clients: location, versioning, labels… */
    json_t *policy; /* set by setIamPolicy; NULL until then */
};

void bucket_done(struct bucket *bucket);

static inline void own_bucket(struct bucket *local)
{
    bucket_done(local);
}

/* Sets fields from a resource that a client sent. A patch merges objects and removes fields that
 * are null; otherwise all fields but location and storageClass are replaced. */
bool bucket_set(struct bucket *bucket, const json_t *resource, bool patch, struct err *err);

/* True if generations that are replaced or deleted are archived. */
bool bucket_versioned(const struct bucket *bucket);

/* The number of a project: computed from its name, unless that is a number. The caller frees. */
char *bucket_project_number(const char *project);

/* The resource in Google's form; see storage_object_to_json. */
json_t *bucket_to_json(const struct bucket *bucket, const char *base);

#endif
