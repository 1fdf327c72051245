/* SPDX-License-Identifier: Apache-2.0 */
/* A form as HTML posts it, and posting it to a token server. */
#ifndef GCP_AUTH_TOKEN_REQUEST_H
#define GCP_AUTH_TOKEN_REQUEST_H

#include "base/json/jread.h"
#include "gcp/call/environment.h"

/* Appends name=value, percent-encoded; a NULL value adds nothing. */
void token_request_add_field(struct buf *form, const char *name, const char *value);

/* A call to a token server: three tries. Returns its JSON (new reference), or NULL and err with the
 * server's words. */
json_t *token_request_send(const struct gcp_environment *outside, const struct http_call *call,
                           struct err *err);

/* Posts a form, or JSON, with an Authorization field (NULL = none). */
json_t *token_request_post_form(const struct gcp_environment *outside, const char *url,
                                const struct buf *form, const char *authorization, struct err *err);
json_t *token_request_post_json(const struct gcp_environment *outside, const char *url,
                                const json_t *body, const char *authorization, struct err *err);

#endif
