/* SPDX-License-Identifier: Apache-2.0 */
/* Whether and when to try a call again: Google's guidance as a pure function. */
#ifndef GCP_CALL_RETRY_H
#define GCP_CALL_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* How the pauses grow: 0...first, 0...2*first, 0...4*first, up to 0...most. */
struct retry_policy {
    int64_t first_ns, most_ns;
    int64_t deadline_ns; /* since the first try began; no try starts later */
    int tries;           /* at most; 0 = as many as fit */
    bool repeatable;     /* doing it twice does no harm */
};

/* How a try ended. */
struct retry_outcome {
    int status;              /* HTTP; 0: no answer */
    const char *name;        /* Google's error.status, e.g. "ABORTED"; "" = unsaid */
    const char *reason;      /* finer, e.g. "rateLimitExceeded"; "" = unsaid */
    const char *retry_after; /* the header's value, or NULL */
    int64_t retry_delay_ns;  /* of a RetryInfo, or 0 */
};

/* The moment of deciding. */
struct retry_moment {
    int attempt;        /* 0 = the first try just ended */
    int64_t elapsed_ns; /* since the first try began */
    int64_t now_ns;     /* the wall clock, for a Retry-After that is a date */
    double chance;      /* 0 to 1 */
};

struct retry_step {
    bool again;      /* after wait_ns */
    int64_t wait_ns; /* also when not again: what the server asked for, 0 = nothing */
};

/* Whether the same request may work later. */
bool retry_helps(const struct retry_outcome *outcome);

struct retry_step retry_next(const struct retry_policy *policy, const struct retry_outcome *outcome,
                             const struct retry_moment *moment);

#endif
