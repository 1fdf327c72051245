/* SPDX-License-Identifier: Apache-2.0 */
/* Channels on disk: nothing that was taken is lost, whichever subscriber is slow, dead or behind.
 */
#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/event_log_store.h"
#include "tests/helpers/fake_dataplane_io.h"
#include "tests/helpers/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char *dir, *path;
};

static struct place new_place(void)
{
    char dir[] = "/tmp/log-XXXXXX";
    EXPECT(mkdtemp(dir) != NULL);
    return (struct place){str_copy(dir), str_format("%s/channels.db", dir)};
}

static void own_place(struct place *place)
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

static void open_channel(struct fixture *fixture)
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

static void open_fixture(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->place = new_place();
    open_channel(fixture);
}

/* Ends as a program does that is asked to: what waits stays on disk. */
static void close_channel(struct fixture *fixture)
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

static void own_fixture(struct fixture *fixture)
{
    close_channel(fixture);
    own_place(&fixture->place);
}

static void subscribe(struct fixture *fixture, const char *name)
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

static bool keep_nothing(const char *log, const char *reader, void *context)
{
    (void)log, (void)reader, (void)context;
    return false;
}

/* All subscriptions are there. */
static void begin(struct fixture *fixture)
{
    event_log_writer_begin(fixture->writer, keep_nothing, NULL);
}

static void take(struct fixture *fixture, int number)
{
    OWN(free) char *id = str_format("%d", number);
    OWN(event_message) struct event_message *event = fake_event(id);
    channel_take(fixture->channel, event, fake_receipt(&fixture->outcome));
}

/* Takes events one behind the other, each when the one before is safe. */
static void take_all(struct fixture *fixture, int from, int to)
{
    for (int i = from; i <= to; i++) {
        take(fixture, i);
        fake_outcome_wait(&fixture->outcome, i - from + 1);
        EXPECT(fixture->outcome.status == 202);
    }
    fake_outcome_init(&fixture->outcome);
}

TEST(the_sender_is_answered_when_the_event_is_safe_not_when_it_was_delivered)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take(&fixture, 1);
    fake_outcome_wait(&fixture.outcome, 1);
    EXPECT(fixture.outcome.status == 202);
    const struct fake_http_call *call = fake_await_call(fixture.fake, 1);
    EXPECT_STR(call->id, "1");
    EXPECT_STR(call->body.data, "data of 1");
    EXPECT_STR(headers_get(&call->headers, "Prefer"), "reply");
}

TEST(what_was_not_delivered_before_the_end_is_delivered_after_the_next_start)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 3);
    fake_await_call(fixture.fake, 3);
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    const struct fake_http_call *call = fake_await_call(fixture.fake, 2);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "2");
    EXPECT_STR(call->id, "3");
    EXPECT_STR(call->body.data, "data of 3");
    EXPECT_STR(headers_get(&call->headers, "Kn-Namespace"), "default");
    EXPECT_STR(headers_get(&call->headers, "x-request-id"), "r-1");
}

TEST(what_was_done_above_an_event_that_was_not_is_not_delivered_again)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 4);
    fake_await_call(fixture.fake, 4);
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    fake_respond(fake_await_call(fixture.fake, 3), 202);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    fake_await_call(fixture.fake, 2);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "2");
    EXPECT_STR(fake_await_call(fixture.fake, 2)->id, "4");
}

TEST(a_new_subscription_gets_what_comes_after_it)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    begin(&fixture);
    take_all(&fixture, 1, 2);
    subscribe(&fixture, "late");
    take_all(&fixture, 3, 3);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "3");
}

TEST(a_subscriber_that_does_not_answer_holds_up_neither_others_nor_senders)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    enum { EVENTS = 1000 };
    subscribe(&fixture, "dead");
    subscribe(&fixture, "well");
    begin(&fixture);
    size_t well = 0, seen = 0;
    for (int i = 1; i <= EVENTS; i++) {
        take(&fixture, i);
        fake_outcome_wait(&fixture.outcome, i);
    }
    while (well < EVENTS) {
        struct fake_http_call *call = fake_await_call(fixture.fake, ++seen);
        if (str_equal(call->url, "http://well/")) {
            fake_respond(call, 202);
            well++;
        }
    }
    EXPECT(fixture.fake->count - well <= 100); /* requests at once */
}

TEST(a_subscriber_that_was_behind_gets_everything_once_and_in_order)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    enum { EVENTS = 1500 };
    subscribe(&fixture, "slow");
    begin(&fixture);
    for (int i = 1; i <= EVENTS; i++) {
        take(&fixture, i);
        fake_outcome_wait(&fixture.outcome, i);
    }
    EXPECT(fixture.fake->count < 128);
    for (int i = 1; i <= EVENTS; i++) {
        OWN(free) char *id = str_format("%d", i);
        struct fake_http_call *call = fake_await_call(fixture.fake, (size_t)i);
        EXPECT_STR(call->id, id);
        fake_respond(call, 202);
    }
    EXPECT_INT(fixture.fake->count, EVENTS);
}

TEST(an_event_that_keeps_failing_holds_up_no_other)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    enum { EVENTS = 2000 };
    size_t seen = 0, ok = 0, failed = 0;
    for (int i = 1; i <= EVENTS; i++) {
        take(&fixture, i);
        fake_outcome_wait(&fixture.outcome, i);
    }
    while (ok < EVENTS - 1) { /* the first one waits for its third attempt all the time */
        struct fake_http_call *call = fake_await_call(fixture.fake, ++seen);
        bool poisoned = str_equal(call->id, "1");
        ok += !poisoned;
        failed += poisoned;
        fake_respond(call, poisoned ? 503 : 202);
    }
    EXPECT_INT(failed, 2);
}

static bool count_event(uint64_t number, struct bytes headers, struct bytes body, void *context)
{
    (void)number, (void)headers, (void)body;
    ++*(int *)context;
    return true;
}

/* How many events a closed store holds of the channel, and the number of the next. */
static int count_stored(const struct fixture *fixture, uint64_t *next)
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

TEST(events_that_all_have_done_are_deleted)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 10);
    for (size_t i = 1; i <= 10; i++)
        fake_respond(fake_await_call(fixture.fake, i), 202);
    close_channel(&fixture);
    uint64_t next;
    EXPECT_INT(count_stored(&fixture, &next), 0);
    EXPECT_INT(next, 11);
    open_channel(&fixture);
}

TEST(one_event_that_is_not_done_keeps_no_long_row_of_others_on_disk)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    enum { EVENTS = 1000 };
    size_t seen = 0;
    for (int i = 1; i <= EVENTS; i++) {
        take(&fixture, i);
        fake_outcome_wait(&fixture.outcome, i);
    }
    for (size_t ok = 0; ok < EVENTS - 1;) {
        struct fake_http_call *call = fake_await_call(fixture.fake, ++seen);
        bool poisoned = str_equal(call->id, "1");
        ok += !poisoned;
        fake_respond(call, poisoned ? 503 : 202);
    }
    close_channel(&fixture);
    uint64_t next;
    EXPECT_INT(count_stored(&fixture, &next), 1);
    EXPECT_INT(next, EVENTS + 1);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, EVENTS + 1, EVENTS + 1);
    fake_await_call(fixture.fake, 2);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "1");
    EXPECT_STR(fake_await_call(fixture.fake, 2)->id, "1001");
}

TEST(a_channel_that_is_removed_leaves_nothing_behind)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct err err = {0};
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 3);
    fake_await_call(fixture.fake, 3);
    channel_unsubscribe(fixture.channel, fixture.subscriptions[0], SUBSCRIPTION_REMOVED);
    subscription_release(fixture.subscriptions[0]);
    fixture.count = 0;
    for (size_t i = 1; i <= 3; i++)
        fake_respond(fake_await_call(fixture.fake, i), 202);
    channel_close(fixture.channel, true);
    fixture.channel = channel_open(&fixture.fake->io, fixture.writer, "default", "c", &err);
    subscribe(&fixture, "a");
    take_all(&fixture, 4, 4);
    EXPECT_STR(fake_await_call(fixture.fake, 4)->id, "4");
}

TEST(an_event_that_waits_to_be_written_when_its_channel_is_removed_is_refused)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    begin(&fixture);
    struct err err = {0};
    struct channel *channel = channel_hold(fixture.channel);
    channel_close(fixture.channel, true);
    OWN(event_message) struct event_message *event = fake_event("1");
    channel_take(channel, event, fake_receipt(&fixture.outcome));
    fake_outcome_wait(&fixture.outcome, 1);
    EXPECT_INT(fixture.outcome.status, ERR_UNAVAILABLE);
    channel_release(channel);
    fixture.channel = channel_open(&fixture.fake->io, fixture.writer, "default", "c", &err);
}

TEST(what_ends_late_of_a_removed_subscription_changes_nothing_of_a_new_one_of_its_name)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 3);
    fake_await_call(fixture.fake, 3);
    channel_unsubscribe(fixture.channel, fixture.subscriptions[0], SUBSCRIPTION_REMOVED);
    subscription_release(fixture.subscriptions[0]);
    fixture.count = 0;
    subscribe(&fixture, "a");
    take_all(&fixture, 4, 4);
    fake_respond(fake_await_call(fixture.fake, 4), 202);
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 5, 5);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "5");
}

TEST(readers_and_channels_that_were_not_opened_are_gone_after_the_start)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct err err = {0};
    struct channel *other =
        channel_open(&fixture.fake->io, fixture.writer, "default", "other", &err);
    subscribe(&fixture, "a");
    subscribe(&fixture, "b");
    begin(&fixture);
    take_all(&fixture, 1, 2);
    for (size_t i = 1; i <= 4; i++) /* b has nothing done */
        if (str_equal(fake_await_call(fixture.fake, i)->url, "http://a/"))
            fake_respond(fake_await_call(fixture.fake, i), 202);
    channel_close(other, false);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 3, 3);
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    close_channel(&fixture);
    uint64_t next;
    EXPECT_INT(count_stored(&fixture, &next), 0);
    open_channel(&fixture);
    subscribe(&fixture, "b");
    begin(&fixture);
    take_all(&fixture, 4, 4);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "4");
}

static bool keep_all(const char *log, const char *reader, void *context)
{
    (void)log, (void)reader, (void)context;
    return true;
}

TEST(what_is_kept_for_a_subscription_that_cannot_be_applied_waits_for_it)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    subscribe(&fixture, "b");
    begin(&fixture);
    take_all(&fixture, 1, 1);
    for (size_t i = 1; i <= 2; i++) /* b has nothing done */
        if (str_equal(fake_await_call(fixture.fake, i)->url, "http://a/"))
            fake_respond(fake_await_call(fixture.fake, i), 202);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    event_log_writer_begin(fixture.writer, keep_all, NULL);
    take_all(&fixture, 2, 2);
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    close_channel(&fixture);
    uint64_t next;
    EXPECT_INT(count_stored(&fixture, &next), 2);
    open_channel(&fixture);
    subscribe(&fixture, "a");
    event_log_writer_begin(fixture.writer, keep_all, NULL);
    subscribe(&fixture, "b");
    fake_await_call(fixture.fake, 2);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "1");
}

TEST(nothing_is_delivered_before_all_is_there)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 1);
    fake_await_call(fixture.fake, 1);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    take_all(&fixture, 2, 2); /* the writer has been at work since */
    EXPECT_INT(fixture.fake->count, 0);
    begin(&fixture);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "1");
    EXPECT_STR(fake_await_call(fixture.fake, 2)->id, "2");
}

TEST(what_is_cut_at_the_end_comes_again)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    OWN(free) char *url = str_format("http://a/");
    struct err err = {0};
    struct runtime_subscription spec = {
        .ns = "default",
        .name = "a",
        .channel = "c",
        .subscriber = {.to = DESTINATION_URL, .url = url},
        .dead_letter = {.to = DESTINATION_URL, .url = "http://dead/"},
    };
    fixture.subscriptions[0] = subscription_new(&fixture.fake->io, "http://x", &spec);
    fixture.count = 1;
    EXPECT(channel_subscribe(fixture.channel, fixture.subscriptions[0], &err));
    begin(&fixture);
    take_all(&fixture, 1, 1);
    fake_await_call(fixture.fake, 1);
    channel_unsubscribe(fixture.channel, fixture.subscriptions[0], SUBSCRIPTION_STOPPED);
    fake_respond(fake_await_call(fixture.fake, 1), 503); /* as of a service that is stopped */
    EXPECT_INT(fixture.fake->count, 1);
    EXPECT(fixture.fake->published == NULL);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "1");
}

TEST(an_ordered_subscription_sends_the_next_event_after_the_retries_of_the_one_before)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct err err = {0};
    struct runtime_subscription spec = {
        .ns = "default",
        .name = "a",
        .channel = "c",
        .subscriber = {.to = DESTINATION_URL, .url = "http://a/"},
        .policy = {.retry = 1, .backoff = BACKOFF_EXPONENTIAL, .delay_ns = NS_PER_SEC},
        .order = RUNTIME_ORDERED,
    };
    fixture.subscriptions[0] = subscription_new(&fixture.fake->io, "http://x", &spec);
    fixture.count = 1;
    EXPECT(channel_subscribe(fixture.channel, fixture.subscriptions[0], &err));
    begin(&fixture);
    take_all(&fixture, 1, 2);
    fake_respond(fake_await_call(fixture.fake, 1), 503);
    EXPECT_INT(fixture.fake->count, 1);
    EXPECT(fake_fire_timer(fixture.fake));
    EXPECT_STR(fake_await_call(fixture.fake, 2)->id, "1");
    fake_respond(fake_await_call(fixture.fake, 2), 202);
    EXPECT_STR(fake_await_call(fixture.fake, 3)->id, "2");
}

TEST(a_channel_that_has_reached_its_limit_answers_507_until_events_were_taken)
{
    OWN(fixture) struct fixture fixture = {.place = new_place(), .max_bytes = 1000};
    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    int taken = 0;
    for (;; taken++) {
        take(&fixture, taken + 1);
        fake_outcome_wait(&fixture.outcome, taken + 1);
        if (fixture.outcome.status != 202)
            break;
    }
    EXPECT_INT(fixture.outcome.status, 507);
    EXPECT(taken >= 3 && taken < 10);
    for (int i = 1; i <= taken; i++)
        fake_respond(fake_await_call(fixture.fake, (size_t)i), 202);
    int tries = taken + 1;
    while (fixture.outcome.status != 202) {
        fixture.fake->now_ns += NS_PER_SEC;
        take(&fixture, 100);
        fake_outcome_wait(&fixture.outcome, ++tries);
    }
}

TEST(a_full_disk_takes_no_events_but_notes_what_was_delivered)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 2);
    fixture.fake->disk_free = 4 << 20;
    take(&fixture, 3);
    fake_outcome_wait(&fixture.outcome, 1);
    EXPECT_INT(fixture.outcome.status, ERR_UNAVAILABLE);
    for (size_t i = 1; i <= 2; i++)
        fake_respond(fake_await_call(fixture.fake, i), 202);
    close_channel(&fixture);
    uint64_t next;
    EXPECT_INT(count_stored(&fixture, &next), 0);
    open_channel(&fixture);
}

/* A child that takes events for ever and writes the number of each that is safe into a pipe. */
static void take_until_killed(struct fixture *fixture, int out)
{
    for (int i = 1;; i++) {
        take(fixture, i);
        fake_outcome_wait(&fixture->outcome, i);
        if (write(out, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
}

TEST(nothing_that_was_acknowledged_is_lost_when_the_process_is_killed)
{
    for (int round = 0; round < 3; round++) {
        OWN(place) struct place place = new_place();
        int ends[2], safe = 0, number;
        EXPECT(pipe(ends) == 0);
        pid_t child = fork();
        if (child == 0) {
            struct fixture fixture = {.place = place};
            open_channel(&fixture);
            subscribe(&fixture, "a");
            begin(&fixture);
            take_until_killed(&fixture, ends[1]);
        }
        close(ends[1]);
        while (safe < 200 + 57 * round && read(ends[0], &number, sizeof(number)) == sizeof(number))
            safe = number;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &number, sizeof(number)) == sizeof(number))
            safe = number;
        close(ends[0]);
        EXPECT(safe >= 200);

        struct fixture fixture = {.place = place};
        open_channel(&fixture);
        subscribe(&fixture, "a");
        begin(&fixture);
        for (int i = 1; i <= safe; i++) {
            OWN(free) char *id = str_format("%d", i);
            EXPECT_STR(fake_await_call(fixture.fake, (size_t)i)->id, id);
            fake_respond(fake_await_call(fixture.fake, (size_t)i), 202);
        }
        close_channel(&fixture);
    }
}
