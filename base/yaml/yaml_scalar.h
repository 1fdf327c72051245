/* SPDX-License-Identifier: Apache-2.0 */
/* The types of YAML 1.2's core schema. */
#ifndef BASE_YAML_YAML_SCALAR_H
#define BASE_YAML_YAML_SCALAR_H

#include <jansson.h>

/* What a plain (unquoted) scalar is: null, a boolean, a number or a text. NULL when it is a number
 * that JSON has not: .inf and .nan. A new reference. */
json_t *yaml_scalar_to_json(const char *text);

#endif
