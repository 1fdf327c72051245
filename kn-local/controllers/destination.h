/* SPDX-License-Identifier: Apache-2.0 */
/* Destinations in manifests (ref, uri) become targets of the data plane. */
#ifndef KN_LOCAL_CONTROLLERS_DESTINATION_H
#define KN_LOCAL_CONTROLLERS_DESTINATION_H

#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"

/* Resolves a Destination; NULL is nowhere. ns is that of the object that holds it. What the target
 * points to is borrowed from the tree and ns. False and err (ERR_NOT_FOUND) when what it refers to
 * is not there, or is nothing that takes events. */
bool destination_resolve(struct object_store *objects, const json_t *destination, const char *ns,
                         struct runtime_destination *target, struct err *err);

/* As above, for the bare reference that 2019's kinds have in that place. */
bool destination_resolve_bare(struct object_store *objects, const json_t *reference, const char *ns,
                              struct runtime_destination *target, struct err *err);

#endif
