/* SPDX-License-Identifier: Apache-2.0 */
/* A channel on disk, with a network and a clock of the test's own. */
#ifndef TESTS_KN_LOCAL_DATAPLANE_EVENT_LOG_FIXTURE_H
#define TESTS_KN_LOCAL_DATAPLANE_EVENT_LOG_FIXTURE_H

#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/event_log_store.h"
#include "tests/helpers/fake_dataplane_io.h"
#include "tests/helpers/test.h"

#include <string.h>
#include <unistd.h>

struct place {
    char *dir, *path;
};

static inline struct place new_place(void)
{
    char dir[] = "/tmp/log-XXXXXX";
    EXPECT(mkdtemp(dir) != NULL);
    return (struct place){str_copy(dir), str_format("%s/channels.db", dir)};
}

static inline void own_place(struct place *place)
{
    struct err err = {0};
    file_remove_tree(place->dir, &err);
    free(place->dir);
    free(place->path);
}

struct fixture {
    struct place place;
    struct fake_dataplane_io *fake;
    struct event_log_writer *writer;
    int64_t max_bytes;
    struct channel *channel;
    struct subscription *subscriptions[4];
    size_t count;
    struct fake_outcome outcome;
};

static inline void open_channel(struct fixture *fixture)
{
    struct err err = {0};
    fixture->fake = fake_dataplane_io_new();
    fixture->writer = event_log_writer_open(
        &(struct event_log_options){
            .path = fixture->place.path, .max_bytes = fixture->max_bytes, .io = &fixture->fake->io},
        &err);
    EXPECT_STR(err.text, "");
    fixture->channel = channel_open(&fixture->fake->io, fixture->writer, "default", "c", &err);
    EXPECT(fixture->channel != NULL);
    fake_outcome_init(&fixture->outcome);
}

static inline void open_fixture(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->place = new_place();
    open_channel(fixture);
}

/* Ends as a program does that is asked to: what waits stays on disk. */
static inline void close_channel(struct fixture *fixture)
{
    event_log_writer_pause(fixture->writer);
    for (size_t i = 0; i < fixture->count; i++)
        channel_unsubscribe(fixture->channel, fixture->subscriptions[i], SUBSCRIPTION_STOPPED);
    for (size_t i = 1; i <= fixture->fake->count; i++)
        if (fake_await_call(fixture->fake, i)->ended)
            fake_respond(fake_await_call(fixture->fake, i), 0);
    event_log_writer_stop(fixture->writer);
    for (size_t i = 0; i < fixture->count; i++)
        subscription_release(fixture->subscriptions[i]);
    fixture->count = 0;
    channel_close(fixture->channel, false);
    event_log_writer_close(fixture->writer);
    fake_dataplane_io_free(fixture->fake);
}

static inline void own_fixture(struct fixture *fixture)
{
    close_channel(fixture);
    own_place(&fixture->place);
}

static inline void subscribe(struct fixture *fixture, const char *name)
{
    struct err err = {0};
    OWN(free) char *url = str_format("http://%s/", name);
    struct runtime_subscription from = {
        .ns = "default",
        .name = name,
        .channel = "c",
        .subscriber = {.to = DESTINATION_URL, .url = url},
        .policy = {.retry = 1000, .backoff = BACKOFF_LINEAR, .delay_ns = NS_PER_SEC},
    };
    struct subscription *subscription = subscription_new(&fixture->fake->io, "http://x", &from);
    EXPECT(channel_subscribe(fixture->channel, subscription, &err));
    fixture->subscriptions[fixture->count++] = subscription;
}

static inline bool keep_nothing(const char *log, const char *reader, void *context)
{
    (void)log, (void)reader, (void)context;
    return false;
}

/* All subscriptions are there. */
static inline void begin(struct fixture *fixture)
{
    event_log_writer_begin(fixture->writer, keep_nothing, NULL);
}

static inline void take(struct fixture *fixture, int number)
{
    OWN(free) char *id = str_format("%d", number);
    OWN(event_message) struct event_message *event = fake_event(id);
    channel_take(fixture->channel, event, fake_receipt(&fixture->outcome));
}

/* Accepts events one after the other, each when the previous one is safe. */
static inline void take_all(struct fixture *fixture, int from, int to)
{
    for (int i = from; i <= to; i++) {
        take(fixture, i);
        fake_outcome_wait(&fixture->outcome, i - from + 1);
        EXPECT(fixture->outcome.status == 202);
    }
    fake_outcome_init(&fixture->outcome);
}

static inline bool count_event(uint64_t number, struct bytes headers, struct bytes body,
                               void *context)
{
    (void)number, (void)headers, (void)body;
    ++*(int *)context;
    return true;
}

/* How many events a closed store holds of the channel, and the number of the next. */
static inline int count_stored(const struct fixture *fixture, uint64_t *next)
{
    struct err err = {0};
    struct event_log_row row;
    int count = 0;
    OWN(event_log_store)
    struct event_log_store *store =
        event_log_store_open(&(struct event_log_store_options){.path = fixture->place.path}, &err);
    EXPECT(event_log_store_open_log(store, "default/channels/c", &row, &err));
    EXPECT(event_log_store_read(store, row.id, 0, count_event, &count, &err));
    EXPECT(count || row.bytes == 0);
    *next = row.next;
    return count;
}

#endif
