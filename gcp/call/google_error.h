/* SPDX-License-Identifier: Apache-2.0 */
/* What Google says went wrong, in any of its forms. */
#ifndef GCP_CALL_GOOGLE_ERROR_H
#define GCP_CALL_GOOGLE_ERROR_H

#include "net/client/http_client.h"

/* All owned, never NULL after google_error_from_response. */
struct google_error {
    char *name;    /* "NOT_FOUND", "invalid_grant"; "" when unsaid */
    char *reason;  /* "rateLimitExceeded", "SERVICE_DISABLED"; "" when unsaid */
    char *message; /* one line; "" when unsaid */
    int64_t retry_delay_ns;
};

/* Reads the body of an answer that is no success: the One Platform's JSON, the older APIs',
 * OAuth's, or the text of whatever stood in between. */
void google_error_from_response(const struct http_response *answer, struct google_error *fault);
void google_error_done(struct google_error *fault);

static inline void own_google_error(struct google_error *local)
{
    google_error_done(local);
}

/* The same name as a text that lives for ever, for err->reason; NULL when it is none we know. */
const char *google_error_name(const char *name);

#endif
