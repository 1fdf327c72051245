/* PingSource: events by the clock. */
#ifndef KN_LOCAL_DATAPLANE_PING_SOURCE_H
#define KN_LOCAL_DATAPLANE_PING_SOURCE_H

#include "kn-local/dataplane/delivery_io.h"
#include "kn-local/dataplane/event_message.h"

struct ping;

/* The event of one strike: type dev.knative.sources.ping, a new id, the time. NULL and err
 * (ERR_INPUT) when overrides are not in order. */
struct parcel *ping_event(const struct runtime_ping *from, struct err *err);

/* NULL and err (ERR_INPUT) when schedule, timezone or overrides are not in order. Borrows world;
 * root: see target_copy. */
struct ping *ping_new(struct world *world, const char *root, const struct runtime_ping *from,
                      struct err *err);

/* Begins to strike. */
void ping_begin(struct ping *ping);

/* Strikes no more; events under way go on. */
void ping_end(struct ping *ping);

#endif
