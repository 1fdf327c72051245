/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local's own key: it signs ID tokens in Google's place, and is published at /oauth2/v3/certs.
 * Generated at first use, which takes a tenth of a second, and kept in a file. Safe from any
 * thread.
 */
#ifndef GCP_LOCAL_TOKEN_SIGNER_H
#define GCP_LOCAL_TOKEN_SIGNER_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct signer;

struct signer *signer_open(const char *path);
void signer_close(struct signer *signer);

/* The claims as a token signed with RS256. The caller frees. */
char *signer_jwt(struct signer *signer, const json_t *claims, struct err *err);

/* An ID token as Google issues them, valid for an hour. The caller frees. */
char *signer_id_token(struct signer *signer, const char *email, const char *audience,
                      struct err *err);

/* A signature over bytes (RSASSA-PKCS1-v1_5, SHA-256). */
bool signer_sign(struct signer *signer, struct bytes data, struct buf *out, struct err *err);

/* The claims of a token signed with this key; NULL and ERR_UNAUTHORIZED for all others. The caller
 * checks the times. New reference. */
json_t *signer_verify(struct signer *signer, const char *token, struct err *err);

/* The key's id, borrowed; NULL and err when there is no key and none can be made. */
const char *signer_kid(struct signer *signer, struct err *err);

/* {"keys":[…]} with the public key. New reference. */
json_t *signer_key_set(struct signer *signer, struct err *err);

#endif
