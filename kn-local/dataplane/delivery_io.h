/* SPDX-License-Identifier: Apache-2.0 */
/* What deliveries need of the world: a network, a clock, a journal, somebody to tell. The runtime
 * brings the real ones, tests their own. */
#ifndef KN_LOCAL_DATAPLANE_DELIVERY_IO_H
#define KN_LOCAL_DATAPLANE_DELIVERY_IO_H

#include "base/event_loop.h"
#include "kn-local/dataplane/address.h"
#include "kn-local/trace/trace_log.h"
#include "net/client/http_client.h"

struct delivery_io {
    /* Starts a call to a target; as http_client_start, but call->url is filled in here. */
    void (*send)(struct delivery_io *world, const struct resolved_address *to,
                 struct http_call *call, http_client_callback *ended, void *context);
    /* Calls fire after wait_ns, unless taken back. */
    void (*later)(struct delivery_io *world, struct timer *timer, int64_t wait_ns,
                  void (*fire)(struct timer *timer));
    bool (*cancel)(struct delivery_io *world, struct timer *timer);
    /* Something worth telling; may be NULL. */
    void (*tell)(struct delivery_io *world, const struct resource_event *event);
    struct trace_log *journal;
};

#endif
