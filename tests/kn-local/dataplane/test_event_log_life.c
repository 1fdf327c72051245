/* SPDX-License-Identifier: Apache-2.0 */
/* Channels on disk that are removed, stopped and started, and that have reached a limit. */
#include "tests/kn-local/dataplane/event_log_fixture.h"

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
    fixture.fake->disk_free = 1 << 20;
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

TEST(a_full_disk_takes_events_again_when_what_filled_it_was_delivered)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    enum { MANY = 200 };
    take_all(&fixture, 1, MANY);
    fixture.fake->disk_free = 4 << 20;
    take(&fixture, MANY + 1);
    fake_outcome_wait(&fixture.outcome, 1);
    EXPECT_INT(fixture.outcome.status, ERR_UNAVAILABLE);
    for (size_t i = 1; i <= MANY; i++)
        fake_respond(fake_await_call(fixture.fake, i), 202);
    for (int tries = 2; fixture.outcome.status != 202 && tries < 1000; tries++) {
        fixture.fake->now_ns += NS_PER_SEC;
        take(&fixture, MANY + tries);
        fake_outcome_wait(&fixture.outcome, tries);
    }
    EXPECT_INT(fixture.outcome.status, 202);
}
