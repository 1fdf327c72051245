/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a value at a path of a JSON tree that was checked before, such as "spec.reply.ref.name".
 * Where missing and mistyped values are to be reported, use jread. */
#ifndef BASE_JSON_JSON_AT_H
#define BASE_JSON_JSON_AT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The value at a path: member names separated by dots, an index of a list in brackets, as in
 * "spec.containers[0].image". NULL when a step is missing or of another type. Borrowed from the
 * tree, which may be NULL. A name that has a dot or bracket in it cannot be reached. */
json_t *json_at(const json_t *tree, const char *path);

/* The string at a path, borrowed; NULL when there is no string. */
const char *json_text_at(const json_t *tree, const char *path);

/* The integer at a path; fallback when there is no integer. */
int64_t json_int_at(const json_t *tree, const char *path, int64_t fallback);

/* Whether true is at a path. */
bool json_bool_at(const json_t *tree, const char *path);

#endif
