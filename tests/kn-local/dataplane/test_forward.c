/* SPDX-License-Identifier: Apache-2.0 */
/* Channels of this process that lead to each other. */
#include "tests/kn-local/dataplane/channel_fixture.h"

/* Subscribes `name` of the fixture's channel to a channel of this process. */
static void subscribe_channel(struct fixture *fixture, const char *name, const char *to,
                              const struct delivery_policy *policy)
{
    struct err err = {0};
    struct runtime_subscription spec = {
        .ns = "default",
        .name = name,
        .channel = "pictures",
        .subscriber = {.to = DESTINATION_CHANNEL, .ns = "default", .name = to},
        .policy = *policy,
    };
    struct subscription *subscription = subscription_new(&fixture->fake->io, ROOT, &spec);
    EXPECT(channel_subscribe(fixture->channel, subscription, &err));
    fixture->subscriptions[fixture->count++] = subscription;
}

/* A second channel in memory, with one subscriber "http://b/". */
struct second {
    struct fixture *fixture;
    struct channel *channel;
    struct subscription *subscription;
};

static void open_second(struct second *second, struct fixture *fixture)
{
    struct err err = {0};
    struct runtime_subscription spec = {
        .ns = "default", .name = "b", .channel = "second", .subscriber = url_target("http://b/")};
    second->fixture = fixture;
    second->channel = channel_open(&fixture->fake->io, NULL, "default", "second", &err);
    second->subscription = subscription_new(&fixture->fake->io, ROOT, &spec);
    EXPECT(channel_subscribe(second->channel, second->subscription, &err));
    fixture->fake->channels[0] = second->channel;
}

static void own_second(struct second *second)
{
    second->fixture->fake->channels[0] = NULL;
    channel_unsubscribe(second->channel, second->subscription, SUBSCRIPTION_REMOVED);
    subscription_release(second->subscription);
    channel_close(second->channel, true);
}

TEST(an_event_for_a_channel_of_this_process_takes_no_connection)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    OWN(second) struct second second;
    open_second(&second, &fixture);
    subscribe_channel(&fixture, "a", "second", &(struct delivery_policy){0});
    take(&fixture, "1");
    const struct fake_http_call *call = fake_await_call(fixture.fake, 1);
    EXPECT_STR(call->url, "http://b/");
    EXPECT_STR(field(call, "x-request-id"), "r-1");
    EXPECT_INT(fixture.outcome.times, 0);
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    fake_run_due(fixture.fake);
    EXPECT_INT(fixture.outcome.status, 202);
}

TEST(a_failure_behind_a_channel_of_this_process_comes_back_to_the_sender)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    OWN(second) struct second second;
    open_second(&second, &fixture);
    subscribe_channel(&fixture, "a", "second", &(struct delivery_policy){0});
    subscribe_channel(&fixture, "c", "missing", &(struct delivery_policy){0});
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 1), 400);
    fake_run_due(fixture.fake);
    EXPECT_INT(fixture.outcome.status, 500);
}

TEST(a_channel_of_this_process_that_is_full_is_waited_for)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    OWN(second) struct second second;
    open_second(&second, &fixture);
    subscribe_channel(&fixture, "a", "second", &(struct delivery_policy){0});
    atomic_store(&second.channel->budget->used, second.channel->budget->max);
    take(&fixture, "1");
    fake_run_due(fixture.fake);
    EXPECT_INT(fixture.outcome.times, 0);
    EXPECT_INT(fixture.fake->count, 0);
    atomic_store(&second.channel->budget->used, 0);
    EXPECT(fake_fire_timer(fixture.fake));
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    fake_run_due(fixture.fake);
    EXPECT_INT(fixture.outcome.status, 202);
}

TEST(a_channel_of_this_process_that_answers_late_is_a_failed_attempt)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    OWN(second) struct second second;
    open_second(&second, &fixture);
    subscribe_channel(&fixture, "a", "second", &(struct delivery_policy){.timeout_ns = NS_PER_SEC});
    take(&fixture, "1");
    fake_await_call(fixture.fake, 1);
    EXPECT(fake_fire_timer(fixture.fake));
    EXPECT_INT(fixture.outcome.status, 500);
    EXPECT_HAS(fixture.fake->published, "the channel did not answer in time");
    fake_respond(fake_await_call(fixture.fake, 1), 202);
}

TEST(channels_that_lead_to_each_other_do_not_grow_the_stack)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    fixture.fake->channels[0] = fixture.channel;
    subscribe_channel(&fixture, "a", "pictures", &(struct delivery_policy){0});
    atomic_store(&fixture.channel->async, true);
    take(&fixture, "1");
    uint64_t rounds = 0;
    while (rounds++ < 100000 && fake_fire_timer(fixture.fake))
        ;
    EXPECT(rounds > 100000);
    channel_unsubscribe(fixture.channel, fixture.subscriptions[0], SUBSCRIPTION_REMOVED);
    fake_run_due(fixture.fake);
}
