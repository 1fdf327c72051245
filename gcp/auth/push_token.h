/* Push tokens: the guard's inside, for tests. */
#ifndef GCP_AUTH_PUSH_TOKEN_H
#define GCP_AUTH_PUSH_TOKEN_H

#include "gcp/call/environment.h"
#include "gcp/gcp.h"

/* gcp_push_open with a world of the caller's; what outside->context points to must outlive it. */
bool push_open_outside(struct gcp_push **push, const struct outside *outside, struct err *err);

#endif
