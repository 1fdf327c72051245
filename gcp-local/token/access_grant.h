/* Access tokens: opaque to those who carry them, and checked without being stored. A token holds
 * account, scopes and end, sealed with a secret of the data directory, so it outlives a restart. */
#ifndef GCP_LOCAL_TOKEN_ACCESS_GRANT_H
#define GCP_LOCAL_TOKEN_ACCESS_GRANT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { SECRET_BYTES = 32 };

struct access_secret {
    unsigned char bytes[SECRET_BYTES];
};

/* Who may do what until when. All zero is empty. */
struct grant {
    char *email;
    char *scope;         /* separated by spaces */
    int64_t expires_sec; /* since 1970 */
};

void grant_done(struct grant *grant);

static inline void own_grant(struct grant *local)
{
    grant_done(local);
}

/* Reads the secret from a file, or makes both. */
bool access_secret_open(const char *path, struct access_secret *secret, struct err *err);

/* A token for this grant. The caller frees. */
char *access_token_make(const struct access_secret *secret, const struct grant *grant);

/* The grant of a token that was made with this secret and has not expired. ERR_UNAUTHORIZED, with
 * reason ACCESS_TOKEN_EXPIRED or ACCESS_TOKEN_TYPE_UNSUPPORTED, otherwise. */
bool access_token_read(const struct access_secret *secret, const char *token, int64_t now_sec,
                       struct grant *grant, struct err *err);

/* Whether the grant has one of these scopes, separated by spaces, or cloud-platform. */
bool grant_covers(const struct grant *grant, const char *scopes);

#endif
