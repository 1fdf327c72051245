/* One thread for what happens later: timers, and file descriptors that become ready. */
#ifndef BASE_EVENT_LOOP_H
#define BASE_EVENT_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* Something to be done at a moment; a part of what it is about. All zero is not set. */
struct timer {
    int64_t at_ns; /* by the monotonic clock */
    void (*fire)(struct timer *timer);
    size_t place; /* in the loop's heap, from 1; 0 = not set */
};

/* A file descriptor that is looked at; a part of what it is about. */
struct watch {
    int fd;
    void (*ready)(struct watch *watch);
};

struct loop *loop_open(struct err *err);

/* Ends the thread once what is due was done. Timers of later moments never fire. */
void loop_close(struct loop *loop);

static inline void own_loop(struct loop **local)
{
    loop_close(*local);
}

/* Calls fire on the loop's thread at that moment, or at once when it has passed. A timer that is
 * set already is set anew. From any thread. */
void loop_at(struct loop *loop, struct timer *timer, int64_t at_ns,
             void (*fire)(struct timer *timer));

/* Takes a timer back. False when it was not set: it has fired, or fires just now. */
bool loop_cancel(struct loop *loop, struct timer *timer);

/* Waits until all that was due when it was called is done. Not from the loop's thread. */
void loop_flush(struct loop *loop);

/* Calls ready on the loop's thread while the descriptor can be read (or its peer is gone). To be
 * called on the loop's thread, as loop_unwatch is. */
void loop_watch(struct loop *loop, struct watch *watch, int fd, void (*ready)(struct watch *watch));
void loop_unwatch(struct loop *loop, struct watch *watch);

/* Whether the caller runs on the loop's thread. */
bool loop_here(const struct loop *loop);

#endif
