/* SPDX-License-Identifier: Apache-2.0 */
/* proto3 JSON allows field names in snake_case as well, as in the .proto file: max_results. */
#ifndef GCP_LOCAL_API_FIELD_CASE_H
#define GCP_LOCAL_API_FIELD_CASE_H

#include <jansson.h>

/* A copy of a tree with all members renamed to camelCase: maxResults. Members of "labels" keep
 * their names, which the user has chosen. New reference. */
json_t *field_case_to_camel(const json_t *tree);

#endif
