/* SPDX-License-Identifier: Apache-2.0 */
/* Gets an access token for each type of credentials. */
#ifndef GCP_AUTH_TOKEN_FETCH_H
#define GCP_AUTH_TOKEN_FETCH_H

#include "gcp/auth/access_token.h"
#include "gcp/auth/credentials.h"
#include "gcp/call/environment.h"

/* Gets an access token with scope cloud-platform: all that the account may do. May replace the
 * refresh token of an external user, so only one thread at a time may use the same credentials.
 * ERR_UNAUTHORIZED: refused, with a remedy; ERR_UNAVAILABLE: may succeed later. */
bool token_fetch_from_credentials(const struct gcp_environment *env,
                                  struct credentials *credentials, struct access_token *token,
                                  struct err *err);

/* A token that a service account's key signs for one API ("https://pubsub.googleapis.com/"),
 * without a request to a token server. */
bool token_fetch_self_signed(const struct credentials *credentials, const char *audience,
                             int64_t now_ns, struct access_token *token, struct err *err);

#endif
