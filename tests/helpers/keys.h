/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys, generated once per run, and tokens signed with them, valid and forged. */
#ifndef TESTS_HELPERS_KEYS_H
#define TESTS_HELPERS_KEYS_H

#include <stdbool.h>

/* Private key 0 or 1 as PEM, generated at the first call. Borrowed. */
const char *test_key(int number);

/* The key set with the keys whose numbers are the digits: "01" = key-0 and key-1. For free(). */
char *test_jwks(const char *numbers);

/* A token with this JSON, signed by RS256 with a key; key -1 = an empty signature. For free(). */
char *test_token(const char *header, const char *claims, int key);

/* A token signed by HMAC with the public key as the secret, a known attack. For free(). */
char *test_token_hmac(const char *header, const char *claims, int key);

#endif
