/* SPDX-License-Identifier: Apache-2.0 */
/* Signing JSON Web Tokens with RS256. */
#ifndef GCP_AUTH_JWT_SIGN_H
#define GCP_AUTH_JWT_SIGN_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

/* Whether text is an unencrypted private RSA key (PEM) of at least 2048 bits. */
bool jwt_sign_key_valid(const char *pem);

/* Signs claims, a JSON object. kid names the key in the header; NULL for none. The caller frees.
 * NULL and ERR_INPUT when the key is none. */
char *jwt_sign(const json_t *claims, const char *kid, const char *pem, struct err *err);

#endif
