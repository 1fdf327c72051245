/* SPDX-License-Identifier: Apache-2.0 */
/* One thread for what happens later: timers, and file descriptors that become ready. */
#ifndef BASE_EVENT_LOOP_H
#define BASE_EVENT_LOOP_H

#include "base/err.h"
#include "base/heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_loop;

/* Something to be done at a moment; a part of what it is about. All zero is not set. */
struct timer {
    struct heap_node node; /* by the monotonic clock */
    void (*fire)(struct timer *timer);
};

/* A file descriptor that is looked at; a part of what it is about. */
struct fd_watch {
    int fd;
    void (*ready)(struct fd_watch *watch);
};

struct event_loop *event_loop_open(struct err *err);

/* Ends the thread once what is due was done. Timers of later moments never fire. */
void event_loop_close(struct event_loop *loop);

static inline void own_event_loop(struct event_loop **local)
{
    event_loop_close(*local);
}

/* Calls fire on the loop's thread at that moment, or at once when it has passed. A timer that is
 * set already is set anew. From any thread. */
void event_loop_set_timer(struct event_loop *loop, struct timer *timer, int64_t at_ns,
                          void (*fire)(struct timer *timer));

/* Takes a timer back. False when it was not set: it has fired, or fires just now. */
bool event_loop_cancel_timer(struct event_loop *loop, struct timer *timer);

/* Waits until all that was due when it was called is done. Not from the loop's thread. */
void event_loop_flush(struct event_loop *loop);

/* Calls ready on the loop's thread while the descriptor can be read (or its peer is gone). To be
 * called on the loop's thread, as event_loop_unwatch_fd is. */
void event_loop_watch_fd(struct event_loop *loop, struct fd_watch *watch, int fd,
                         void (*ready)(struct fd_watch *watch));
void event_loop_unwatch_fd(struct event_loop *loop, struct fd_watch *watch);

/* Whether the caller runs on the loop's thread. */
bool event_loop_is_current(const struct event_loop *loop);

#endif
