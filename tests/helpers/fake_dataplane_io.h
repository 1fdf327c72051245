/* SPDX-License-Identifier: Apache-2.0 */
/* A world for the data plane in which nothing happens by itself: the test answers each call and
 * lets time pass. Timers that are due at once fire when the test waits for something. */
#ifndef TESTS_HELPERS_FAKE_DATAPLANE_IO_H
#define TESTS_HELPERS_FAKE_DATAPLANE_IO_H

#include "kn-local/dataplane/channel.h"

enum { FAKE_MAX_CALLS = 4096, FAKE_MAX_TIMERS = 4096 };

struct fake_http_call {
    char *url, *id; /* owned */
    struct headers headers;
    struct buf body;
    long timeout_ms;
    http_client_callback *ended; /* NULL once answered */
    void *context;
};

struct fake_dataplane_io {
    struct dataplane_io io; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fake_http_call calls[FAKE_MAX_CALLS];
    size_t count;                          /* calls so far */
    struct timer *timers[FAKE_MAX_TIMERS]; /* that are set, in the order they were */
    int64_t due_ns[FAKE_MAX_TIMERS];
    size_t timer_count;
    int64_t waits_ns[64]; /* of timers that were to wait */
    size_t wait_count;
    _Atomic int64_t now_ns; /* of both clocks; moved by fake_fire_timer */
    uint64_t disk_free;
    char *published;             /* the last message, owned */
    struct channel *channels[4]; /* that `take` finds by name */
};

struct fake_dataplane_io *fake_dataplane_io_new(void);
void fake_dataplane_io_free(struct fake_dataplane_io *fake);

static inline void own_fake_dataplane_io(struct fake_dataplane_io **local)
{
    fake_dataplane_io_free(*local);
}

/* Waits until there were that many calls, and returns the last of them. */
struct fake_http_call *fake_await_call(struct fake_dataplane_io *fake, size_t number);

/* Answers a call; status 0: no connection. fields are name, value, ..., NULL; may be NULL. */
void fake_respond_with(struct fake_http_call *call, int status, const char *const *fields,
                       struct bytes body);
void fake_respond(struct fake_http_call *call, int status);

/* Answers a call whose body is lost. */
void fake_respond_incomplete(struct fake_http_call *call, int status);

/* Lets the first timer that is set fire, at its time. False: none is set. */
bool fake_fire_timer(struct fake_dataplane_io *fake);

/* Lets those fire that are due now. */
void fake_run_due(struct fake_dataplane_io *fake);

/* A CloudEvent with this id, and fields that are forwarded and others that are not. */
struct event_message *fake_event(const char *id);

/* How events that were taken have settled. */
struct fake_outcome {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int times;
    int status;    /* of the last */
    bool unwanted; /* nobody waits for the answer */
};

void fake_outcome_init(struct fake_outcome *outcome);

/* A receipt that settles into the outcome. */
struct receipt *fake_receipt(struct fake_outcome *outcome);
void fake_outcome_wait(struct fake_outcome *outcome, int times);

#endif
