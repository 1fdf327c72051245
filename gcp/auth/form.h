/* A form as HTML posts it, and posting it to a token server. */
#ifndef GCP_AUTH_FORM_H
#define GCP_AUTH_FORM_H

#include "base/json/jread.h"
#include "gcp/call/environment.h"

/* Appends name=value, percent-encoded; a NULL value adds nothing. */
void form_add(struct buf *form, const char *name, const char *value);

/* A call to a token server: three tries. Returns its JSON (new reference), or NULL and err with the
 * server's words. */
json_t *token_server_call(const struct outside *outside, const struct http_call *call,
                          struct err *err);

/* Posts a form, or JSON, with an Authorization field (NULL = none). */
json_t *post_form(const struct outside *outside, const char *url, const struct buf *form,
                  const char *authorization, struct err *err);
json_t *post_json(const struct outside *outside, const char *url, const json_t *body,
                  const char *authorization, struct err *err);

#endif
