/* A world for deliveries in which nothing happens by itself: the test answers each call and lets
 * time pass. */
#ifndef TESTS_HELPERS_FAKE_WORLD_H
#define TESTS_HELPERS_FAKE_WORLD_H

#include "kn-local/dataplane/channel.h"

enum { FAKE_CALLS = 4096 };

struct fake_call {
    char *url, *id; /* owned */
    struct headers headers;
    struct buf body;
    long timeout_ms;
    http_ended *ended; /* NULL once answered */
    void *context;
};

struct fake_world {
    struct world world; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fake_call calls[FAKE_CALLS];
    size_t count;        /* calls so far */
    size_t answered;     /* of them, by fake_answer_next */
    struct timer *timer; /* the last one that was set */
    int64_t waits_ns[64];
    size_t wait_count;
    char *told; /* the last message, owned */
};

struct fake_world *fake_world_new(void);
void fake_world_free(struct fake_world *fake);

static inline void own_fake_world(struct fake_world **local)
{
    fake_world_free(*local);
}

/* Waits until there were that many calls, and returns the last of them. */
struct fake_call *fake_call(struct fake_world *fake, size_t number);

/* Answers a call; status 0: no connection. fields are name, value, ..., NULL; may be NULL. */
void fake_answer_with(struct fake_call *call, int status, const char *const *fields,
                      struct bytes body);
void fake_answer(struct fake_call *call, int status);

/* Lets the last timer fire. */
void fake_time(struct fake_world *fake);

/* A CloudEvent with this id as a parcel that was asked to be answered. */
struct parcel *fake_event(const char *id);

/* How a parcel that was taken has settled. */
struct fake_outcome {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int times;
    bool well;
};

void fake_outcome_init(struct fake_outcome *outcome);
void fake_watch(struct parcel *parcel, struct fake_outcome *outcome);
void fake_wait_settled(struct fake_outcome *outcome, int times);

#endif
