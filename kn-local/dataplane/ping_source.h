/* SPDX-License-Identifier: Apache-2.0 */
/* PingSource: events by the clock. */
#ifndef KN_LOCAL_DATAPLANE_PING_SOURCE_H
#define KN_LOCAL_DATAPLANE_PING_SOURCE_H

#include "kn-local/dataplane/sender.h"

struct ping_source;

/* Begins to fire. NULL and err (ERR_INPUT) when schedule, timezone or overrides are not valid.
 * Borrows io; root: see address_resolve. */
struct ping_source *ping_source_start(struct dataplane_io *io, const char *root,
                                      const struct runtime_ping *spec, struct err *err);

/* Changes what it sends from now on, and when; nothing happens when all is as it was. Events under
 * way go on with their retries. */
bool ping_source_change(struct ping_source *ping, const char *root, const struct runtime_ping *spec,
                        struct err *err);

/* Fires no more; events under way go on. */
void ping_source_pause(struct ping_source *ping);

/* Fires no more, does not try again what is under way, and releases it. */
void ping_source_stop(struct ping_source *ping);

#endif
