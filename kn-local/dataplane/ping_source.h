/* SPDX-License-Identifier: Apache-2.0 */
/* PingSource: events by the clock. */
#ifndef KN_LOCAL_DATAPLANE_PING_SOURCE_H
#define KN_LOCAL_DATAPLANE_PING_SOURCE_H

#include "kn-local/dataplane/delivery_io.h"
#include "kn-local/dataplane/event_message.h"

struct ping_source;

/* The event of one strike: type dev.knative.sources.ping, a new id, the time. NULL and err
 * (ERR_INPUT) when overrides are not in order. */
struct event_message *ping_source_event(const struct runtime_ping *from, struct err *err);

/* NULL and err (ERR_INPUT) when schedule, timezone or overrides are not in order. Borrows world;
 * root: see address_resolve. */
struct ping_source *ping_source_new(struct delivery_io *world, const char *root,
                                    const struct runtime_ping *from, struct err *err);

/* Begins to strike. */
void ping_source_start(struct ping_source *ping);

/* Strikes no more; events under way go on. */
void ping_source_stop(struct ping_source *ping);

#endif
