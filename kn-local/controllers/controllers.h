/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers: what objects ask for is told to the data plane, and what became of it is written
 * into their status, into Pods, Revisions and Events. One thread, driven by changes. */
#ifndef KN_LOCAL_CONTROLLERS_CONTROLLERS_H
#define KN_LOCAL_CONTROLLERS_CONTROLLERS_H

#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"

struct controllers;

/* Makes the controllers, which do nothing yet: the data plane is opened with their listener. */
struct controllers *controllers_open(struct object_store *objects, struct err *err);
struct resource_listener controllers_listener(struct controllers *control);

/* Begins with all objects that are there. */
bool controllers_start(struct controllers *control, struct runtime *runtime, struct err *err);

/* Waits until everything asked for so far has been told to the data plane. */
void controllers_settle(struct controllers *control);

/* Stops telling the data plane anything; it may be closed then, and the controllers after it. */
void controllers_stop(struct controllers *control);
void controllers_close(struct controllers *control);

static inline void own_controllers(struct controllers **local)
{
    controllers_close(*local);
}

#endif
