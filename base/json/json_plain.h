/* SPDX-License-Identifier: Apache-2.0 */
/* A fast path for plain JSON: strings without escapes, whole numbers of up to 18 digits, at most 16
 * levels. Nearly every message is of this kind, and is read several times as fast as by jansson. */
#ifndef BASE_JSON_JSON_PLAIN_H
#define BASE_JSON_JSON_PLAIN_H

#include "base/bytes.h"

#include <jansson.h>

/* The tree that jansson would build of the document. NULL when the document is not plain, or
 * perhaps not valid: then jansson has to read it. The caller decrefs the tree. */
json_t *json_plain_parse(struct bytes text);

#endif
