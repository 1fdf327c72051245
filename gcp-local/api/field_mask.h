/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter `fields` of Google's APIs: a partial response. */
#ifndef GCP_LOCAL_API_FIELD_MASK_H
#define GCP_LOCAL_API_FIELD_MASK_H

#include "base/err.h"

#include <jansson.h>

/* Removes from a response all that the selection does not name, e.g.
 * "responses(labelAnnotations/description,error)": paths with '/' or '.', lists in parentheses,
 * '*' for any name. False and ERR_INPUT when the selection is malformed. */
bool field_mask_apply(json_t *response, const char *selection, struct err *err);

#endif
