/* SPDX-License-Identifier: Apache-2.0 */
/* Push tokens: the guard's inside, for tests. */
#ifndef GCP_AUTH_PUSH_TOKEN_H
#define GCP_AUTH_PUSH_TOKEN_H

#include "gcp/call/environment.h"
#include "gcp/gcp.h"

/* gcp_push_open with a world of the caller's; what outside->context points to must outlive it. */
bool push_token_open(struct gcp_push **push, const struct gcp_environment *outside,
                     struct err *err);

#endif
