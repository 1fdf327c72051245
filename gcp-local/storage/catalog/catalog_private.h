/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the catalog share: the door to SQLite. */
#ifndef GCP_LOCAL_STORAGE_CATALOG_CATALOG_PRIVATE_H
#define GCP_LOCAL_STORAGE_CATALOG_CATALOG_PRIVATE_H

#include "base/own.h"
#include "gcp-local/storage/catalog/catalog.h"

#include <pthread.h>
#include <sqlite3.h>

enum { MAX_STATEMENTS = 40 };

/* A statement that was compiled before, known by the address of its text. */
struct prepared_statement {
    const char *sql;
    sqlite3_stmt *rows;
};

struct catalog {
    sqlite3 *db;
    pthread_mutex_t lock; /* recursive; guards all of this */
    struct prepared_statement prepared[MAX_STATEMENTS];
    int64_t last_generation;
};

/* A statement with its values, to be stepped and reset; sql must be a literal. NULL and err
 * otherwise. The format has a letter for each value: 't' a text (NULL is NULL), 'i' an int64_t,
 * 'j' JSON. */
sqlite3_stmt *catalog_prepare(struct catalog *catalog, struct err *err, const char *sql,
                              const char *format, ...);

/* Steps a statement (NULL: it has failed already) that answers nothing. */
bool catalog_execute(struct catalog *catalog, sqlite3_stmt *rows, struct err *err);

/* Steps to a row. At the end, or after a failure, the statement is reset. */
bool catalog_step(struct catalog *catalog, sqlite3_stmt *rows, struct err *err);

/* Columns of a row: a text, borrowed until the next step; JSON, a new reference. */
const char *catalog_column_text(sqlite3_stmt *rows, int column);
json_t *catalog_column_json(sqlite3_stmt *rows, int column);

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
