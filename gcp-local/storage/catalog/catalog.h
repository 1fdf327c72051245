/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets, objects, notification configs and upload sessions as rows of SQLite.
 *
 * Safe from any thread; each call is a transaction of its own unless the thread has called
 * catalog_begin. ERR_NOT_FOUND and ERR_CONFLICT have Google's texts. */
#ifndef GCP_LOCAL_STORAGE_CATALOG_CATALOG_H
#define GCP_LOCAL_STORAGE_CATALOG_CATALOG_H

#include "base/sqlite.h"
#include "gcp-local/storage/catalog/bucket.h"
#include "gcp-local/storage/catalog/storage_object.h"

struct catalog;

/* file NULL: in memory. */
struct catalog *catalog_open(const char *file, struct err *err);
void catalog_close(struct catalog *catalog);

static inline void own_catalog(struct catalog **local)
{
    catalog_close(*local);
}

/* A transaction: other threads wait. Rolled back at the end of its scope unless committed. */
struct catalog_txn {
    struct catalog *catalog; /* NULL once it is committed */
};

bool catalog_begin(struct catalog *catalog, struct catalog_txn *txn, struct err *err);
bool catalog_commit(struct catalog_txn *txn, struct err *err);
void own_catalog_txn(struct catalog_txn *local);

/* Deletes all rows. */
bool catalog_reset(struct catalog *catalog, struct err *err);

bool catalog_add_bucket(struct catalog *catalog, const struct bucket *bucket, struct err *err);
bool catalog_find_bucket(struct catalog *catalog, const char *name, struct bucket *out,
                         struct err *err);
bool catalog_update_bucket(struct catalog *catalog, const struct bucket *bucket, struct err *err);

/* Deletes an empty bucket and its notification configs; ERR_CONFLICT when it is not empty. */
bool catalog_delete_bucket(struct catalog *catalog, const char *name, struct err *err);

/* Calls each for the buckets after `after`, ordered by name, until it returns false. */
bool catalog_each_bucket(struct catalog *catalog, const char *project, const char *after,
                         bool (*each)(const struct bucket *bucket, void *context), void *context,
                         struct err *err);

/* Finds the live object, or with a generation that one. */
bool catalog_find_object(struct catalog *catalog, const char *bucket, const char *name,
                         int64_t generation, struct storage_object *out, struct err *err);
bool catalog_has_generation(struct catalog *catalog, const char *bucket, int64_t generation,
                            bool *exists, struct err *err);
bool catalog_put_object(struct catalog *catalog, const struct storage_object *object,
                        struct err *err);
bool catalog_delete_object(struct catalog *catalog, const struct storage_object *object,
                           struct err *err);

/* The clock in microseconds, but always more than the last generation. */
int64_t catalog_next_generation(struct catalog *catalog);

/* A walk over a bucket's objects, ordered by name and generation. The catalog is locked until it
 * ends. */
struct catalog_walk {
    struct catalog *catalog;
    const char *bucket; /* borrowed */
    bool versions;      /* also those that are not live */
    struct sqlite_rows rows;
};

void catalog_walk_begin(struct catalog *catalog, const char *bucket, bool versions,
                        struct catalog_walk *walk);

/* Continues after a name and generation. */
void catalog_walk_seek(struct catalog_walk *walk, const char *name, int64_t generation);

/* False at the end (err untouched) and after a failure. */
bool catalog_walk_next(struct catalog_walk *walk, struct storage_object *out, struct err *err);
void own_catalog_walk(struct catalog_walk *local);

bool catalog_add_config(struct catalog *catalog, const char *bucket, const json_t *config,
                        int64_t *id, struct err *err);
bool catalog_delete_config(struct catalog *catalog, const char *bucket, int64_t id,
                           struct err *err);
bool catalog_each_config(struct catalog *catalog, const char *bucket,
                         void (*each)(int64_t id, const json_t *config, void *context),
                         void *context, struct err *err);

bool catalog_put_session(struct catalog *catalog, const char *id, const json_t *session,
                         struct err *err);
/* New reference; NULL and ERR_NOT_FOUND when there is no such session. */
json_t *catalog_find_session(struct catalog *catalog, const char *id, struct err *err);
bool catalog_delete_session(struct catalog *catalog, const char *id, struct err *err);

/* Deletes the sessions that began before that time. */
bool catalog_expire_sessions(struct catalog *catalog, int64_t before_ns, struct err *err);

#endif
