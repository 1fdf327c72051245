/* SPDX-License-Identifier: Apache-2.0 */
/* Patches: how kubectl says what is to change in an object. Each gives a new tree. */
#ifndef KN_LOCAL_API_MERGE_PATCH_H
#define KN_LOCAL_API_MERGE_PATCH_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

/* JSON merge patch (RFC 7396). */
json_t *merge_patch_apply(const json_t *target, const json_t *patch);

/* Kubernetes' strategic merge patch, for its own types: as a merge patch, but lists of objects with
 * names are merged name by name, and $patch, $retainKeys, $deleteFromPrimitiveList and
 * $setElementOrder are obeyed. NULL and err when a directive is none. */
json_t *merge_patch_apply_strategic(const json_t *target, const json_t *patch, struct err *err);

/* JSON patch (RFC 6902). NULL and err (ERR_INPUT, or 422 when a test or path fails). */
json_t *json_patch_apply(const json_t *target, const json_t *patch, struct err *err);

#endif
