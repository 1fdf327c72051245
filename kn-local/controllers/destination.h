/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves destinations in manifests (ref, uri) to those of the data plane. */
#ifndef KN_LOCAL_CONTROLLERS_DESTINATION_H
#define KN_LOCAL_CONTROLLERS_DESTINATION_H

#include "kn-local/dataplane/runtime.h"
#include "kn-local/store/object_store.h"

/* Resolves a Destination; NULL resolves to DESTINATION_NONE. ns is that of the object that holds
 * it. The strings of target are borrowed from the tree and ns. False and err when what it refers to
 * does not exist (ERR_NOT_FOUND) or is not addressable (ERR_INPUT). */
bool destination_resolve(struct object_store *objects, const json_t *destination, const char *ns,
                         struct runtime_destination *target, struct err *err);

/* The same for a bare reference, as spec.channel and the kinds of 2019 have it. */
bool destination_resolve_bare(struct object_store *objects, const json_t *reference, const char *ns,
                              struct runtime_destination *target, struct err *err);

#endif
