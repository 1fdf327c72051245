/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and verifies JSON Web Tokens signed with RS256, the only algorithm that Google uses.
 * Formats: RFC 7515 (compact serialization), RFC 7517 (key sets). */
#ifndef GCP_AUTH_JWT_H
#define GCP_AUTH_JWT_H

#include "base/json/jread.h"

/* A public key of a key set. All zero is empty. */
struct jwt_key {
    char *kid;
    char *n, *e; /* modulus and exponent in base64url */
};

void jwt_key_done(struct jwt_key *key);

static inline void own_jwt_key(struct jwt_key *local)
{
    jwt_key_done(local);
}

/* All zero is empty. */
struct jwt_keys {
    struct jwt_key *list;
    size_t count;
};

/* Reads a JSON Web Key. False when it is not an RSA signing key of 2048 to 8192 bits with a kid. */
bool jwt_key_from_json(const json_t *jwk, struct jwt_key *key);

/* Reads {"keys":[...]} and skips keys that jwt_key_from_json refuses. ERR_UPSTREAM when the text is
 * not a key set. */
bool jwt_keys_from_json(struct bytes text, struct jwt_keys *keys, struct err *err);
const struct jwt_key *jwt_keys_find(const struct jwt_keys *keys, const char *kid);
void jwt_keys_done(struct jwt_keys *keys);

static inline void own_jwt_keys(struct jwt_keys *local)
{
    jwt_keys_done(local);
}

/* Checks the format of a token: three parts in unpadded base64url, a header with alg RS256 and
 * without crit; else ERR_UNAUTHORIZED. *kid is the header's kid, NULL when absent; the caller
 * frees. Nothing in the token can be trusted yet. */
bool jwt_rs256_parse(const char *token, char **kid, struct err *err);

/* As jwt_rs256_parse, for tokens that must have a kid. The caller frees. NULL and ERR_UNAUTHORIZED
 * on failure. */
char *jwt_rs256_kid(const char *token, struct err *err);

/* The claims of a token that passed jwt_rs256_parse, when this key signed it: a new reference. Else
 * NULL and ERR_UNAUTHORIZED. */
json_t *jwt_rs256_verify(const char *token, const struct jwt_key *key, struct err *err);

#endif
