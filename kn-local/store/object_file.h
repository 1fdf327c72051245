/* SPDX-License-Identifier: Apache-2.0 */
/* The file of an object store: a SQLite database with one row for each object. Used by one thread
 * at a time. */
#ifndef KN_LOCAL_STORE_OBJECT_FILE_H
#define KN_LOCAL_STORE_OBJECT_FILE_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct object_file;

/* NULL and err when the file cannot be created, read or locked. */
struct object_file *object_file_open(const char *path, struct err *err);
void object_file_close(struct object_file *file);

static inline void own_object_file(struct object_file **local)
{
    object_file_close(*local);
}

/* Calls each for every saved object, which it may keep with json_incref. */
bool object_file_load(struct object_file *file,
                      void (*each)(const char *key, json_t *object, void *context), void *context,
                      struct err *err);

/* Saves an object under its key, replacing another one; NULL deletes it. */
bool object_file_save(struct object_file *file, const char *key, const json_t *object,
                      struct err *err);

#endif
