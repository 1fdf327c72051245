/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys as PEM texts: made, and taken apart for key sets. */
#ifndef GCP_LOCAL_TOKEN_RSA_KEY_H
#define GCP_LOCAL_TOKEN_RSA_KEY_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

/* A new 2048-bit private key in PKCS #8 form; takes a tenth of a second. The caller frees. */
char *rsa_key_generate(struct err *err);

/* The public key of a private key as PEM. The caller frees; NULL and err when it is no key. */
char *rsa_key_public_pem(const char *private_pem, struct err *err);

/* A public key as a member of a key set, with this kid. NULL when it is none. */
json_t *rsa_key_to_jwk(const char *public_pem, const char *kid);

/* RSASSA-PKCS1-v1_5 with SHA-256 over data; appends the signature to out. */
bool rsa_key_sign(const char *private_pem, struct bytes data, struct buf *out, struct err *err);

/* A name for a key: 40 hex digits that follow from it. The caller frees. */
char *rsa_key_id(const char *public_pem);

#endif
