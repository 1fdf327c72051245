/* SPDX-License-Identifier: Apache-2.0 */
/* Brings an event to a channel of this process, as a request to its address would, but without a
 * connection: no number of channels that lead to each other can use up connections, and the stack
 * stays flat whatever their chain. */
#ifndef KN_LOCAL_DATAPLANE_FORWARD_H
#define KN_LOCAL_DATAPLANE_FORWARD_H

#include "kn-local/dataplane/address.h"
#include "kn-local/dataplane/dataplane_io.h"

/* Calls ended once, on the timer thread: with the status that the channel answers (404 when there
 * is none), or without an answer after timeout_ns. A channel that does not take the event for now,
 * since it is full say, is asked again until then. to must live until ended is called; the event is
 * held. */
void forward_send(struct dataplane_io *io, const struct resolved_address *to,
                  struct event_message *event, int64_t timeout_ns, http_client_callback *ended,
                  void *context);

#endif
