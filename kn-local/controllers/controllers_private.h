/* SPDX-License-Identifier: Apache-2.0 */
/* What the controllers share. Private to them. */
#ifndef KN_LOCAL_CONTROLLERS_CONTROLLERS_PRIVATE_H
#define KN_LOCAL_CONTROLLERS_CONTROLLERS_PRIVATE_H

#include "kn-local/controllers/controllers.h"
#include "kn-local/controllers/observed_status.h"
#include "kn-local/controllers/report_queue.h"

#include <jansson.h>
#include <pthread.h>

struct recorded_event;

struct controllers {
    struct object_store *objects;
    struct runtime *runtime;
    struct observed_status_map *observed; /* has a lock of its own */
    struct object_store_watch *watch;
    struct recorded_event *recorded; /* the Events, oldest first; used by the thread alone */

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t changed;
    bool status_changed, objects_changed, busy, stopping;
    struct report_queue reports;
};

/* One object, in the hub version of its kind, as a controller sees it. */
struct reconcile_context {
    struct controllers *controllers;
    const struct kind *kind;
    json_t *object;
    const char *ns, *name;
    struct resource_id id; /* in the data plane */
    json_t *status;        /* being built: conditions and other members */
    json_t *accepted;      /* [ns, from, to] of the earlier subscriptions that lead to a channel */
};

/* Each applies an object to the data plane and builds its status. */
#define CONTROLLER_DECLARE(NAME, name)                                                             \
    void name##_controller_reconcile(struct reconcile_context *ctx);
KIND_CONTROLLERS(CONTROLLER_DECLARE)

/* Adds a condition with what the data plane reported last; true when it reported nothing. */
void controllers_add_observed(struct reconcile_context *ctx, const char *type);

/* Writes a pod as a Pod: creates it, updates its status or deletes it. */
void pod_status_write(struct controllers *controllers, const struct serving_pod *pod);

/* Deletes the Pods of a resource that was deleted. */
void pod_status_forget(struct controllers *controllers, const struct resource_id *owner);

/* Counts an event in the Event of its object and reason, which it creates when there is none. */
void event_recorder_write(struct controllers *controllers, const struct event_report *report);

/* Frees the list of Events. */
void event_recorder_close(struct controllers *controllers);

/* The id of an object in the data plane; false when it has none. owned_name is set to the id's
 * name; the caller frees. */
bool controllers_resource_id(const struct kind *kind, const char *ns, const char *name,
                             struct resource_id *id, char **owned_name);

/* The object that owns an id, as it is stored, and its hub kind; NULL when there is none. Of
 * several kinds of channels with one name, the oldest owns it. A new reference. */
json_t *controllers_find_object(struct controllers *controllers, const struct resource_id *id,
                                const struct kind **kind);

#endif
