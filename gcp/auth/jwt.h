/* JSON Web Tokens signed with RS256, the only algorithm Google uses: the one door to libjwt and
 * OpenSSL. Formats: RFC 7515 (compact form), RFC 7517 (key sets). */
#ifndef GCP_AUTH_JWT_H
#define GCP_AUTH_JWT_H

#include "base/json/jread.h"

/* Whether text is an unencrypted private RSA key (PEM) of at least 2048 bits. */
bool rs256_key_valid(const char *pem);

/* Signs claims, a JSON object. kid names the key in the header; NULL for none. The caller frees.
 * NULL and ERR_INPUT when the key is none. */
char *rs256_sign(const json_t *claims, const char *kid, const char *pem, struct err *err);

/* A public key of a key set. All zero is none. */
struct jwk {
    char *kid;
    char *pem;
};

void jwk_done(struct jwk *key);

static inline void own_jwk(struct jwk *local)
{
    jwk_done(local);
}

/* All zero is empty. */
struct jwks {
    struct jwk *list;
    size_t count;
};

/* Reads {"keys":[...]}, leaving out what is no RSA signing key of 2048 to 8192 bits with a kid.
 * Fails with ERR_UPSTREAM when it is no key set. */
bool jwks_from_json(struct bytes text, struct jwks *keys, struct err *err);
const struct jwk *jwks_find(const struct jwks *keys, const char *kid);
void jwks_done(struct jwks *keys);

static inline void own_jwks(struct jwks *local)
{
    jwks_done(local);
}

/* Checks the form of a token: three parts in unpadded base64url, a header with alg RS256 and no
 * crit. kid is what the header names, NULL for none; the caller frees. Nothing of it is to be
 * trusted yet. ERR_UNAUTHORIZED otherwise. */
bool rs256_form(const char *token, char **kid, struct err *err);

/* Like it, for tokens that must name a key. The caller frees the kid; NULL and ERR_UNAUTHORIZED. */
char *rs256_kid(const char *token, struct err *err);

/* The claims of a token that passed rs256_form, if this key signed it. New reference. NULL and
 * ERR_UNAUTHORIZED otherwise. */
json_t *rs256_verify(const char *token, const struct jwk *key, struct err *err);

#endif
