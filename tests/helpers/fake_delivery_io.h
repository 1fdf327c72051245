/* SPDX-License-Identifier: Apache-2.0 */
/* A world for deliveries in which nothing happens by itself: the test answers each call and lets
 * time pass. */
#ifndef TESTS_HELPERS_FAKE_DELIVERY_IO_H
#define TESTS_HELPERS_FAKE_DELIVERY_IO_H

#include "kn-local/dataplane/channel.h"

enum { FAKE_MAX_CALLS = 4096 };

struct fake_http_call {
    char *url, *id; /* owned */
    struct headers headers;
    struct buf body;
    long timeout_ms;
    http_client_callback *ended; /* NULL once answered */
    void *context;
};

struct fake_delivery_io {
    struct delivery_io world; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fake_http_call calls[FAKE_MAX_CALLS];
    size_t count;        /* calls so far */
    size_t answered;     /* of them, by fake_respond_next */
    struct timer *timer; /* the last one that was set */
    int64_t waits_ns[64];
    size_t wait_count;
    char *told; /* the last message, owned */
};

struct fake_delivery_io *fake_delivery_io_new(void);
void fake_delivery_io_free(struct fake_delivery_io *fake);

static inline void own_fake_delivery_io(struct fake_delivery_io **local)
{
    fake_delivery_io_free(*local);
}

/* Waits until there were that many calls, and returns the last of them. */
struct fake_http_call *fake_await_call(struct fake_delivery_io *fake, size_t number);

/* Answers a call; status 0: no connection. fields are name, value, ..., NULL; may be NULL. */
void fake_respond_with(struct fake_http_call *call, int status, const char *const *fields,
                       struct bytes body);
void fake_respond(struct fake_http_call *call, int status);

/* Lets the last timer fire. */
void fake_fire_timer(struct fake_delivery_io *fake);

/* A CloudEvent with this id as a parcel that was asked to be answered. */
struct event_message *fake_event(const char *id);

/* How a parcel that was taken has settled. */
struct fake_outcome {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int times;
    bool well;
};

void fake_outcome_init(struct fake_outcome *outcome);
void fake_outcome_watch(struct event_message *parcel, struct fake_outcome *outcome);
void fake_outcome_wait(struct fake_outcome *outcome, int times);

#endif
