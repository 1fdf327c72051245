/* What the files of the object store share; included by nobody else. All calls want the lock held.
 */
#ifndef KN_LOCAL_STORE_OBJECT_STORE_PRIVATE_H
#define KN_LOCAL_STORE_OBJECT_STORE_PRIVATE_H

#include "kn-local/store/object_file.h"
#include "kn-local/store/object_store.h"

#include <pthread.h>
#include <uthash.h>

enum { HISTORY = 2048 }; /* changes that a watch may begin in the past with */

struct stored {
    char *key; /* "channels.messaging.knative.dev/default/pubsub-test" */
    const struct kind *family;
    json_t *object;
    UT_hash_handle hh;
};

struct objects_watch {
    objects_changed *changed;
    void *context;
    struct objects_watch *prev, *next;
};

struct objects {
    pthread_mutex_t lock; /* guards everything below */
    struct objects_file *file;
    struct stored *table;
    struct objects_watch *watches;
    uint64_t version;
    struct change history[HISTORY]; /* a ring; owns object and before */
    uint64_t changes;               /* how many there were so far */
    uint64_t forgotten;             /* the version of the last one that left the ring */
};

/* "channels.messaging.knative.dev/default/pubsub-test"; the caller frees. */
char *objects_key(const struct object_key *key);

/* The entry of a key, or NULL. */
struct stored *objects_find(struct objects *objects, const struct object_key *key);

/* Adds an entry without object; key is taken over. */
struct stored *objects_put(struct objects *objects, char *key, const struct kind *family);
void objects_drop(struct objects *objects, struct stored *stored);

/* Remembers a change and tells the watchers. The trees are borrowed. */
void objects_tell(struct objects *objects, enum change_type type, const struct stored *stored,
                  json_t *object, json_t *before);

#endif
