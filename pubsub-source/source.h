/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls a subscription and posts what comes to a sink. */
#ifndef PUBSUB_SOURCE_SOURCE_H
#define PUBSUB_SOURCE_SOURCE_H

#include "gcp/gcp.h"
#include "pubsub-source/config.h"

/* Works until SIGTERM or SIGINT, which every thread must have blocked: then it waits for the
 * deliveries under way, returns the other messages and ends. A pull may still be waiting for Google
 * then, so the process should exit without closing gcp. False and err when it cannot start. */
bool pubsub_source_run(const struct pubsub_source_config *config, struct gcp *gcp, struct err *err);

#endif
