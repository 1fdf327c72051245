/* SPDX-License-Identifier: Apache-2.0 */
/* The object store: what was applied and what became of it, as Kubernetes objects, in memory and
 * saved as it changes.
 *
 * Trees that come out belong to the caller alone, and those that go in are copied: nothing is
 * shared between threads. Kinds of one family (kinds.h) share their objects.
 */
#ifndef KN_LOCAL_STORE_OBJECT_STORE_H
#define KN_LOCAL_STORE_OBJECT_STORE_H

#include "base/err.h"
#include "kn-local/kinds/object.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct object_store;

/* Opens the store in a SQLite file, NULL: in memory only. NULL and err when it cannot be read. */
struct object_store *object_store_open(const char *file, struct err *err);
void object_store_close(struct object_store *objects);

static inline void own_object_store(struct object_store **local)
{
    object_store_close(*local);
}

/* The object as it was written (its apiVersion says how), or NULL. A new reference. */
json_t *object_store_get(struct object_store *objects, const struct object_key *key);

/* All of a kind's family in a namespace (NULL: in all), by namespace and name, as a new array;
 * version (may be NULL) is set to the store's, for a watch from there on. */
json_t *object_store_list(struct object_store *objects, const struct kind *kind, const char *ns,
                          uint64_t *version);

/* Each takes the tree over ("new" reference) and returns what is stored now as a new reference, or
 * NULL and err with a reason: AlreadyExists and Conflict (ERR_CONFLICT), NotFound. */

/* Adds uid, resourceVersion, generation and creationTimestamp. */
json_t *object_store_create_new(struct object_store *objects, const struct object_key *key,
                                json_t *object, struct err *err);

/* Replaces all but status. With a metadata.resourceVersion, only that version. An object that is
 * the same already keeps its resourceVersion, and nobody is told. */
json_t *object_store_update_new(struct object_store *objects, const struct object_key *key,
                                json_t *object, struct err *err);

/* Replaces only status; NULL removes it. */
json_t *object_store_set_status_new(struct object_store *objects, const struct object_key *key,
                                    json_t *status, struct err *err);

/* Removes it; the result is its last state. What it owned (metadata.ownerReferences) goes with it.
 */
json_t *object_store_delete(struct object_store *objects, const struct object_key *key,
                            struct err *err);

enum object_change_type { OBJECT_ADDED, OBJECT_MODIFIED, OBJECT_DELETED };

/* Told while the store is locked; the trees are its own and must not be kept. */
struct object_change {
    enum object_change_type type;
    const struct kind *hub;
    const char *ns;
    json_t *object; /* the last state when it was deleted; borrowed */
    json_t *before; /* NULL when added; borrowed */
    uint64_t version;
};

/* Called in the order of the changes with the store locked: must neither block nor call it. */
typedef void object_change_handler(const struct object_change *change, void *context);

/* Tells of all changes after a version (0: from now on), beginning with those already made.
 * NULL and err (410, reason Expired) when they are too long ago. */
struct object_store_watch *object_store_watch(struct object_store *objects, uint64_t since,
                                              object_change_handler *changed, void *context,
                                              struct err *err);

/* After it returns changed is not called any more. Not to be called from within it. */
void object_store_unwatch(struct object_store *objects, struct object_store_watch *watch);

uint64_t object_store_version(struct object_store *objects);

#endif
