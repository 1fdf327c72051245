/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of the plain kind: strings of ASCII without escapes, whole numbers, objects and lists that
 * nest a little. Nearly every message is of this kind, and so it is read several times as fast as
 * by jansson. */
#ifndef BASE_JSON_JSON_PLAIN_H
#define BASE_JSON_JSON_PLAIN_H

#include "base/bytes.h"

#include <jansson.h>

/* The tree that jansson would make of the document; NULL when it is not as plain as that, or
 * perhaps not in order: then jansson has to read it. The caller decrefs the tree. */
json_t *json_plain_parse(struct bytes text);

#endif
