/* SPDX-License-Identifier: Apache-2.0 */
/* Admission: what is done to an object, and checked, before it is stored. */
#ifndef KN_LOCAL_STORE_ADMISSION_H
#define KN_LOCAL_STORE_ADMISSION_H

#include "kn-local/store/object_store.h"

/* Fills in defaults and checks: the fields of its kind, its own rules, its namespace. old is the
 * state before in the words of the same kind, NULL for a new object. False and the problem. */
bool admission_prepare(const struct kind *kind, json_t *object, const json_t *old,
                       bool allow_unknown, struct validation_error *problem);

/* Creates or replaces an object as a manifest has it, ns when it names no namespace. result (may be
 * NULL) tells what was done: "created", "configured" or "unchanged". */
bool admission_apply(struct object_store *objects, const json_t *manifest, const char *ns,
                     const char **result, struct validation_error *problem, struct err *err);

/* Makes a namespace that is not there. */
bool admission_ensure_namespace(struct object_store *objects, const char *name, struct err *err);

#endif
