/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls a subscription and posts its messages to a sink. */
#ifndef PUBSUB_SOURCE_SOURCE_H
#define PUBSUB_SOURCE_SOURCE_H

#include "gcp/gcp.h"
#include "pubsub-source/config.h"

#include <signal.h>

/* Runs until one of the signals, which must be blocked in every thread. Then waits for the current
 * deliveries and returns the other messages. A pull may still be waiting for Google on return: the
 * process should exit without closing gcp. False and err when it cannot start or go on. */
bool pubsub_source_run(const struct pubsub_source_config *config, struct gcp *gcp,
                       const sigset_t *signals, struct err *err);

#endif
