/* SPDX-License-Identifier: Apache-2.0 */
/* How often each message has failed, so that it comes again later each time. */
#ifndef PUBSUB_SOURCE_FAILURES_H
#define PUBSUB_SOURCE_FAILURES_H

#include <stddef.h>

struct failure;

/* All zero is empty. Remembers the last 10,000 messages that failed; those before start anew. */
struct failures {
    struct failure *table;
};

/* Counts a failure of the message and returns how many it has had before. */
int failures_add(struct failures *failures, const char *id);

/* The message was delivered. */
void failures_forget(struct failures *failures, const char *id);

void failures_done(struct failures *failures);

static inline void own_failures(struct failures *local)
{
    failures_done(local);
}

#endif
