/* SPDX-License-Identifier: Apache-2.0 */
/* Merge patches: plain, and strategic for Kubernetes' own types. Each returns a new tree. */
#ifndef KN_LOCAL_API_MERGE_PATCH_H
#define KN_LOCAL_API_MERGE_PATCH_H

#include "base/err.h"

#include <jansson.h>

/* JSON merge patch (RFC 7396). */
json_t *merge_patch_apply(const json_t *target, const json_t *patch);

/* Kubernetes' strategic merge patch: as a merge patch, but lists of objects are merged by name, and
 * the directives $patch, $retainKeys, $deleteFromPrimitiveList and $setElementOrder are obeyed.
 * NULL and err when a directive is not known. */
json_t *merge_patch_apply_strategic(const json_t *target, const json_t *patch, struct err *err);

#endif
