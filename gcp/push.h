/* Push tokens: the guard's inside, for tests. */
#ifndef GCP_PUSH_H
#define GCP_PUSH_H

#include "gcp/gcp.h"
#include "gcp/outside.h"

/* gcp_push_open with a world of the caller's; what outside->context points to must outlive it. */
bool push_open_outside(struct gcp_push **push, const struct outside *outside, struct err *err);

#endif
