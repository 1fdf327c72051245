/* What Google says went wrong, in any of its forms. */
#ifndef GCP_CALL_API_ERROR_H
#define GCP_CALL_API_ERROR_H

#include "net/client/http_client.h"

/* All owned, never NULL after fault_from_answer. */
struct fault {
    char *name;    /* "NOT_FOUND", "invalid_grant"; "" when unsaid */
    char *reason;  /* "rateLimitExceeded", "SERVICE_DISABLED"; "" when unsaid */
    char *message; /* one line; "" when unsaid */
    int64_t retry_delay_ns;
};

/* Reads the body of an answer that is no success: the One Platform's JSON, the older APIs',
 * OAuth's, or the text of whatever stood in between. */
void fault_from_answer(const struct http_answer *answer, struct fault *fault);
void fault_done(struct fault *fault);

static inline void own_fault(struct fault *local)
{
    fault_done(local);
}

/* The same name as a text that lives for ever, for err->reason; NULL when it is none we know. */
const char *fault_name(const char *name);

#endif
