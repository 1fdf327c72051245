/* The controllers: what objects ask for is told to the data plane, and what became of it is written
 * into their status, into Pods, Revisions and Events. One thread, driven by changes. */
#ifndef KN_LOCAL_CONTROLLERS_CONTROLLERS_H
#define KN_LOCAL_CONTROLLERS_CONTROLLERS_H

#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"

struct control;

/* Makes the controllers, which do nothing yet: the data plane is opened with their listener. */
struct control *control_open(struct objects *objects, struct err *err);
struct runtime_listener control_listener(struct control *control);

/* Begins with all objects that are there. */
bool control_start(struct control *control, struct runtime *runtime, struct err *err);

/* Waits until everything asked for so far has been told to the data plane. */
void control_settle(struct control *control);

/* Stops telling the data plane anything; it may be closed then, and the controllers after it. */
void control_stop(struct control *control);
void control_close(struct control *control);

static inline void own_control(struct control **local)
{
    control_close(*local);
}

#endif
