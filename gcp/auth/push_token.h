/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies the OIDC token of a Pub/Sub push request: entry point for tests. */
#ifndef GCP_AUTH_PUSH_TOKEN_H
#define GCP_AUTH_PUSH_TOKEN_H

#include "gcp/call/environment.h"
#include "gcp/gcp.h"

/* gcp_push_open with the caller's environment. env is copied; its context must outlive *push. */
bool push_token_open(struct gcp_push **push, const struct gcp_environment *env, struct err *err);

#endif
