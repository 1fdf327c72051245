/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed a JWT: the signature is checked against the registered keys. */
#ifndef GCP_LOCAL_TOKEN_SIGNATURE_CHECK_H
#define GCP_LOCAL_TOKEN_SIGNATURE_CHECK_H

#include "base/err.h"

#include <jansson.h>

/* The claims of a JWT that a key of its issuer signed with RS256; the keys are those registered in
 * the folder accounts. NULL and an OAuth error otherwise. New reference. */
json_t *signature_check_claims(const char *accounts, const char *jwt, struct err *err);

/* Writes an OAuth error: reason is its name ("invalid_grant"), text its description. False. */
bool token_oauth_error(struct err *err, const char *reason, const char *text);

#endif
