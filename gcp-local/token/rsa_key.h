/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys in PEM. */
#ifndef GCP_LOCAL_TOKEN_RSA_KEY_H
#define GCP_LOCAL_TOKEN_RSA_KEY_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

/* A new 2048-bit private key (PKCS #8); takes a tenth of a second. The caller frees. */
char *rsa_key_generate(struct err *err);

/* The public key of a private key. The caller frees; NULL and ERR_INPUT when it is not a key. */
char *rsa_key_public_pem(const char *private_pem, struct err *err);

/* A public key as a member of a JSON Web Key Set, with this kid. New reference; NULL when it is not
 * a key. */
json_t *rsa_key_to_jwk(const char *public_pem, const char *kid);

/* RSASSA-PKCS1-v1_5 with SHA-256 over data; appends the signature to out. */
bool rsa_key_sign(const char *private_pem, struct bytes data, struct buf *out, struct err *err);

/* An id for a key: 40 hex digits, a digest of the PEM. The caller frees. */
char *rsa_key_id(const char *public_pem);

#endif
