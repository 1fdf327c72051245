/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: timers fire in order, once, on one thread; ready descriptors are reported. */
#include "base/event_loop.h"
#include "base/own.h"
#include "base/timestamp.h"
#include "tests/helpers/test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIMERS = 500 };

struct entry {
    struct timer timer; /* first: fire gets it */
    struct record *record;
    int number;
};

struct record {
    int order[TIMERS];
    atomic_int count;
    int expected;
    sem_t done;
};

static void fired(struct timer *timer)
{
    struct entry *entry = (struct entry *)timer;
    struct record *record = entry->record;
    int count = atomic_load(&record->count);
    record->order[count] = entry->number;
    atomic_store(&record->count, count + 1);
    if (count + 1 == record->expected)
        sem_post(&record->done);
}

TEST(timers_fire_in_the_order_of_their_times)
{
    struct err err = {0};
    OWN(event_loop) struct event_loop *loop = event_loop_open(&err);
    struct record record = {.expected = TIMERS};
    sem_init(&record.done, 0, 0);
    struct entry *entries = calloc(TIMERS, sizeof(*entries));
    int64_t start = timestamp_monotonic_ns() + 20 * NS_PER_MS;
    for (int i = 0; i < TIMERS; i++) {
        int number = i * 7919 % TIMERS; /* every number once, mixed up */
        entries[i] = (struct entry){.record = &record, .number = number};
        event_loop_set_timer(loop, &entries[i].timer, start + number, fired);
    }
    sem_wait(&record.done);
    EXPECT(timestamp_monotonic_ns() >= start);
    for (int i = 0; i < TIMERS; i++)
        EXPECT_INT(record.order[i], i);
    free(entries);
}

TEST(a_cancelled_timer_does_not_fire)
{
    struct err err = {0};
    OWN(event_loop) struct event_loop *loop = event_loop_open(&err);
    struct record record = {.expected = TIMERS / 2};
    sem_init(&record.done, 0, 0);
    struct entry *entries = calloc(TIMERS, sizeof(*entries));
    int64_t start = timestamp_monotonic_ns() + 50 * NS_PER_MS;
    for (int i = 0; i < TIMERS; i++) {
        entries[i] = (struct entry){.record = &record, .number = i};
        event_loop_set_timer(loop, &entries[i].timer, start + i * 1000, fired);
    }
    for (int i = 0; i < TIMERS; i += 2)
        EXPECT(event_loop_cancel_timer(loop, &entries[i].timer));
    sem_wait(&record.done);
    for (int i = 0; i < TIMERS / 2; i++)
        EXPECT_INT(record.order[i], 2 * i + 1);
    EXPECT(!event_loop_cancel_timer(loop, &entries[1].timer));
    free(entries);
}

TEST(a_timer_that_is_set_again_fires_only_at_its_new_time)
{
    struct err err = {0};
    OWN(event_loop) struct event_loop *loop = event_loop_open(&err);
    struct record record = {.expected = 2};
    sem_init(&record.done, 0, 0);
    struct entry late = {.record = &record, .number = 1}, soon = {.record = &record, .number = 2};
    int64_t now = timestamp_monotonic_ns();
    event_loop_set_timer(loop, &late.timer, now + NS_PER_SEC * INT64_C(3600), fired);
    event_loop_set_timer(loop, &soon.timer, now + 10 * NS_PER_MS, fired);
    event_loop_set_timer(loop, &late.timer, now + 20 * NS_PER_MS, fired);
    sem_wait(&record.done);
    EXPECT_INT(record.order[0], 2);
    EXPECT_INT(record.order[1], 1);
}

struct reader {
    struct fd_watch watch;
    struct timer begin;
    struct event_loop *loop;
    int fd;
    char got;
    sem_t done;
};

static void on_readable(struct fd_watch *watch)
{
    struct reader *reader = (struct reader *)watch;
    if (read(watch->fd, &reader->got, 1) == 1)
        return;
    event_loop_unwatch_fd(reader->loop, watch); /* the writer has closed */
    sem_post(&reader->done);
}

static void begin_reading(struct timer *timer)
{
    struct reader *reader = (struct reader *)((char *)timer - offsetof(struct reader, begin));
    EXPECT(event_loop_is_current(reader->loop));
    event_loop_watch_fd(reader->loop, &reader->watch, reader->fd, on_readable);
}

TEST(a_descriptor_is_reported_until_its_peer_has_closed)
{
    struct err err = {0};
    OWN(event_loop) struct event_loop *loop = event_loop_open(&err);
    int ends[2];
    EXPECT(pipe(ends) == 0);
    struct reader reader = {.loop = loop, .fd = ends[0]};
    sem_init(&reader.done, 0, 0);
    event_loop_set_timer(loop, &reader.begin, 0, begin_reading);
    EXPECT(write(ends[1], "x", 1) == 1);
    close(ends[1]);
    sem_wait(&reader.done);
    EXPECT_INT(reader.got, 'x');
    close(ends[0]);
}
