/* What deliveries need of the world: a network, a clock, a journal, somebody to tell. The runtime
 * brings the real ones, tests their own. */
#ifndef KN_LOCAL_DATAPLANE_DELIVERY_IO_H
#define KN_LOCAL_DATAPLANE_DELIVERY_IO_H

#include "base/event_loop.h"
#include "kn-local/dataplane/address.h"
#include "kn-local/trace/trace_log.h"
#include "net/client/http_client.h"

struct world {
    /* Starts a call to a target; as http_start, but call->url is filled in here. */
    void (*send)(struct world *world, const struct target *to, struct http_call *call,
                 http_ended *ended, void *context);
    /* Calls fire after wait_ns, unless taken back. */
    void (*later)(struct world *world, struct timer *timer, int64_t wait_ns,
                  void (*fire)(struct timer *timer));
    bool (*take_back)(struct world *world, struct timer *timer);
    /* Something worth telling; may be NULL. */
    void (*tell)(struct world *world, const struct runtime_event *event);
    struct journal *journal;
};

#endif
