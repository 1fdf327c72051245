/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens: opaque to clients, and verified without being stored. A token holds account,
 * scopes and expiry, and an HMAC with a secret of the data directory, so that it is valid after a
 * restart. */
#ifndef GCP_LOCAL_TOKEN_ACCESS_GRANT_H
#define GCP_LOCAL_TOKEN_ACCESS_GRANT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { TOKEN_SECRET_BYTES = 32 };

struct token_secret {
    unsigned char bytes[TOKEN_SECRET_BYTES];
};

/* What a token grants to an account. All zero is empty. */
struct access_grant {
    char *email;
    char *scope;         /* separated by spaces */
    int64_t expires_sec; /* since 1970 */
};

void access_grant_done(struct access_grant *grant);

static inline void own_access_grant(struct access_grant *local)
{
    access_grant_done(local);
}

/* Reads the secret from a file; without such a file makes a secret and the file. */
bool token_secret_open(const char *path, struct token_secret *secret, struct err *err);

/* A token for this grant. The caller frees. */
char *access_grant_to_token(const struct token_secret *secret, const struct access_grant *grant);

/* Reads a token that was made with this secret and has not expired. Otherwise ERR_UNAUTHORIZED with
 * reason ACCESS_TOKEN_EXPIRED or ACCESS_TOKEN_TYPE_UNSUPPORTED. */
bool access_grant_from_token(const struct token_secret *secret, const char *token, int64_t now_sec,
                             struct access_grant *grant, struct err *err);

/* True if the grant has cloud-platform or one of these scopes, which are separated by spaces. */
bool access_grant_covers(const struct access_grant *grant, const char *scopes);

#endif
