/* SPDX-License-Identifier: Apache-2.0 */
/* Workload identity federation: the token of another identity provider, to be exchanged. */
#ifndef GCP_AUTH_SUBJECT_TOKEN_H
#define GCP_AUTH_SUBJECT_TOKEN_H

#include "gcp/auth/credentials.h"
#include "gcp/call/environment.h"

/* Reads the token from its file or URL; not cached, as another program renews it. The caller
 * frees. */
char *subject_token(const struct gcp_environment *env, const struct credentials *credentials,
                    struct err *err);

#endif
