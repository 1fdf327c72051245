/* Where objects are kept over a restart: a SQLite file with one row an object. */
#ifndef KN_LOCAL_STORE_OBJECT_FILE_H
#define KN_LOCAL_STORE_OBJECT_FILE_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct objects_file;

/* NULL and err when the file cannot be made, read or locked. */
struct objects_file *objects_file_open(const char *path, struct err *err);
void objects_file_close(struct objects_file *file);

static inline void own_objects_file(struct objects_file **local)
{
    objects_file_close(*local);
}

/* Calls each for every saved object (which it may keep with json_incref). */
bool objects_file_load(struct objects_file *file,
                       void (*each)(const char *key, json_t *object, void *context), void *context,
                       struct err *err);

/* Saves an object in place of the one of its key; a NULL object removes it. */
bool objects_file_save(struct objects_file *file, const char *key, const json_t *object,
                       struct err *err);

#endif
