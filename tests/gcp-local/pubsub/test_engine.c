/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/pubsub/engine: what is delivered when, with the time passed in. */
#include "tests/helpers/engine_fixture.h"

TEST(a_leased_message_is_delivered_again_only_after_its_ack_deadline)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"ackDeadlineSeconds\":20");
    publish(&fixture, "a", "");
    EXPECT_STR(pull(&fixture), "a");
    fixture.now += 20 * second - 1;
    EXPECT_STR(pull(&fixture), "");
    fixture.now += 1;
    EXPECT_STR(pull(&fixture), "a");
    EXPECT_INT(fixture.leases[0].attempt, 2);
}

TEST(an_acked_message_is_never_delivered_again)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    publish(&fixture, "a", "");
    pull(&fixture);
    EXPECT(ack(&fixture, 0));
    EXPECT(!ack(&fixture, 0));
    fixture.now += day;
    EXPECT_STR(pull(&fixture), "");
    EXPECT(fixture.reader->queue.log == NULL);
}

TEST(an_ack_of_an_old_lease_does_not_touch_the_new_delivery)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    publish(&fixture, "a", "");
    pull(&fixture);
    struct lease old = fixture.leases[0];
    fixture.now += 10 * second;
    EXPECT_STR(pull(&fixture), "a");
    EXPECT(!engine_ack(&fixture.engine, fixture.reader, old.number, old.slot, fixture.now));
    EXPECT(modify(&fixture, 0, 0));
    EXPECT_STR(pull(&fixture), "a");
}

TEST(an_ack_deadline_can_be_extended_and_shortened)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    publish(&fixture, "a", "");
    pull(&fixture);
    EXPECT(modify(&fixture, 0, 600));
    fixture.now += 599 * second;
    EXPECT_STR(pull(&fixture), "");
    fixture.now += second;
    EXPECT_STR(pull(&fixture), "a");
    EXPECT(modify(&fixture, 0, 2));
    fixture.now += 2 * second;
    EXPECT_STR(pull(&fixture), "a");
}

TEST(a_message_that_is_given_back_moves_to_the_end_of_the_queue)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    publish_words(&fixture, "1 2 3", false);
    EXPECT_STR(pull_from(&fixture, fixture.reader, 1), "1 ");
    EXPECT(modify(&fixture, 0, 0));
    EXPECT_STR(pull(&fixture), "2  3 1 ");
}

TEST(each_subscription_has_its_own_copy)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    struct subscription *other =
        add_subscription(&fixture, "projects/demo/subscriptions/other", NEWS, "");
    publish(&fixture, "a", "");
    EXPECT_STR(pull(&fixture), "a");
    EXPECT(ack(&fixture, 0));
    EXPECT_STR(pull_from(&fixture, other, 10), "a");
}

TEST(a_retry_policy_makes_each_attempt_wait_longer)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture,
                 ",\"retryPolicy\":{\"minimumBackoff\":\"10s\",\"maximumBackoff\":\"30s\"}");
    publish(&fixture, "a", "");
    static const int64_t pauses[] = {10, 20, 30, 30};
    for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
        EXPECT_STR(pull(&fixture), "a");
        EXPECT(modify(&fixture, 0, 0));
        fixture.now += pauses[i] * second - 1;
        EXPECT_STR(pull(&fixture), "");
        EXPECT(engine_next_due(&fixture.engine) == fixture.now + 1);
        fixture.now += 1;
    }
    EXPECT_STR(pull(&fixture), "a");
}

TEST(many_leases_end_in_the_order_of_their_deadlines)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    for (int i = 0; i < 200; i++) {
        publish(&fixture, "x", "");
        EXPECT_STR(pull_from(&fixture, fixture.reader, 1), "x");
        modify(&fixture, 0, 1 + (i * 37) % 200);
    }
    for (int i = 0; i < 200; i++) {
        fixture.now += second;
        EXPECT_STR(pull(&fixture), "x");
        EXPECT(ack(&fixture, 0));
    }
    EXPECT(fixture.reader->queue.log == NULL);
}

TEST(after_its_attempts_a_message_moves_to_the_dead_letter_topic)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    add_topic(&fixture, "projects/demo/topics/dead", "");
    struct subscription *dead = add_subscription(&fixture, "projects/demo/subscriptions/dead",
                                                 "projects/demo/topics/dead", "");
    fixture.reader = add_subscription(
        &fixture, "projects/demo/subscriptions/tried", NEWS,
        ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\"}");
    publish(&fixture, "a", "");
    for (uint32_t attempt = 1; attempt <= 5; attempt++) {
        EXPECT_STR(pull(&fixture), "a");
        EXPECT_INT(fixture.leases[0].attempt, attempt);
        if (attempt % 2)
            modify(&fixture, 0, 0);
        else
            fixture.now += 10 * second; /* a deadline that passes counts as well */
    }
    EXPECT_STR(pull(&fixture), "");
    EXPECT_STR(pull_from(&fixture, dead, 10), "a");
    const struct stored_message *message = fixture.leases[0].message;
    EXPECT_STR(stored_message_attribute(message, "k"), "a");
    EXPECT_STR(stored_message_attribute(message, "CloudPubSubDeadLetterSourceDeliveryCount"), "5");
    EXPECT_STR(stored_message_attribute(message, "CloudPubSubDeadLetterSourceSubscription"),
               "tried");
    EXPECT_STR(stored_message_attribute(message, "CloudPubSubDeadLetterSourceSubscriptionProject"),
               "demo");
    EXPECT_STR(stored_message_attribute(message, "CloudPubSubDeadLetterSourceTopicPublishTime"),
               "2017-07-14T02:40:00Z");
}

/* Lets a subscription give the message of the topic back until it is dead-lettered. */
static void exhaust_attempts(struct fixture *fixture, struct subscription *subscription)
{
    fixture->reader = subscription;
    for (int attempt = 1; attempt <= 5; attempt++) {
        EXPECT_STR(pull(fixture), "a");
        modify(fixture, 0, 0);
    }
}

TEST(a_message_that_is_dead_lettered_twice_names_its_last_source_only)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    add_topic(&fixture, "projects/demo/topics/dead", "");
    add_topic(&fixture, "projects/demo/topics/very-dead", "");
    struct subscription *first = add_subscription(
        &fixture, "projects/demo/subscriptions/first", NEWS,
        ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\"}");
    struct subscription *middle = add_subscription(
        &fixture, "projects/demo/subscriptions/second", "projects/demo/topics/dead",
        ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/very-dead\"}");
    struct subscription *last = add_subscription(&fixture, "projects/demo/subscriptions/last",
                                                 "projects/demo/topics/very-dead", "");
    publish(&fixture, "a", "");
    exhaust_attempts(&fixture, first);
    exhaust_attempts(&fixture, middle);
    EXPECT_STR(pull_from(&fixture, last, 10), "a");
    const struct stored_message *message = fixture.leases[0].message;
    EXPECT_INT(message->attribute_count, 5);
    EXPECT_STR(stored_message_attribute(message, "k"), "a");
    EXPECT_STR(stored_message_attribute(message, "CloudPubSubDeadLetterSourceSubscription"),
               "second");
}

TEST(without_its_dead_letter_topic_a_message_stays)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    struct topic *dead = add_topic(&fixture, "projects/demo/topics/dead", "");
    fixture.reader = add_subscription(
        &fixture, "projects/demo/subscriptions/tried", NEWS,
        ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\"}");
    engine_delete_topic(&fixture.engine, dead);
    publish(&fixture, "a", "");
    for (int i = 0; i < 8; i++) {
        EXPECT_STR(pull(&fixture), "a");
        modify(&fixture, 0, 0);
    }
}

TEST(messages_of_a_key_are_delivered_in_order_and_one_batch_at_a_time)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ORDERED);
    publish_words(&fixture, "a1 a2 a3 b1", true);
    EXPECT_STR(pull_from(&fixture, fixture.reader, 2), "a1 b1");
    EXPECT_STR(pull_from(&fixture, fixture.reader, 0), "");
    EXPECT_STR(pull(&fixture), "");
}

TEST(after_a_batch_is_acked_the_next_of_its_key_is_delivered)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ORDERED);
    publish_words(&fixture, "a1 a2 a3 a4", true);
    EXPECT_STR(pull_from(&fixture, fixture.reader, 2), "a1 a2");
    struct lease first = fixture.leases[0], second_lease = fixture.leases[1];
    EXPECT_STR(pull(&fixture), "");
    engine_ack(&fixture.engine, fixture.reader, second_lease.number, second_lease.slot,
               fixture.now);
    EXPECT_STR(pull(&fixture), "");
    engine_ack(&fixture.engine, fixture.reader, first.number, first.slot, fixture.now);
    EXPECT_STR(pull(&fixture), "a3 a4");
}

TEST(after_a_failure_all_later_messages_of_the_key_are_delivered_again)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ORDERED);
    publish_words(&fixture, "a1 a2 a3 b1", true);
    EXPECT_STR(pull(&fixture), "a1 b1 a2 a3");
    struct lease a3 = fixture.leases[3];
    EXPECT(modify(&fixture, 0, 0));
    EXPECT(!engine_ack(&fixture.engine, fixture.reader, a3.number, a3.slot, fixture.now));
    EXPECT_STR(pull(&fixture), "a1 a2 a3");
}

TEST(an_expired_ack_deadline_keeps_the_order)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ORDERED);
    publish_words(&fixture, "a1 a2 a3", true);
    EXPECT_STR(pull_from(&fixture, fixture.reader, 2), "a1 a2");
    EXPECT(ack(&fixture, 0));
    fixture.now += 10 * second;
    EXPECT_STR(pull(&fixture), "a2 a3");
}

TEST(messages_without_a_key_do_not_wait_for_each_other)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ORDERED);
    publish(&fixture, "x", "");
    publish(&fixture, "y", "");
    EXPECT_STR(pull_from(&fixture, fixture.reader, 1), "x");
    EXPECT_STR(pull_from(&fixture, fixture.reader, 1), "y");
}

TEST(an_ordered_message_in_backoff_holds_back_its_key)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ORDERED ",\"retryPolicy\":{\"minimumBackoff\":\"5s\"}");
    publish_words(&fixture, "a1 a2", true);
    EXPECT_STR(pull_from(&fixture, fixture.reader, 1), "a1");
    modify(&fixture, 0, 0);
    EXPECT_STR(pull(&fixture), "");
    fixture.now += 5 * second;
    EXPECT_STR(pull(&fixture), "a1 a2");
}

TEST(a_filtered_out_message_never_reaches_the_subscription)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"filter\":\"attributes.k = \\\"b\\\"\"");
    publish(&fixture, "a", "");
    publish(&fixture, "b", "");
    EXPECT_STR(pull(&fixture), "b");
    EXPECT_INT(fixture.reader->queue.count, 1);
}

TEST(a_subscription_outlives_its_topic_and_delivers_its_messages)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    publish(&fixture, "a", "");
    engine_delete_topic(&fixture.engine, fixture.topic);
    EXPECT_STR(json_string_value(json_object_get(fixture.reader->config, "topic")),
               "_deleted-topic_");
    EXPECT_STR(pull(&fixture), "a");
}

TEST(a_detached_subscription_is_empty_and_receives_nothing)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    publish(&fixture, "a", "");
    engine_detach(&fixture.engine, fixture.reader);
    publish(&fixture, "b", "");
    EXPECT_STR(pull(&fixture), "");
}

TEST(a_message_is_deleted_after_the_retention_time)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"messageRetentionDuration\":\"600s\"");
    publish(&fixture, "a", "");
    fixture.now += 599 * second;
    publish(&fixture, "b", "");
    fixture.now += second;
    EXPECT_STR(pull(&fixture), "b");
}

TEST(an_unused_subscription_expires_and_a_used_one_does_not)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"expirationPolicy\":{\"ttl\":\"86400s\"}");
    fixture.now += day - second;
    pull(&fixture);
    fixture.now += day - second;
    engine_tick(&fixture.engine, fixture.now);
    EXPECT(engine_subscription(&fixture.engine, READER));
    fixture.now += second;
    engine_tick(&fixture.engine, fixture.now);
    EXPECT(!engine_subscription(&fixture.engine, READER));
    EXPECT_INT(fixture.topic->subscription_count, 0);
}

TEST(a_ttl_beyond_the_range_of_the_clock_never_expires)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"expirationPolicy\":{\"ttl\":\"8000000000s\"}");
    fixture.now += 1000 * day;
    engine_tick(&fixture.engine, fixture.now);
    EXPECT(engine_subscription(&fixture.engine, READER));
}

TEST(a_subscription_without_ttl_stays)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"expirationPolicy\":{}");
    fixture.now += 1000 * day;
    engine_tick(&fixture.engine, fixture.now);
    EXPECT(engine_subscription(&fixture.engine, READER));
}
