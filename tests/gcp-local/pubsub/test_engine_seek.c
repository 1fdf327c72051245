/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/pubsub/engine: seek and snapshots. */
#include "tests/helpers/engine_fixture.h"

TEST(seeking_back_delivers_retained_messages_again)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"retainAckedMessages\":true");
    publish(&fixture, "a", "");
    fixture.now += second;
    int64_t between = fixture.now;
    publish(&fixture, "b", "");
    EXPECT_STR(pull(&fixture), "a b");
    ack(&fixture, 0);
    ack(&fixture, 1);
    EXPECT_STR(pull(&fixture), "");
    engine_seek(&fixture.engine, fixture.reader, between, fixture.now);
    EXPECT_STR(pull(&fixture), "b");
    engine_seek(&fixture.engine, fixture.reader, 0, fixture.now);
    EXPECT_STR(pull(&fixture), "a b");
    engine_seek(&fixture.engine, fixture.reader, INT64_MAX, fixture.now);
    EXPECT_STR(pull(&fixture), "");
}

TEST(seeking_back_without_retention_gives_nothing)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    publish(&fixture, "a", "");
    pull(&fixture);
    ack(&fixture, 0);
    engine_seek(&fixture.engine, fixture.reader, 0, fixture.now);
    EXPECT_STR(pull(&fixture), "");
}

TEST(a_new_subscription_can_seek_to_what_its_topic_retains)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    engine_update_topic(&fixture.engine, fixture.topic,
                        json_pack("{s:s, s:s}", "name", NEWS, "messageRetentionDuration", "600s"));
    publish(&fixture, "a", "");
    fixture.now += 300 * second;
    publish(&fixture, "b", "");
    struct subscription *late =
        add_subscription(&fixture, "projects/demo/subscriptions/late", NEWS, "");
    EXPECT_STR(pull_from(&fixture, late, 10), "");
    engine_seek(&fixture.engine, late, 0, fixture.now);
    EXPECT_STR(pull_from(&fixture, late, 10), "a b");
    fixture.now += 300 * second;
    engine_tick(&fixture.engine, fixture.now);
    engine_seek(&fixture.engine, fixture.reader, fixture.now + second, fixture.now);
    engine_seek(&fixture.engine, fixture.reader, 0, fixture.now);
    EXPECT_STR(pull(&fixture), "b");
}

TEST(what_a_topic_retains_is_deleted_without_a_further_publish)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"messageRetentionDuration\":\"2678400s\"");
    engine_update_topic(&fixture.engine, fixture.topic,
                        json_pack("{s:s, s:s}", "name", NEWS, "messageRetentionDuration", "600s"));
    publish(&fixture, "a", "");
    publish(&fixture, "b", "");
    fixture.now += 600 * second;
    EXPECT(engine_next_due(&fixture.engine) == fixture.now);
    engine_tick(&fixture.engine, fixture.now);
    EXPECT_INT(fixture.topic->retained.count, 0);
    EXPECT(engine_next_due(&fixture.engine) > fixture.now);
}

TEST(a_snapshot_restores_what_was_unacked_and_what_was_published_later)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, "");
    publish_words(&fixture, "a1 a2", false);
    EXPECT_STR(pull_from(&fixture, fixture.reader, 1), "a1");
    ack(&fixture, 0);
    struct err err = {0};
    struct snapshot *snapshot = engine_create_snapshot(
        &fixture.engine, "projects/demo/snapshots/here", fixture.reader, NULL, fixture.now, &err);
    publish_words(&fixture, "a3", false);
    EXPECT_STR(pull(&fixture), "a2 a3");
    ack(&fixture, 0);
    ack(&fixture, 1);
    EXPECT_STR(pull(&fixture), "");
    engine_seek_snapshot(&fixture.engine, fixture.reader, snapshot, fixture.now);
    EXPECT_STR(pull(&fixture), "a2 a3");
}

TEST(a_snapshot_expires_a_week_after_its_oldest_message)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ",\"messageRetentionDuration\":\"2678400s\"");
    publish(&fixture, "a", "");
    fixture.now += 6 * day;
    struct err err = {0};
    EXPECT(engine_create_snapshot(&fixture.engine, "projects/demo/snapshots/old", fixture.reader,
                                  NULL, fixture.now, &err));
    fixture.now += day;
    engine_tick(&fixture.engine, fixture.now);
    EXPECT(!engine_snapshot(&fixture.engine, "projects/demo/snapshots/old"));
    EXPECT(!engine_create_snapshot(&fixture.engine, "projects/demo/snapshots/new", fixture.reader,
                                   NULL, fixture.now, &err));
    EXPECT_STR(err.reason, "FAILED_PRECONDITION");
}

TEST(seeking_keeps_the_order_of_keys)
{
    OWN(fixture) struct fixture fixture = {0};
    fixture_open(&fixture, ORDERED ",\"retainAckedMessages\":true");
    publish_words(&fixture, "a1 a2 a3", true);
    EXPECT_STR(pull_from(&fixture, fixture.reader, 2), "a1 a2");
    ack(&fixture, 0);
    engine_seek(&fixture.engine, fixture.reader, 0, fixture.now);
    EXPECT_STR(pull(&fixture), "a1 a2 a3");
}
