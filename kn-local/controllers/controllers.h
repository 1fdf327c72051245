/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers: they apply objects to the data plane, and write what it reports into the status
 * of the objects, into Pods, Revisions and Events. One thread, driven by changes. */
#ifndef KN_LOCAL_CONTROLLERS_CONTROLLERS_H
#define KN_LOCAL_CONTROLLERS_CONTROLLERS_H

#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"

struct controllers;

/* Creates the controllers. They do nothing until controllers_start, as the data plane is opened
 * with their listener. NULL and err when the store cannot be watched. */
struct controllers *controllers_open(struct object_store *objects, struct err *err);
struct resource_listener controllers_listener(struct controllers *controllers);

/* Starts the thread, which begins with all objects of the store. */
bool controllers_start(struct controllers *controllers, struct runtime *runtime, struct err *err);

/* Waits until everything so far has been applied and written. */
void controllers_settle(struct controllers *controllers);

/* Ends the thread after the object that it is working on. After that the data plane may be closed,
 * and then the controllers. */
void controllers_stop(struct controllers *controllers);
void controllers_close(struct controllers *controllers);

static inline void own_controllers(struct controllers **local)
{
    controllers_close(*local);
}

#endif
