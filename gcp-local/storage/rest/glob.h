/* SPDX-License-Identifier: Apache-2.0 */
/* Names that match a pattern. Pure. */
#ifndef GCP_LOCAL_STORAGE_REST_GLOB_H
#define GCP_LOCAL_STORAGE_REST_GLOB_H

#include <stdbool.h>

/* matchGlob of an object list: * and ? stop at '/', ** does not, [a-z] and [!a-z], {one,other}, \\
 * takes the next character as it is. */
bool glob_match(const char *pattern, const char *name);

#endif
