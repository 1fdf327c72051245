/* SPDX-License-Identifier: Apache-2.0 */
/* The types of YAML 1.2's core schema. */
#ifndef BASE_YAML_YAML_SCALAR_H
#define BASE_YAML_YAML_SCALAR_H

#include <jansson.h>

/* The value of a plain (unquoted) scalar: null, a boolean, a number or a string; a new reference.
 * NULL for numbers that JSON cannot represent: .inf and .nan. */
json_t *yaml_scalar_to_json(const char *text);

#endif
