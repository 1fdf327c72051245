/* SPDX-License-Identifier: Apache-2.0 */
/* Signs JSON Web Tokens with RS256. */
#ifndef GCP_AUTH_JWT_SIGN_H
#define GCP_AUTH_JWT_SIGN_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

/* True for an unencrypted private RSA key (PEM) of at least 2048 bits. */
bool jwt_sign_key_valid(const char *pem);

/* Signs claims, a JSON object. kid names the key in the header; NULL = no kid. The caller frees.
 * NULL and ERR_INPUT when the key is not valid. */
char *jwt_sign(const json_t *claims, const char *kid, const char *pem, struct err *err);

#endif
