/* SPDX-License-Identifier: Apache-2.0 */
/* proto3 JSON lets senders write field names as in the .proto file, too: max_results. */
#ifndef GCP_LOCAL_API_FIELD_CASE_H
#define GCP_LOCAL_API_FIELD_CASE_H

#include <jansson.h>

/* A copy of a tree with the members of its objects renamed to camelCase: maxResults. What stands in
 * a member called "labels" keeps its names: they are the user's. New reference. */
json_t *field_case_to_camel(const json_t *tree);

#endif
