/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply: metadata.managedFields records which manager applied which fields. */
#ifndef KN_LOCAL_API_MANAGED_FIELDS_H
#define KN_LOCAL_API_MANAGED_FIELDS_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

/* Returns the object with a configuration applied: sets the fields in it, removes those that this
 * manager applied earlier but no longer lists, replaces lists as a whole. before is NULL for a new
 * object. NULL and err (ERR_CONFLICT) when another manager owns a field that would change and force
 * is not set. */
json_t *managed_fields_apply(const json_t *before, const json_t *applied, const char *manager,
                             bool force, struct err *err);

#endif
