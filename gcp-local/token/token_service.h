/* Who may call: the token endpoint, gcp-local's own ID tokens and their keys, the metadata server,
 * the IAM Credentials API, and the check of a request's token. */
#ifndef GCP_LOCAL_TOKEN_TOKEN_SERVICE_H
#define GCP_LOCAL_TOKEN_TOKEN_SERVICE_H

#include "gcp-local/token/access_grant.h"
#include "net/server/http_server.h"

struct tokens;

struct tokens_options {
    const char *data_dir; /* accounts/ and tokens/ are in it */
    const char *project;  /* of the account that the metadata server speaks for */
    const char *project_number;
};

struct tokens *tokens_open(const struct tokens_options *options, struct err *err);
void tokens_close(struct tokens *tokens);

static inline void own_tokens(struct tokens **local)
{
    tokens_close(*local);
}

/* Whether these paths are served here. */
bool tokens_owns(const char *path);
void tokens_handle(struct http_exchange *exchange, struct tokens *tokens);

/* An ID token of this account for this audience, as Pub/Sub sends it along with a push. The caller
 * frees. Safe from any thread. */
char *tokens_id_token(struct tokens *tokens, const char *email, const char *audience,
                      struct err *err);

/* Who is calling: an access token, or a service account's self-signed JWT, in the Authorization
 * header. ERR_UNAUTHORIZED when there is none or it is no good; err->reason is then Google's name
 * for that (CREDENTIALS_MISSING, ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_TYPE_UNSUPPORTED). */
bool tokens_caller(struct tokens *tokens, const struct headers *headers, struct grant *grant,
                   struct err *err);

#endif
