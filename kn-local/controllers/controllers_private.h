/* SPDX-License-Identifier: Apache-2.0 */
/* What the controllers share; included by nobody else. */
#ifndef KN_LOCAL_CONTROLLERS_CONTROLLERS_PRIVATE_H
#define KN_LOCAL_CONTROLLERS_CONTROLLERS_PRIVATE_H

#include "kn-local/controllers/controllers.h"
#include "kn-local/controllers/observed_status.h"

#include <jansson.h>
#include <pthread.h>

struct controllers {
    struct object_store *objects;
    struct runtime *runtime;
    struct observed_status_map *facts; /* what the data plane told last */
    struct object_store_watch *watch;

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool dirty, changes_queued, busy, stopping;
    json_t *news;  /* what the data plane told, in order: pods and events */
    size_t missed; /* events that were too many to be written down */
};

/* One object, in today's words, as a controller sees it. */
struct reconcile_context {
    struct controllers *control;
    const struct kind *kind;
    json_t *object;
    const char *ns, *name;
    struct resource_id id; /* what the data plane knows it as */
    json_t *status;        /* being built: conditions, and what else it has */
    json_t *accepted;      /* [ns, from, to] of the subscriptions before that lead to a channel */
};

/* Each tells the data plane what the object asks for and builds its status. */
#define CONTROLLER_DECLARE(NAME, name)                                                             \
    void name##_controller_reconcile(struct reconcile_context *it);
KIND_CONTROLLERS(CONTROLLER_DECLARE)

/* Adds a condition with what the data plane reported last: true when nothing was. */
void controllers_add_observed(struct reconcile_context *it, const char *type);

/* What the data plane told, as JSON for the thread, and how it is written down. */
json_t *pod_status_update_from_pod(const struct serving_pod *pod);
json_t *pod_status_update_from_event(const struct resource_event *event);
void pod_status_write(struct controllers *control, const json_t *news);
void pod_status_write_event(struct controllers *control, const json_t *news);

/* Forgets the ended pods of something that was deleted. */
void pod_status_forget(struct controllers *control, const struct resource_id *owner);

/* The data plane's word for an object; false when it has none. The name is owned by owned_name. */
bool controllers_resource_id(const struct kind *kind, const char *ns, const char *name,
                             struct resource_id *id, char **owned_name);

/* The object that a runtime id is about, as it is stored, and its family; NULL when it is gone. A
 * new reference. */
json_t *controllers_find_object(struct controllers *control, const struct resource_id *id,
                                const struct kind **kind);

#endif
