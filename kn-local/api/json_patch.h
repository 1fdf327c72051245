/* SPDX-License-Identifier: Apache-2.0 */
/* JSON patch (RFC 6902). */
#ifndef KN_LOCAL_API_JSON_PATCH_H
#define KN_LOCAL_API_JSON_PATCH_H

#include "base/err.h"

#include <jansson.h>

/* The patched tree, a new one. NULL and err (ERR_INPUT; 422 when a test or path fails). */
json_t *json_patch_apply(const json_t *target, const json_t *patch, struct err *err);

#endif
