/* SPDX-License-Identifier: Apache-2.0 */
/* An object: one generation of a name in a bucket. */
#ifndef GCP_LOCAL_STORAGE_CATALOG_STORAGE_OBJECT_H
#define GCP_LOCAL_STORAGE_CATALOG_STORAGE_OBJECT_H

#include "base/err.h"
#include "base/timestamp.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero is empty; all owned. Times are in nanoseconds, rounded down to milliseconds. */
struct storage_object {
    char *bucket, *name;
    int64_t generation, metageneration, size;
    uint32_t crc32c;
    char *md5;          /* base64; NULL for a composite object */
    int64_t components; /* of a composite object; 0 = it is not one */
    int64_t created, updated;
    int64_t deleted; /* when it was archived or deleted; 0 = it is live */
    json_t *fields;  /* settable by clients: contentType, metadata… */
};

void storage_object_done(struct storage_object *object);

static inline void own_storage_object(struct storage_object *local)
{
    storage_object_done(local);
}

/* Sets fields from a resource that a client sent; null removes one. Ignores fields that cannot be
 * set. ERR_INPUT for a wrong type. */
bool storage_object_set(struct storage_object *object, const json_t *resource, struct err *err);

/* A string field, or fallback. Borrowed. */
const char *storage_object_field(const struct storage_object *object, const char *name,
                                 const char *fallback);

/* The resource in Google's form. base is "http://HOST:PORT" of its links. New reference. */
json_t *storage_object_to_json(const struct storage_object *object, const char *base);

/* Google's etag of a generation and metageneration. The caller frees. */
char *storage_object_etag(int64_t generation, int64_t metageneration);

/* "2026-01-01T00:00:00.000Z". */
void storage_object_time_text(int64_t time_ns, char text[TIMESTAMP_SIZE]);

/* The clock in nanoseconds, rounded down to milliseconds. */
int64_t storage_object_time_now(void);

#endif
