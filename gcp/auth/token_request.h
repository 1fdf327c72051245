/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a token server, with a form or JSON. */
#ifndef GCP_AUTH_TOKEN_REQUEST_H
#define GCP_AUTH_TOKEN_REQUEST_H

#include "base/json/jread.h"
#include "gcp/call/environment.h"
#include "gcp/call/retry.h"

/* How often a request for a token is repeated. */
extern const struct retry_policy token_request_retries;

/* Appends name=value, percent-encoded; does nothing when value is NULL. */
void token_request_add_field(struct buf *form, const char *name, const char *value);

/* Posts a form or JSON with the value of an Authorization header field (NULL = none). Returns the
 * JSON of the response, a new reference, or NULL and err with the server's message. */
json_t *token_request_post_form(const struct gcp_environment *env, const char *url,
                                const struct buf *form, const char *authorization, struct err *err);
json_t *token_request_post_json(const struct gcp_environment *env, const char *url,
                                const json_t *body, const char *authorization, struct err *err);

#endif
