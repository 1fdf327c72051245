/* gcp_push_... for a program that does not link libgcp: loaded only when PUSH_AUDIENCE is set. */
#ifndef GCP_AUTH_PUSH_LAZY_H
#define GCP_AUTH_PUSH_LAZY_H

#include "base/err.h"

#include <stdbool.h>

struct push_lazy;

/* As gcp_push_open: *lazy is NULL when PUSH_AUDIENCE is not set. Also fails (ERR_INTERNAL) when
 * libgcp.so.0 is not where it was installed. */
bool push_lazy_open(struct push_lazy **lazy, struct err *err);

/* As gcp_push_check. */
bool push_lazy_check(struct push_lazy *lazy, const char *authorization, struct err *err);
void push_lazy_close(struct push_lazy *lazy);

static inline void own_push_lazy(struct push_lazy **local)
{
    push_lazy_close(*local);
}

#endif
