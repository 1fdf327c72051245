/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of token/ share. */
#ifndef GCP_LOCAL_TOKEN_TOKEN_PRIVATE_H
#define GCP_LOCAL_TOKEN_TOKEN_PRIVATE_H

#include "gcp-local/token/signer.h"
#include "gcp-local/token/token_service.h"

enum { TOKEN_LIFETIME_SEC = 3600 };

struct token_service {
    char *accounts; /* folder of the keys */
    char *project, *project_number;
    char *email; /* of the metadata server's default account */
    struct token_secret secret;
    struct signer *signer;
};

/* An access token valid for an hour. The caller frees. */
char *token_service_access_token(struct token_service *tokens, const char *email,
                                 const char *scope);

/* The same, valid for so many seconds. */
char *token_service_access_token_for(struct token_service *tokens, const char *email,
                                     const char *scope, int64_t seconds);

/* POST /token, /oauth2/v4/token, /v1/token: RFC 6749, RFC 7523, RFC 8693. */
void oauth_api_handle(struct http_exchange *exchange, struct token_service *tokens);

/* /computeMetadata/… */
void metadata_api_handle(struct http_exchange *exchange, struct token_service *tokens);

/* /v1/projects/-/serviceAccounts/EMAIL:verb */
void iam_api_handle(struct http_exchange *exchange, struct token_service *tokens);

#endif
