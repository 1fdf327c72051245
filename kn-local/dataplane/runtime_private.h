/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of runtime share. Private to them. */
#ifndef KN_LOCAL_DATAPLANE_RUNTIME_PRIVATE_H
#define KN_LOCAL_DATAPLANE_RUNTIME_PRIVATE_H

#include "kn-local/dataplane/channel.h"
#include "kn-local/dataplane/ping_source.h"
#include "kn-local/dataplane/runtime.h"
#include "kn-local/serving/revision.h"
#include "net/server/http_server.h"

#include <uthash.h>

/* One thing that was applied; which member is in use goes with its type. */
struct entry {
    char *key; /* kind, namespace and name: "0/default/pictures" */
    enum { ENTRY_CHANNEL, ENTRY_SUBSCRIPTION, ENTRY_REVISION, ENTRY_PING } type;
    union {
        struct channel *channel;
        struct {
            struct subscription *subscription;
            char *channel_key;
            struct channel *attached; /* that it takes part in now; held */
        };
        struct revision *revision;
        struct ping_source *ping;
    };
    UT_hash_handle hh;
};

struct runtime {
    struct dataplane_io io;
    bool simulated;
    struct runtime_options options;
    struct serving_image *images;
    struct serving_variable *variables;
    char *data_dir, *program_dir, *pods_dir, *store_path, *root;
    struct event_loop *loop;
    struct http_client *client;
    struct http_server *server;
    struct pod_manager pods;
    atomic_bool begun;

    pthread_mutex_t change; /* one change at a time: held by the calls of runtime.h, and by nothing
                             * that these calls lead to */
    char **kept;            /* keys of what exists but could not be applied before runtime_begin */
    size_t kept_count;
    struct event_log_writer *writer; /* NULL until the first channel on disk */
    pthread_rwlock_t names;          /* guards entries; written under `change` */
    struct entry *entries;
};

/* What is applied under a name, held; NULL when there is none. From any thread. */
struct channel *runtime_find_channel(struct runtime *runtime, const char *ns, const char *name);
struct revision *runtime_find_revision(struct runtime *runtime, const char *ns, const char *name);

/* An event_log_keep: whether runtime_keep was called for what is in the file. */
bool runtime_is_kept(const char *log, const char *reader, void *context);

/* Frees all entries at the end; what is on disk stays. */
void runtime_free_entries(struct runtime *runtime);

#endif
