/* What the token endpoints share. */
#ifndef GCP_LOCAL_TOKEN_TOKEN_PRIVATE_H
#define GCP_LOCAL_TOKEN_TOKEN_PRIVATE_H

#include "gcp-local/token/signer.h"
#include "gcp-local/token/token_service.h"

enum { TOKEN_SECONDS = 3600 };

struct tokens {
    char *accounts; /* folder of the registered keys */
    char *project, *project_number;
    char *email; /* of the metadata server's default account */
    struct access_secret secret;
    struct signer *signer;
};

/* An access token for the next hour. The caller frees. */
char *tokens_access_token(struct tokens *tokens, const char *email, const char *scope);

/* Like it, for so many seconds. */
char *tokens_access_token_for(struct tokens *tokens, const char *email, const char *scope,
                              int64_t seconds);

/* POST /token, /oauth2/v4/token, /v1/token: RFC 6749, RFC 7523, RFC 8693. */
void oauth_token(struct http_exchange *exchange, struct tokens *tokens);

/* /computeMetadata/… */
void metadata_handle(struct http_exchange *exchange, struct tokens *tokens);

/* /v1/projects/-/serviceAccounts/EMAIL:verb */
void iam_handle(struct http_exchange *exchange, struct tokens *tokens);

#endif
