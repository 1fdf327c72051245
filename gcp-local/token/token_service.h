/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: the token endpoint, gcp-local's own ID tokens and their keys, the metadata server, the
 * IAM Credentials API, and the authentication of requests. */
#ifndef GCP_LOCAL_TOKEN_TOKEN_SERVICE_H
#define GCP_LOCAL_TOKEN_TOKEN_SERVICE_H

#include "gcp-local/token/access_grant.h"
#include "net/server/http_server.h"

struct token_service;

struct token_service_options {
    const char *data_dir; /* of accounts/ and tokens/ */
    const char *project;  /* of the metadata server's account */
    const char *project_number;
};

struct token_service *token_service_open(const struct token_service_options *options,
                                         struct err *err);
void token_service_close(struct token_service *tokens);

static inline void own_token_service(struct token_service **local)
{
    token_service_close(*local);
}

/* True if the path belongs to this service. */
bool token_service_owns(const char *path);
void token_service_handle(struct http_exchange *exchange, struct token_service *tokens);

/* An ID token of this account for this audience, as Pub/Sub adds it to a push. The caller frees.
 * Safe from any thread. */
char *token_service_id_token(struct token_service *tokens, const char *email, const char *audience,
                             struct err *err);

/* Verifies the access token, or a service account's self-signed JWT, in the Authorization field.
 * ERR_UNAUTHORIZED when it is missing or not valid; err->reason is CREDENTIALS_MISSING,
 * ACCESS_TOKEN_EXPIRED or ACCESS_TOKEN_TYPE_UNSUPPORTED. */
bool token_service_authenticate(struct token_service *tokens, const struct headers *headers,
                                struct access_grant *grant, struct err *err);

#endif
