/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys made for one run, and tokens signed with them, also such as no honest signer makes. */
#ifndef TESTS_HELPERS_KEYS_H
#define TESTS_HELPERS_KEYS_H

#include <stdbool.h>

/* The private key number 0 or 1 as PEM, made when first asked for. Borrowed. */
const char *test_key(int number);

/* The key set of the keys whose numbers are given in digits: "01" names them key-0 and key-1. For
 * free(). */
char *test_jwks(const char *numbers);

/* A token of these JSON texts, signed with a key by RS256; -1 = an empty signature. For free(). */
char *test_token(const char *header, const char *claims, int key);

/* The header and claims again with an HMAC keyed with the public key (a known trick). For free().
 */
char *test_token_hmac(const char *header, const char *claims, int key);

#endif
