/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies JWTs with the keys of accounts. */
#ifndef GCP_LOCAL_TOKEN_SIGNATURE_CHECK_H
#define GCP_LOCAL_TOKEN_SIGNATURE_CHECK_H

#include "base/err.h"

#include <jansson.h>

/* The claims of a JWT that is signed with RS256 by a key of its issuer; the keys are in the folder
 * accounts. New reference; NULL and an OAuth error otherwise. */
json_t *signature_check_claims(const char *accounts, const char *jwt, struct err *err);

/* Sets an OAuth error, replacing any other: reason is its name ("invalid_grant"), text its
 * description. Returns false. */
bool token_oauth_error(struct err *err, const char *reason, const char *text);

#endif
