/* SPDX-License-Identifier: Apache-2.0 */
/* The token of another identity provider that workload identity federation exchanges. */
#ifndef GCP_AUTH_SUBJECT_TOKEN_H
#define GCP_AUTH_SUBJECT_TOKEN_H

#include "gcp/auth/credentials.h"
#include "gcp/call/environment.h"

/* Reads it from its file or URL, each time anew: others renew it. The caller frees. */
char *subject_token(const struct gcp_environment *outside, const struct credentials *credentials,
                    struct err *err);

#endif
