/* SPDX-License-Identifier: Apache-2.0 */
/* Channels in memory: which subscriptions get an event, and when its sender is answered. */
#include "tests/kn-local/dataplane/channel_fixture.h"

TEST(an_event_without_subscriptions_is_taken)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    EXPECT(take(&fixture, "1"));
    EXPECT_INT(fixture.outcome.times, 1);
    EXPECT(fixture.outcome.status == 202);
}

TEST(an_event_is_sent_unchanged_and_asks_for_a_reply)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a", NULL);
    take(&fixture, "1");
    const struct fake_http_call *call = fake_await_call(fixture.fake, 1);
    EXPECT_STR(call->url, "http://a/");
    EXPECT_STR(field(call, "ce-id"), "1");
    EXPECT_STR(field(call, "ce-type"), "test");
    EXPECT_STR(field(call, "ce-source"), "/test");
    EXPECT_STR(field(call, "Content-Type"), "text/plain");
    EXPECT_STR(field(call, "Prefer"), "reply");
    EXPECT_STR(field(call, "Kn-Namespace"), "default");
    EXPECT_STR(call->body.data, "data of 1");
    fake_respond(fake_await_call(fixture.fake, 1), 202);
}

TEST(only_the_fields_that_knative_names_are_forwarded)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a", NULL);
    take(&fixture, "1");
    const struct fake_http_call *call = fake_await_call(fixture.fake, 1);
    EXPECT_STR(field(call, "x-request-id"), "r-1");
    EXPECT_STR(field(call, "x-b3-traceid"), "b-1");
    EXPECT_STR(field(call, "knative-own"), "k-1");
    EXPECT_STR(field(call, "authorization"), "(absent)");
    EXPECT_STR(field(call, "cookie"), "(absent)");
    EXPECT_STR(field(call, "x-forwarded-for"), "(absent)");
    fake_respond(fake_await_call(fixture.fake, 1), 202);
}

TEST(the_sender_hears_when_the_last_subscriber_is_done)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a", NULL);
    subscribe(&fixture, "b", NULL);
    subscribe(&fixture, "c", NULL);
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 3), 200);
    fake_respond(fake_await_call(fixture.fake, 1), 204);
    EXPECT_INT(fixture.outcome.times, 0);
    fake_respond(fake_await_call(fixture.fake, 2), 202);
    EXPECT_INT(fixture.outcome.times, 1);
    EXPECT(fixture.outcome.status == 202);
}

TEST(one_failing_subscriber_fails_a_synchronous_event)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a", NULL);
    subscribe(&fixture, "b", NULL);
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 1), 500);
    fake_respond(fake_await_call(fixture.fake, 2), 202);
    EXPECT_INT(fixture.outcome.times, 1);
    EXPECT(fixture.outcome.status != 202);
    EXPECT_HAS(fixture.fake->published, "EventDropped");
    EXPECT_HAS(fixture.fake->published, "an event was dropped after 1 attempt: http://");
}

TEST(an_asynchronous_channel_answers_before_the_deliveries)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    atomic_store(&fixture.channel->async, true);
    subscribe(&fixture, "a", NULL);
    take(&fixture, "1");
    EXPECT_INT(fixture.outcome.times, 1);
    EXPECT(fixture.outcome.status == 202);
    fake_respond(fake_await_call(fixture.fake, 1), 500);
    EXPECT_INT(fixture.outcome.times, 1);
}

TEST(an_asynchronous_channel_that_fills_up_lets_its_senders_wait)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    atomic_store(&fixture.channel->async, true);
    subscribe(&fixture, "a", NULL);
    int taken = 0;
    while (fixture.outcome.times == taken)
        taken += take(&fixture, "1");
    EXPECT(taken > 1000);
    EXPECT(atomic_load(&fixture.channel->budget->used) > fixture.channel->budget->max / 2);
    for (int i = 1; i <= taken; i++)
        fake_respond(fake_await_call(fixture.fake, (size_t)i), 202);
    EXPECT_INT(fixture.outcome.times, taken);
    EXPECT_INT(atomic_load(&fixture.channel->budget->used), 0);
}

TEST(a_channel_that_is_full_takes_no_more_until_it_has_room)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a", NULL);
    int taken = 0;
    while (take(&fixture, "1"))
        taken++;
    size_t held = atomic_load(&fixture.channel->budget->used);
    EXPECT(taken > 1000 && held <= fixture.channel->budget->max);
    EXPECT_INT(fixture.fake->count, 100); /* requests at once */
    for (int i = 1; i <= taken; i++)
        fake_respond(fake_await_call(fixture.fake, (size_t)i), 202);
    EXPECT_INT(fixture.outcome.times, taken + 1); /* the one that was refused, too */
    EXPECT(take(&fixture, "2"));
    fake_respond(fake_await_call(fixture.fake, (size_t)taken + 1), 202);
}

TEST(a_subscriber_that_does_not_answer_keeps_no_other_waiting)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "dead", NULL);
    subscribe(&fixture, "well", NULL);
    enum { EVENTS = 500 };
    for (int i = 0; i < EVENTS; i++)
        take(&fixture, "1");
    int well = 0;
    for (size_t i = 1; i <= fixture.fake->count; i++)
        if (str_equal(fake_await_call(fixture.fake, i)->url, "http://well/")) {
            fake_respond(fake_await_call(fixture.fake, i), 202);
            well++;
        }
    EXPECT_INT(well, EVENTS);
    for (size_t i = 1; i <= fixture.fake->count; i++)
        if (fake_await_call(fixture.fake, i)->ended)
            fake_respond(fake_await_call(fixture.fake, i), 202);
    EXPECT_INT(fixture.outcome.times, EVENTS);
}

TEST(removing_a_subscription_drops_what_it_waits_for_and_frees_the_sender)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {
        .policy = {.retry = 9, .backoff = BACKOFF_EXPONENTIAL, .delay_ns = NS_PER_SEC}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 1), 503);
    EXPECT_INT(fixture.outcome.times, 0);
    channel_unsubscribe(fixture.channel, fixture.subscriptions[0], SUBSCRIPTION_REMOVED);
    EXPECT(fixture.outcome.times == 1 && fixture.outcome.status == 202);
}

TEST(closing_tells_senders_that_wait_to_send_again)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {
        .policy = {.retry = 9, .backoff = BACKOFF_EXPONENTIAL, .delay_ns = NS_PER_SEC}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 1), 503);
    channel_unsubscribe(fixture.channel, fixture.subscriptions[0], SUBSCRIPTION_STOPPED);
    EXPECT(fixture.outcome.times == 1 && fixture.outcome.status != 202);
}

TEST(a_delivery_ends_as_it_began_when_its_subscription_changes)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.policy = {.retry = 1}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    subscription_change(fixture.subscriptions[0], ROOT,
                        &(struct runtime_subscription){.subscriber = url_target("http://new/")});
    fake_respond(fake_await_call(fixture.fake, 1), 503);
    EXPECT_STR(fake_await_call(fixture.fake, 2)->url, "http://a/");
    fake_respond(fake_await_call(fixture.fake, 2), 200);
    take(&fixture, "2");
    EXPECT_STR(fake_await_call(fixture.fake, 3)->url, "http://new/");
    fake_respond(fake_await_call(fixture.fake, 3), 200);
}

static void add_hop(const struct trace_hop *hop, void *to)
{
    buf_add_format(to, "%s %s %d; ", hop->place, trace_log_hop_name(hop->kind), hop->status);
}

TEST(the_journal_shows_each_hop_of_an_event)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.dead_letter = "http://dead/", .policy = {.retry = 1}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 1), 503);
    fake_respond(fake_await_call(fixture.fake, 2), 400);
    fake_respond(fake_await_call(fixture.fake, 3), 202);
    OWN(buf) struct buf hops = {0};
    trace_log_each(fixture.fake->io.trace, "1", add_hop, &hops);
    EXPECT_STR(hops.data, "default/channels/pictures received 0; "
                          "default/subscriptions/a retried 503; "
                          "default/subscriptions/a dead-lettered 202; ");
}
