/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply: who wished for which fields is written into metadata.managedFields. */
#ifndef KN_LOCAL_API_MANAGED_FIELDS_H
#define KN_LOCAL_API_MANAGED_FIELDS_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

/* The object after a manager applied its wish: fields of the wish are set, those that it wished for
 * before and does no more are removed, lists are replaced as a whole. before is NULL for a new
 * object. NULL and err (ERR_CONFLICT) when another manager wishes for another value and force is
 * not set. */
json_t *managed_fields_apply(const json_t *before, const json_t *wish, const char *manager,
                             bool force, struct err *err);

#endif
