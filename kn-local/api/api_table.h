/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, as `kubectl get` prints them. */
#ifndef KN_LOCAL_API_API_TABLE_H
#define KN_LOCAL_API_API_TABLE_H

#include "kn-local/kinds/kinds.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A meta.k8s.io/v1 Table of a list of objects of a kind; include is what each row has besides its
 * cells: "Metadata" (or NULL), "Object" or "None". A new reference. */
json_t *api_table_from_list(const struct kind *kind, const json_t *list, const char *include,
                            int64_t now_ns);

enum { API_AGE_SIZE = 24 };

/* Formats a duration as kubectl does: "59s", "2m5s", "3h", "4d". */
void api_format_age(int64_t duration_ns, char text[API_AGE_SIZE]);

#endif
