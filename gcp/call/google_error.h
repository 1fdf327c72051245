/* SPDX-License-Identifier: Apache-2.0 */
/* The error in a response from Google, in any of its formats. */
#ifndef GCP_CALL_GOOGLE_ERROR_H
#define GCP_CALL_GOOGLE_ERROR_H

#include "net/client/http_client.h"

/* Strings are owned, and never NULL after google_error_from_response: "" when absent. */
struct google_error {
    char *name;    /* "NOT_FOUND", "invalid_grant" */
    char *reason;  /* "rateLimitExceeded", "SERVICE_DISABLED" */
    char *message; /* one line */
    int64_t retry_delay_ns;
};

/* Reads the body of a response that is not a success: JSON of the current APIs, of the older APIs,
 * of OAuth, or the text of a proxy. */
void google_error_from_response(const struct http_response *response, struct google_error *error);
void google_error_done(struct google_error *error);

static inline void own_google_error(struct google_error *local)
{
    google_error_done(local);
}

/* The same name as a static string, for err->reason; NULL for an unknown name. */
const char *google_error_name(const char *name);

#endif
