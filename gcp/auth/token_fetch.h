/* SPDX-License-Identifier: Apache-2.0 */
/* How each type of credentials gets an access token. */
#ifndef GCP_AUTH_TOKEN_FETCH_H
#define GCP_AUTH_TOKEN_FETCH_H

#include "gcp/auth/access_token.h"
#include "gcp/auth/credentials.h"
#include "gcp/call/environment.h"

/* Gets an access token for everything the account may do (scope cloud-platform). An external user's
 * refresh token may be replaced, so one thread at a time for the same credentials.
 * ERR_UNAUTHORIZED: refused, with a remedy; ERR_UNAVAILABLE: not now. */
bool token_fetch_from_credentials(const struct gcp_environment *outside,
                                  struct credentials *credentials, struct access_token *token,
                                  struct err *err);

/* A token that a service account signs itself for one API ("https://pubsub.googleapis.com/"),
 * without asking anybody. */
bool token_fetch_self_signed(const struct credentials *credentials, const char *audience,
                             int64_t now_ns, struct access_token *token, struct err *err);

#endif
