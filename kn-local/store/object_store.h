/* SPDX-License-Identifier: Apache-2.0 */
/* The object store: Kubernetes objects in memory, each change saved to a file, with watches.
 *
 * Trees that are returned belong to the caller alone, and trees that are passed in are copied; only
 * those of an object_change are shared, and so must not be changed. Kinds with the same hub
 * (kinds.h) share their objects. Calls may come from any thread. */
#ifndef KN_LOCAL_STORE_OBJECT_STORE_H
#define KN_LOCAL_STORE_OBJECT_STORE_H

#include "base/err.h"
#include "kn-local/kinds/object.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct object_store;

/* Opens the store in a SQLite file; NULL keeps it in memory only. NULL and err when the file cannot
 * be read. */
struct object_store *object_store_open(const char *file, struct err *err);
void object_store_close(struct object_store *objects);

static inline void own_object_store(struct object_store **local)
{
    object_store_close(*local);
}

/* The object in the version in which it was written, or NULL. A new reference. */
json_t *object_store_get(struct object_store *objects, const struct object_key *key);

/* A new array of all objects with the kind's hub in a namespace (NULL: in all), sorted by namespace
 * and name. version (may be NULL) is set to the store's version, from which to watch. */
json_t *object_store_list(struct object_store *objects, const struct kind *kind, const char *ns,
                          uint64_t *version);

/* Each takes ownership of the tree ("new") and returns what is stored now as a new reference, or
 * NULL and err with a reason: AlreadyExists and Conflict (ERR_CONFLICT), NotFound. */

/* Adds uid, resourceVersion, generation and creationTimestamp. */
json_t *object_store_create_new(struct object_store *objects, const struct object_key *key,
                                json_t *object, struct err *err);

/* Replaces all but status. With a metadata.resourceVersion, only that version. An object that is
 * equal already keeps its resourceVersion, and no change is recorded. */
json_t *object_store_update_new(struct object_store *objects, const struct object_key *key,
                                json_t *object, struct err *err);

/* Replaces only status; NULL removes it. */
json_t *object_store_set_status_new(struct object_store *objects, const struct object_key *key,
                                    json_t *status, struct err *err);

/* Deletes an object and those that it owns (metadata.ownerReferences). Returns its last state. */
json_t *object_store_delete(struct object_store *objects, const struct object_key *key,
                            struct err *err);

enum object_change_type { OBJECT_ADDED, OBJECT_MODIFIED, OBJECT_DELETED };

/* The trees are shared with the store and with other watches: read only. */
struct object_change {
    enum object_change_type type;
    const struct kind *hub;
    const char *ns;
    json_t *object; /* the last state when it was deleted */
    json_t *before; /* NULL when added */
    uint64_t version;
};

void object_change_done(struct object_change *change);

static inline void own_object_change(struct object_change *local)
{
    object_change_done(local);
}

/* Queues all changes after a version (0: from now on), beginning with those that were made already.
 * wake (may be NULL) is called by the thread that made a change, without a lock of the store, and
 * before the call that made it returns; it must not block. NULL and err (410, reason Expired) when
 * the history does not reach back to that version. */
struct object_store_watch *object_store_watch(struct object_store *objects, uint64_t since,
                                              void (*wake)(void *context), void *context,
                                              struct err *err);

/* Moves the oldest queued change out; false when there is none. The caller frees it with
 * object_change_done. */
bool object_store_next_change(struct object_store_watch *watch, struct object_change *change);

/* Ends a watch; wake is not called after it returns. Not to be called from wake. NULL is fine. */
void object_store_unwatch(struct object_store_watch *watch);

uint64_t object_store_version(struct object_store *objects);

#endif
