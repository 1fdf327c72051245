/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the catalog share: its statements and its lock. */
#ifndef GCP_LOCAL_STORAGE_CATALOG_CATALOG_PRIVATE_H
#define GCP_LOCAL_STORAGE_CATALOG_CATALOG_PRIVATE_H

#include "base/own.h"
#include "gcp-local/storage/catalog/catalog.h"

#include <pthread.h>

/* The SQL is in catalog.c. */
enum catalog_statement {
    ADD_BUCKET,
    FIND_BUCKET,
    UPDATE_BUCKET,
    BUCKET_HAS_OBJECTS,
    DELETE_BUCKET,
    DELETE_BUCKET_CONFIGS,
    LIST_BUCKETS,
    PUT_OBJECT,
    FIND_LIVE_OBJECT,
    FIND_OBJECT,
    FIND_GENERATION,
    LAST_GENERATION,
    DELETE_OBJECT,
    LIST_OBJECTS,
    ADD_CONFIG,
    DELETE_CONFIG,
    LIST_CONFIGS,
    PUT_SESSION,
    FIND_SESSION,
    DELETE_SESSION,
    EXPIRE_SESSIONS,
    STATEMENTS,
};

struct catalog {
    struct sqlite *db;
    pthread_mutex_t lock; /* recursive; guards all of this */
    int64_t last_generation;
};

/* A tree as a parameter of format 'o'; NULL for NULL. */
char *catalog_json(const json_t *tree);

/* A column of JSON. New reference; NULL for NULL. */
json_t *catalog_column_json(const struct sqlite_rows *rows, int column);

static inline void own_catalog_lock(struct catalog **held)
{
    pthread_mutex_unlock(&(*held)->lock);
}

/* Locks the catalog until the end of the scope. */
#define CATALOG_LOCK(catalog)                                                                      \
    OWN(catalog_lock)                                                                              \
    __attribute__((unused)) struct catalog *held_ =                                                \
        (pthread_mutex_lock(&(catalog)->lock), (catalog))

#endif
