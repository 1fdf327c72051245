/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that runs timers, and waits for file descriptors to become ready. */
#ifndef BASE_EVENT_LOOP_H
#define BASE_EVENT_LOOP_H

#include "base/err.h"
#include "base/heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_loop;

/* A call at a point in time; a member of what it is about. All zero is not set. */
struct timer {
    struct heap_node node; /* key: the monotonic time in ns */
    void (*fire)(struct timer *timer);
};

/* A file descriptor that is watched; a member of what it is about. */
struct fd_watch {
    int fd;
    void (*ready)(struct fd_watch *watch);
};

struct event_loop *event_loop_open(struct err *err);

/* Runs the timers that are due, and ends the thread. Later timers never fire. */
void event_loop_close(struct event_loop *loop);

static inline void own_event_loop(struct event_loop **local)
{
    event_loop_close(*local);
}

/* Calls fire on the loop's thread at that monotonic time, or at once when it has passed. A timer
 * that is set already is moved. From any thread. */
void event_loop_set_timer(struct event_loop *loop, struct timer *timer, int64_t at_ns,
                          void (*fire)(struct timer *timer));

/* Cancels a timer. False when it was not set: it has fired, or is firing. From any thread. */
bool event_loop_cancel_timer(struct event_loop *loop, struct timer *timer);

/* Waits until the timers that were due at the call have fired. Not from the loop's thread. */
void event_loop_flush(struct event_loop *loop);

/* Calls ready on the loop's thread while the descriptor is readable or its peer has closed. Call
 * it, and event_loop_unwatch_fd, on the loop's thread. */
void event_loop_watch_fd(struct event_loop *loop, struct fd_watch *watch, int fd,
                         void (*ready)(struct fd_watch *watch));
void event_loop_unwatch_fd(struct event_loop *loop, struct fd_watch *watch);

/* Whether the caller runs on the loop's thread. */
bool event_loop_is_current(const struct event_loop *loop);

#endif
