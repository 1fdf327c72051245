/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the object store share; included by nobody else. All calls want the lock held.
 */
#ifndef KN_LOCAL_STORE_OBJECT_STORE_PRIVATE_H
#define KN_LOCAL_STORE_OBJECT_STORE_PRIVATE_H

#include "kn-local/store/object_file.h"
#include "kn-local/store/object_store.h"

#include <pthread.h>
#include <uthash.h>

enum { OBJECT_STORE_HISTORY = 2048 }; /* changes that a watch may begin in the past with */

struct stored_object {
    char *key; /* "channels.messaging.knative.dev/default/pubsub-test" */
    const struct kind *hub;
    json_t *object;
    UT_hash_handle hh;
};

struct object_store_watch {
    object_change_handler *changed;
    void *context;
    struct object_store_watch *prev, *next;
};

struct object_store {
    pthread_mutex_t lock; /* guards everything below */
    struct object_file *file;
    struct stored_object *table;
    struct object_store_watch *watches;
    uint64_t version;
    struct object_change history[OBJECT_STORE_HISTORY]; /* a ring; owns object and before */
    uint64_t changes;                                   /* how many there were so far */
    uint64_t forgotten; /* the version of the last one that left the ring */
};

/* "channels.messaging.knative.dev/default/pubsub-test"; the caller frees. */
char *object_store_key(const struct object_key *key);

/* The entry of a key, or NULL. */
struct stored_object *object_store_find(struct object_store *objects, const struct object_key *key);

/* Adds an entry without object; key is taken over. */
struct stored_object *object_store_insert(struct object_store *objects, char *key,
                                          const struct kind *hub);
void object_store_remove(struct object_store *objects, struct stored_object *stored);

/* Remembers a change and tells the watchers. The trees are borrowed. */
void object_store_notify(struct object_store *objects, enum object_change_type type,
                         const struct stored_object *stored, json_t *object, json_t *before);

#endif
