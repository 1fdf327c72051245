/* SPDX-License-Identifier: Apache-2.0 */
/* gcp_push_... for a program that does not link libgcp: loaded only when PUSH_AUDIENCE is set. */
#ifndef GCP_AUTH_PUSH_DLOPEN_H
#define GCP_AUTH_PUSH_DLOPEN_H

#include "base/err.h"

#include <stdbool.h>

struct push_dlopen;

/* As gcp_push_open: *lazy is NULL when PUSH_AUDIENCE is not set. Also fails (ERR_INTERNAL) when
 * libgcp.so.0 is not where it was installed. */
bool push_dlopen_open(struct push_dlopen **lazy, struct err *err);

/* As gcp_push_check. */
bool push_dlopen_check(struct push_dlopen *lazy, const char *authorization, struct err *err);
void push_dlopen_close(struct push_dlopen *lazy);

static inline void own_push_dlopen(struct push_dlopen **local)
{
    push_dlopen_close(*local);
}

#endif
