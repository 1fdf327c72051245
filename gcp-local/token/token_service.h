/* SPDX-License-Identifier: Apache-2.0 */
/* Who may call: the token endpoint, gcp-local's own ID tokens and their keys, the metadata server,
 * the IAM Credentials API, and the check of a request's token. */
#ifndef GCP_LOCAL_TOKEN_TOKEN_SERVICE_H
#define GCP_LOCAL_TOKEN_TOKEN_SERVICE_H

#include "gcp-local/token/access_grant.h"
#include "net/server/http_server.h"

struct token_service;

struct token_service_options {
    const char *data_dir; /* accounts/ and tokens/ are in it */
    const char *project;  /* of the account that the metadata server speaks for */
    const char *project_number;
};

struct token_service *token_service_open(const struct token_service_options *options,
                                         struct err *err);
void token_service_close(struct token_service *tokens);

static inline void own_token_service(struct token_service **local)
{
    token_service_close(*local);
}

/* Whether these paths are served here. */
bool token_service_owns(const char *path);
void token_service_handle(struct http_exchange *exchange, struct token_service *tokens);

/* An ID token of this account for this audience, as Pub/Sub sends it along with a push. The caller
 * frees. Safe from any thread. */
char *token_service_id_token(struct token_service *tokens, const char *email, const char *audience,
                             struct err *err);

/* Who is calling: an access token, or a service account's self-signed JWT, in the Authorization
 * header. ERR_UNAUTHORIZED when there is none or it is no good; err->reason is then Google's name
 * for that (CREDENTIALS_MISSING, ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_TYPE_UNSUPPORTED). */
bool token_service_authenticate(struct token_service *tokens, const struct headers *headers,
                                struct access_grant *grant, struct err *err);

#endif
