/* SPDX-License-Identifier: Apache-2.0 */
/* Glob patterns of object names. Pure. */
#ifndef GCP_LOCAL_STORAGE_REST_GLOB_H
#define GCP_LOCAL_STORAGE_REST_GLOB_H

#include <stdbool.h>

/* Matches a name as the parameter matchGlob does: * and ? do not match '/', ** does; [a-z], [!a-z],
 * {one,other}; \\ quotes the next character. */
bool glob_match(const char *pattern, const char *name);

#endif
