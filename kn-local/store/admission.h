/* SPDX-License-Identifier: Apache-2.0 */
/* Admission: completes and checks an object before it is stored. */
#ifndef KN_LOCAL_STORE_ADMISSION_H
#define KN_LOCAL_STORE_ADMISSION_H

#include "kn-local/store/object_store.h"

/* Checks the fields of an object and the rules of its kind, and sets defaults. old is the stored
 * state in the same version, NULL for a new object. False and the fault. */
bool admission_prepare(const struct kind *kind, json_t *object, const json_t *old,
                       bool allow_unknown, struct validation_error *problem);

/* Creates or replaces an object from a manifest; ns is its namespace if it names none. result (may
 * be NULL) is set to "created", "configured" or "unchanged". */
bool admission_apply(struct object_store *objects, const json_t *manifest, const char *ns,
                     const char **result, struct validation_error *problem, struct err *err);

/* Creates a namespace if it does not exist. */
bool admission_ensure_namespace(struct object_store *objects, const char *name, struct err *err);

#endif
