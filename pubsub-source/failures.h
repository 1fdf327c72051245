/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the failed deliveries of each message, for the backoff. */
#ifndef PUBSUB_SOURCE_FAILURES_H
#define PUBSUB_SOURCE_FAILURES_H

#include <stddef.h>

struct failure;

/* All zero is empty. Keeps the last 10,000 messages that failed; older ones start again at 0. */
struct failures {
    struct failure *table;
};

/* Counts a failure of the message and returns how many it had before. */
int failures_add(struct failures *failures, const char *id);

/* To be called when the message was delivered. */
void failures_forget(struct failures *failures, const char *id);

void failures_done(struct failures *failures);

static inline void own_failures(struct failures *local)
{
    failures_done(local);
}

#endif
