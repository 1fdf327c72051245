/* What the controllers share; included by nobody else. */
#ifndef KN_LOCAL_CONTROLLERS_CONTROLLERS_PRIVATE_H
#define KN_LOCAL_CONTROLLERS_CONTROLLERS_PRIVATE_H

#include "kn-local/controllers/controllers.h"
#include "kn-local/controllers/observed_status.h"

#include <jansson.h>
#include <pthread.h>

struct control {
    struct objects *objects;
    struct runtime *runtime;
    struct facts *facts; /* what the data plane told last */
    struct objects_watch *watch;

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool dirty, busy, stopping;
    json_t *news;  /* what the data plane told, in order: pods and events */
    size_t missed; /* events that were too many to be written down */
    json_t *gone;  /* objects that were deleted */
};

/* One object, in today's words, as a controller sees it. */
struct controlled {
    struct control *control;
    const struct kind *kind;
    json_t *object;
    const char *ns, *name;
    json_t *status;   /* being built: conditions, and what else it has */
    json_t *accepted; /* [ns, from, to] of the subscriptions before that lead to a channel */
};

/* Each tells the data plane what the object asks for and builds its status. */
void control_channel(struct controlled *it);
void control_subscription(struct controlled *it);
void control_service(struct controlled *it);
void control_container_source(struct controlled *it);
void control_ping_source(struct controlled *it);
void control_gcp_source(struct controlled *it);

/* What the data plane told, as JSON for the thread, and how it is written down. */
json_t *control_pod_news(const struct runtime_pod *pod);
json_t *control_event_news(const struct runtime_event *event);
void control_write_pod(struct control *control, const json_t *news);
void control_write_event(struct control *control, const json_t *news);

/* Forgets the ended pods of something that was deleted. */
void control_forget_pods(struct control *control, const struct runtime_id *owner);

/* The data plane's word for an object; false when it has none. The name is owned by owned_name. */
bool control_runtime_id(const struct kind *kind, const char *ns, const char *name,
                        struct runtime_id *id, char **owned_name);

/* The object that a runtime id is about, as it is stored, and its family; NULL when it is gone. A
 * new reference. */
json_t *control_object_of(struct control *control, const struct runtime_id *id,
                          const struct kind **kind);

#endif
