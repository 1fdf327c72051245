/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that the data plane does not decide by itself: clocks, timers, random numbers, the
 * network, the room on the disk, and what hears of it. The runtime brings the real ones, tests and
 * simulations their own. */
#ifndef KN_LOCAL_DATAPLANE_DATAPLANE_IO_H
#define KN_LOCAL_DATAPLANE_DATAPLANE_IO_H

#include "base/event_loop.h"
#include "kn-local/dataplane/event_message.h"
#include "kn-local/dataplane/receipt.h"
#include "kn-local/dataplane/runtime_specs.h"
#include "kn-local/trace/trace_log.h"
#include "net/client/http_client.h"

#include <pthread.h>

struct resolved_address;

/* Counts what must end before the data plane can stop. */
struct inflight {
    atomic_size_t count;
    pthread_mutex_t lock;
    pthread_cond_t ended;
};

struct dataplane_io {
    void *app; /* passed to each of these functions */

    int64_t (*now_ns)(void *app);       /* the wall clock */
    int64_t (*monotonic_ns)(void *app); /* for durations */
    void (*random_bytes)(void *app, void *to, size_t len);

    /* Calls fire on the timer thread after wait_ns. A timer that is set already is set again. */
    void (*set_timer)(void *app, struct timer *timer, int64_t wait_ns,
                      void (*fire)(struct timer *timer));
    /* False when it was not set: it has fired, or fires just now. */
    bool (*cancel_timer)(void *app, struct timer *timer);

    /* Sends a request to a URL or service (never to a channel of this process); as
     * http_client_start, but the URL is filled in here. */
    void (*send)(void *app, const struct resolved_address *to, struct http_call *call,
                 http_client_callback *ended, void *context);

    /* Bytes that can be written where the event log is. */
    uint64_t (*disk_free)(void *app);

    /* Reports what has happened to a resource; may be NULL. */
    void (*publish)(void *app, const struct resource_event *event);

    /* The rest is set by the data plane itself. */

    /* Gives an event to a channel of this process. False, without a call to the receipt: there is
     * no such channel. */
    bool (*take)(void *plane, const struct resolved_address *channel, struct event_message *event,
                 struct receipt *receipt);
    void *plane;
    struct trace_log *trace; /* NULL = none */
    struct inflight inflight;
    atomic_bool stopping; /* nothing waits for a channel of ours to have room again */
    atomic_bool cut; /* requests are cut off by us: none starts, no failure is a subscriber's */
};

void dataplane_io_begin(struct dataplane_io *io); /* something is under way */
void dataplane_io_end(struct dataplane_io *io);   /* it has ended */

/* Waits until nothing is under way. False when that was not so by the moment, on the monotonic
 * clock of the machine. */
bool dataplane_io_wait_idle(struct dataplane_io *io, int64_t until_ns);

#endif
