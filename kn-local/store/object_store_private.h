/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the object store only. All calls require that the lock is held. */
#ifndef KN_LOCAL_STORE_OBJECT_STORE_PRIVATE_H
#define KN_LOCAL_STORE_OBJECT_STORE_PRIVATE_H

#include "kn-local/store/object_file.h"
#include "kn-local/store/object_store.h"

#include <pthread.h>
#include <uthash.h>

enum { OBJECT_STORE_HISTORY = 2048 }; /* changes that a watch can still start before */

struct stored_object {
    char *key; /* "channels.messaging.knative.dev/default/pubsub-test" */
    const struct kind *hub;
    json_t *object;
    UT_hash_handle hh;
};

struct queued_change;

/* What follows wake and context is guarded by the lock of the store. */
struct object_store_watch {
    struct object_store *objects;
    void (*wake)(void *context);
    void *context;
    struct queued_change *queue;
    unsigned wakers; /* threads that are about to call wake, or are in it */
    struct object_store_watch *prev, *next;
};

struct object_store {
    pthread_mutex_t lock; /* guards everything below; held while the file is written */
    pthread_cond_t woken; /* a watch has one waker less */
    struct object_file *file;
    struct stored_object *table;
    struct object_store_watch *watches;
    uint64_t version;
    struct object_change history[OBJECT_STORE_HISTORY]; /* a ring */
    uint64_t changes;                                   /* recorded so far */
    uint64_t forgotten; /* the version of the last change that left the ring */
};

/* "channels.messaging.knative.dev/default/pubsub-test"; the caller frees. */
char *object_store_key(const struct object_key *key);

/* The entry of a key, or NULL. */
struct stored_object *object_store_find(struct object_store *objects, const struct object_key *key);

/* Adds an entry without an object; takes ownership of key. */
struct stored_object *object_store_insert(struct object_store *objects, char *key,
                                          const struct kind *hub);
void object_store_remove(struct object_store *objects, struct stored_object *stored);

/* Adds a change to the history and to the queues of all watches. Takes references to the trees,
 * which must not change afterwards. */
void object_store_record(struct object_store *objects, enum object_change_type type,
                         const struct stored_object *stored, json_t *object, json_t *before);

/* Unlocks, and then wakes the watches that have changes to read. */
void object_store_unlock_and_wake(struct object_store *objects);

#endif
