/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/pubsub/engine: what is delivered when, with the time passed in. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/engine/engine.h"
#include "tests/helpers/test.h"

#include <string.h>

#define NEWS   "projects/demo/topics/news"
#define READER "projects/demo/subscriptions/reader"

static const int64_t second = NS_PER_SEC, day = 86400LL * NS_PER_SEC;

/* An engine with a topic, a subscription and a clock. */
struct world {
    struct engine engine;
    int64_t now;
    struct topic *topic;
    struct subscription *reader;
    struct lease leases[10];
    size_t count;   /* of leases from the last pull */
    char text[256]; /* their data, joined */
};

static void world_done(struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        stored_message_unref(world->leases[i].message);
    world->count = 0;
    engine_done(&world->engine);
}

static inline void own_world(struct world *local)
{
    world_done(local);
}

static struct topic *add_topic(struct world *world, const char *name, const char *members)
{
    OWN(free) char *text = str_format("{\"name\":\"%s\"%s}", name, members);
    struct err err = {0};
    struct topic *topic = engine_create_topic(&world->engine, json_loads(text, 0, NULL), &err);
    EXPECT_STR(err.text, "");
    return topic;
}

static struct subscription *add_subscription(struct world *world, const char *name,
                                             const char *topic, const char *members)
{
    OWN(free) char *text = str_format("{\"name\":\"%s\",\"topic\":\"%s\"%s}", name, topic, members);
    struct err err = {0};
    json_t *config = json_loads(text, 0, NULL);
    EXPECT(settings_complete_subscription(config, &err));
    struct subscription *subscription =
        engine_create_subscription(&world->engine, config, world->now, &err);
    EXPECT_STR(err.text, "");
    return subscription;
}

/* members: more of the subscription's JSON, e.g. ",\"enableMessageOrdering\":true". */
static void world_open(struct world *world, const char *members)
{
    world->now = 1500000000 * second;
    engine_init(&world->engine, world->now, false);
    world->topic = add_topic(world, NEWS, "");
    world->reader = add_subscription(world, READER, NEWS, members);
}

static void publish(struct world *world, const char *data, const char *key)
{
    OWN(buf) struct buf attributes = {0};
    stored_message_pack_attribute(&attributes, "k", data);
    struct stored_message *message =
        stored_message_new(bytes_of(key), buf_bytes(&attributes), 1, bytes_of(data));
    engine_publish(&world->engine, world->topic, &message, 1, world->now);
    stored_message_unref(message);
}

/* Publishes each word of a text: "a1 a2 b1" has the keys a, a, b when keyed. */
static void publish_words(struct world *world, const char *words, bool keyed)
{
    for (; *words; words += strcspn(words, " "), words += *words == ' ') {
        char data[3] = {words[0], words[1], 0}, key[2] = {words[0], 0};
        publish(world, data, keyed ? key : "");
    }
}

/* The data of what a pull of up to `most` gets, joined by spaces. */
static const char *pull_from(struct world *world, struct subscription *subscription, size_t max)
{
    for (size_t i = 0; i < world->count; i++)
        stored_message_unref(world->leases[i].message);
    engine_tick(&world->engine, world->now);
    world->count = engine_pull(&world->engine, subscription, world->now, max, false, world->leases);
    world->text[0] = '\0';
    for (size_t i = 0; i < world->count; i++) {
        struct bytes data = stored_message_data(world->leases[i].message);
        snprintf(world->text + strlen(world->text), sizeof(world->text) - strlen(world->text),
                 "%s%.*s", i ? " " : "", (int)data.len, data.data);
    }
    return world->text;
}

static const char *pull(struct world *world)
{
    return pull_from(world, world->reader, 10);
}

static bool ack(struct world *world, size_t i)
{
    return engine_ack(&world->engine, world->reader, world->leases[i].number, world->leases[i].slot,
                      world->now);
}

/* seconds 0 gives the message back. */
static bool modify(struct world *world, size_t i, int64_t seconds)
{
    return engine_modify_ack_deadline(&world->engine, world->reader, world->leases[i].number,
                                      world->leases[i].slot, seconds, world->now);
}

TEST(a_leased_message_comes_again_only_after_its_deadline)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"ackDeadlineSeconds\":20");
    publish(&world, "a", "");
    EXPECT_STR(pull(&world), "a");
    world.now += 20 * second - 1;
    EXPECT_STR(pull(&world), "");
    world.now += 1;
    EXPECT_STR(pull(&world), "a");
    EXPECT_INT(world.leases[0].attempt, 2);
}

TEST(an_acked_message_never_comes_again)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    publish(&world, "a", "");
    pull(&world);
    EXPECT(ack(&world, 0));
    EXPECT(!ack(&world, 0));
    world.now += day;
    EXPECT_STR(pull(&world), "");
    EXPECT(world.reader->queue.log == NULL);
}

TEST(an_ack_of_an_old_lease_does_not_touch_the_new_delivery)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    publish(&world, "a", "");
    pull(&world);
    struct lease old = world.leases[0];
    world.now += 10 * second;
    EXPECT_STR(pull(&world), "a");
    EXPECT(!engine_ack(&world.engine, world.reader, old.number, old.slot, world.now));
    EXPECT(modify(&world, 0, 0));
    EXPECT_STR(pull(&world), "a");
}

TEST(a_deadline_can_be_moved_both_ways)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    publish(&world, "a", "");
    pull(&world);
    EXPECT(modify(&world, 0, 600));
    world.now += 599 * second;
    EXPECT_STR(pull(&world), "");
    world.now += second;
    EXPECT_STR(pull(&world), "a");
    EXPECT(modify(&world, 0, 2));
    world.now += 2 * second;
    EXPECT_STR(pull(&world), "a");
}

TEST(what_is_given_back_goes_to_the_end_of_the_line)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    publish_words(&world, "1 2 3", false);
    EXPECT_STR(pull_from(&world, world.reader, 1), "1 ");
    EXPECT(modify(&world, 0, 0));
    EXPECT_STR(pull(&world), "2  3 1 ");
}

TEST(each_subscription_has_its_own_copy)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    struct subscription *other =
        add_subscription(&world, "projects/demo/subscriptions/other", NEWS, "");
    publish(&world, "a", "");
    EXPECT_STR(pull(&world), "a");
    EXPECT(ack(&world, 0));
    EXPECT_STR(pull_from(&world, other, 10), "a");
}

TEST(a_retry_policy_makes_each_attempt_wait_longer)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"retryPolicy\":{\"minimumBackoff\":\"10s\",\"maximumBackoff\":\"30s\"}");
    publish(&world, "a", "");
    static const int64_t pauses[] = {10, 20, 30, 30};
    for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
        EXPECT_STR(pull(&world), "a");
        EXPECT(modify(&world, 0, 0));
        world.now += pauses[i] * second - 1;
        EXPECT_STR(pull(&world), "");
        EXPECT(engine_next_due(&world.engine) == world.now + 1);
        world.now += 1;
    }
    EXPECT_STR(pull(&world), "a");
}

TEST(many_leases_end_in_the_order_of_their_deadlines)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    for (int i = 0; i < 200; i++) {
        publish(&world, "x", "");
        EXPECT_STR(pull_from(&world, world.reader, 1), "x");
        modify(&world, 0, 1 + (i * 37) % 200);
    }
    for (int i = 0; i < 200; i++) {
        world.now += second;
        EXPECT_STR(pull(&world), "x");
        EXPECT(ack(&world, 0));
    }
    EXPECT(world.reader->queue.log == NULL);
}

TEST(after_its_attempts_a_message_moves_to_the_dead_letter_topic)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    add_topic(&world, "projects/demo/topics/dead", "");
    struct subscription *dead = add_subscription(&world, "projects/demo/subscriptions/dead",
                                                 "projects/demo/topics/dead", "");
    world.reader = add_subscription(
        &world, "projects/demo/subscriptions/tried", NEWS,
        ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\"}");
    publish(&world, "a", "");
    for (uint32_t attempt = 1; attempt <= 5; attempt++) {
        EXPECT_STR(pull(&world), "a");
        EXPECT_INT(world.leases[0].attempt, attempt);
        if (attempt % 2)
            modify(&world, 0, 0);
        else
            world.now += 10 * second; /* a deadline that passes counts as well */
    }
    EXPECT_STR(pull(&world), "");
    EXPECT_STR(pull_from(&world, dead, 10), "a");
    const struct stored_message *message = world.leases[0].message;
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
static void exhaust_attempts(struct world *world, struct subscription *subscription)
{
    world->reader = subscription;
    for (int attempt = 1; attempt <= 5; attempt++) {
        EXPECT_STR(pull(world), "a");
        modify(world, 0, 0);
    }
}

TEST(a_message_that_is_dead_lettered_twice_names_its_last_source_only)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    add_topic(&world, "projects/demo/topics/dead", "");
    add_topic(&world, "projects/demo/topics/gone", "");
    struct subscription *first = add_subscription(
        &world, "projects/demo/subscriptions/first", NEWS,
        ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\"}");
    struct subscription *middle = add_subscription(
        &world, "projects/demo/subscriptions/second", "projects/demo/topics/dead",
        ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/gone\"}");
    struct subscription *last = add_subscription(&world, "projects/demo/subscriptions/last",
                                                 "projects/demo/topics/gone", "");
    publish(&world, "a", "");
    exhaust_attempts(&world, first);
    exhaust_attempts(&world, middle);
    EXPECT_STR(pull_from(&world, last, 10), "a");
    const struct stored_message *message = world.leases[0].message;
    EXPECT_INT(message->attribute_count, 5);
    EXPECT_STR(stored_message_attribute(message, "k"), "a");
    EXPECT_STR(stored_message_attribute(message, "CloudPubSubDeadLetterSourceSubscription"),
               "second");
}

TEST(without_its_dead_letter_topic_a_message_stays)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    struct topic *dead = add_topic(&world, "projects/demo/topics/dead", "");
    world.reader = add_subscription(
        &world, "projects/demo/subscriptions/tried", NEWS,
        ",\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/demo/topics/dead\"}");
    engine_delete_topic(&world.engine, dead);
    publish(&world, "a", "");
    for (int i = 0; i < 8; i++) {
        EXPECT_STR(pull(&world), "a");
        modify(&world, 0, 0);
    }
}

#define ORDERED ",\"enableMessageOrdering\":true"

TEST(messages_of_a_key_come_in_order_and_one_batch_at_a_time)
{
    OWN(world) struct world world = {0};
    world_open(&world, ORDERED);
    publish_words(&world, "a1 a2 a3 b1", true);
    EXPECT_STR(pull_from(&world, world.reader, 2), "a1 b1");
    EXPECT_STR(pull_from(&world, world.reader, 0), "");
    EXPECT_STR(pull(&world), "");
}

TEST(an_acked_batch_lets_the_next_of_its_key_come)
{
    OWN(world) struct world world = {0};
    world_open(&world, ORDERED);
    publish_words(&world, "a1 a2 a3 a4", true);
    EXPECT_STR(pull_from(&world, world.reader, 2), "a1 a2");
    struct lease first = world.leases[0], second_lease = world.leases[1];
    EXPECT_STR(pull(&world), "");
    engine_ack(&world.engine, world.reader, second_lease.number, second_lease.slot, world.now);
    EXPECT_STR(pull(&world), "");
    engine_ack(&world.engine, world.reader, first.number, first.slot, world.now);
    EXPECT_STR(pull(&world), "a3 a4");
}

TEST(a_failed_message_brings_back_all_of_its_key_behind_it)
{
    OWN(world) struct world world = {0};
    world_open(&world, ORDERED);
    publish_words(&world, "a1 a2 a3 b1", true);
    EXPECT_STR(pull(&world), "a1 b1 a2 a3");
    struct lease a3 = world.leases[3];
    EXPECT(modify(&world, 0, 0));
    EXPECT(!engine_ack(&world.engine, world.reader, a3.number, a3.slot, world.now));
    EXPECT_STR(pull(&world), "a1 a2 a3");
}

TEST(a_deadline_that_passes_keeps_the_order)
{
    OWN(world) struct world world = {0};
    world_open(&world, ORDERED);
    publish_words(&world, "a1 a2 a3", true);
    EXPECT_STR(pull_from(&world, world.reader, 2), "a1 a2");
    EXPECT(ack(&world, 0));
    world.now += 10 * second;
    EXPECT_STR(pull(&world), "a2 a3");
}

TEST(messages_without_a_key_do_not_wait_for_each_other)
{
    OWN(world) struct world world = {0};
    world_open(&world, ORDERED);
    publish(&world, "x", "");
    publish(&world, "y", "");
    EXPECT_STR(pull_from(&world, world.reader, 1), "x");
    EXPECT_STR(pull_from(&world, world.reader, 1), "y");
}

TEST(an_ordered_message_that_rests_holds_back_its_key)
{
    OWN(world) struct world world = {0};
    world_open(&world, ORDERED ",\"retryPolicy\":{\"minimumBackoff\":\"5s\"}");
    publish_words(&world, "a1 a2", true);
    EXPECT_STR(pull_from(&world, world.reader, 1), "a1");
    modify(&world, 0, 0);
    EXPECT_STR(pull(&world), "");
    world.now += 5 * second;
    EXPECT_STR(pull(&world), "a1 a2");
}

TEST(a_filtered_out_message_never_reaches_the_subscription)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"filter\":\"attributes.k = \\\"b\\\"\"");
    publish(&world, "a", "");
    publish(&world, "b", "");
    EXPECT_STR(pull(&world), "b");
    EXPECT_INT(world.reader->queue.count, 1);
}

TEST(a_subscription_outlives_its_topic_and_gives_its_messages)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    publish(&world, "a", "");
    engine_delete_topic(&world.engine, world.topic);
    EXPECT_STR(json_string_value(json_object_get(world.reader->config, "topic")),
               "_deleted-topic_");
    EXPECT_STR(pull(&world), "a");
}

TEST(a_detached_subscription_is_empty_and_gets_nothing_more)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    publish(&world, "a", "");
    engine_detach(&world.engine, world.reader);
    publish(&world, "b", "");
    EXPECT_STR(pull(&world), "");
}

TEST(a_message_is_dropped_after_the_retention_time)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"messageRetentionDuration\":\"600s\"");
    publish(&world, "a", "");
    world.now += 599 * second;
    publish(&world, "b", "");
    world.now += second;
    EXPECT_STR(pull(&world), "b");
}

TEST(an_unused_subscription_expires_and_a_used_one_does_not)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"expirationPolicy\":{\"ttl\":\"86400s\"}");
    world.now += day - second;
    pull(&world);
    world.now += day - second;
    engine_tick(&world.engine, world.now);
    EXPECT(engine_subscription(&world.engine, READER));
    world.now += second;
    engine_tick(&world.engine, world.now);
    EXPECT(!engine_subscription(&world.engine, READER));
    EXPECT_INT(world.topic->subscription_count, 0);
}

TEST(a_ttl_that_ends_after_the_clock_is_no_ttl)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"expirationPolicy\":{\"ttl\":\"8000000000s\"}");
    world.now += 1000 * day;
    engine_tick(&world.engine, world.now);
    EXPECT(engine_subscription(&world.engine, READER));
}

TEST(a_subscription_without_ttl_stays)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"expirationPolicy\":{}");
    world.now += 1000 * day;
    engine_tick(&world.engine, world.now);
    EXPECT(engine_subscription(&world.engine, READER));
}

TEST(seeking_back_gives_retained_messages_again)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"retainAckedMessages\":true");
    publish(&world, "a", "");
    world.now += second;
    int64_t between = world.now;
    publish(&world, "b", "");
    EXPECT_STR(pull(&world), "a b");
    ack(&world, 0);
    ack(&world, 1);
    EXPECT_STR(pull(&world), "");
    engine_seek(&world.engine, world.reader, between, world.now);
    EXPECT_STR(pull(&world), "b");
    engine_seek(&world.engine, world.reader, 0, world.now);
    EXPECT_STR(pull(&world), "a b");
    engine_seek(&world.engine, world.reader, INT64_MAX, world.now);
    EXPECT_STR(pull(&world), "");
}

TEST(seeking_back_without_retention_gives_nothing)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    publish(&world, "a", "");
    pull(&world);
    ack(&world, 0);
    engine_seek(&world.engine, world.reader, 0, world.now);
    EXPECT_STR(pull(&world), "");
}

TEST(a_topic_that_retains_lets_a_new_subscription_go_back)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    engine_update_topic(&world.engine, world.topic,
                        json_pack("{s:s, s:s}", "name", NEWS, "messageRetentionDuration", "600s"));
    publish(&world, "a", "");
    world.now += 300 * second;
    publish(&world, "b", "");
    struct subscription *late =
        add_subscription(&world, "projects/demo/subscriptions/late", NEWS, "");
    EXPECT_STR(pull_from(&world, late, 10), "");
    engine_seek(&world.engine, late, 0, world.now);
    EXPECT_STR(pull_from(&world, late, 10), "a b");
    world.now += 300 * second;
    engine_seek(&world.engine, world.reader, world.now + second, world.now);
    engine_seek(&world.engine, world.reader, 0, world.now);
    EXPECT_STR(pull(&world), "b");
}

TEST(a_snapshot_brings_back_what_was_unacked_and_what_came_since)
{
    OWN(world) struct world world = {0};
    world_open(&world, "");
    publish_words(&world, "a1 a2", false);
    EXPECT_STR(pull_from(&world, world.reader, 1), "a1");
    ack(&world, 0);
    struct err err = {0};
    struct snapshot *snapshot = engine_create_snapshot(
        &world.engine, "projects/demo/snapshots/here", world.reader, NULL, world.now, &err);
    publish_words(&world, "a3", false);
    EXPECT_STR(pull(&world), "a2 a3");
    ack(&world, 0);
    ack(&world, 1);
    EXPECT_STR(pull(&world), "");
    engine_seek_snapshot(&world.engine, world.reader, snapshot, world.now);
    EXPECT_STR(pull(&world), "a2 a3");
}

TEST(a_snapshot_expires_a_week_after_its_oldest_message)
{
    OWN(world) struct world world = {0};
    world_open(&world, ",\"messageRetentionDuration\":\"2678400s\"");
    publish(&world, "a", "");
    world.now += 6 * day;
    struct err err = {0};
    EXPECT(engine_create_snapshot(&world.engine, "projects/demo/snapshots/old", world.reader, NULL,
                                  world.now, &err));
    world.now += day;
    engine_expire_snapshots(&world.engine, world.now);
    EXPECT(!engine_snapshot(&world.engine, "projects/demo/snapshots/old"));
    EXPECT(!engine_create_snapshot(&world.engine, "projects/demo/snapshots/new", world.reader, NULL,
                                   world.now, &err));
    EXPECT_STR(err.reason, "FAILED_PRECONDITION");
}

TEST(seeking_keeps_the_order_of_keys)
{
    OWN(world) struct world world = {0};
    world_open(&world, ORDERED ",\"retainAckedMessages\":true");
    publish_words(&world, "a1 a2 a3", true);
    EXPECT_STR(pull_from(&world, world.reader, 2), "a1 a2");
    ack(&world, 0);
    engine_seek(&world.engine, world.reader, 0, world.now);
    EXPECT_STR(pull(&world), "a1 a2 a3");
}

TEST(durations_are_read_and_written_as_proto3_has_them)
{
    static const struct {
        const char *text, *back;
    } rows[] = {{"10s", "10s"},
                {"1.5s", "1.500s"},
                {"0.000001s", "0.000001s"},
                {"-2.25s", "-2.250s"},
                {"-0.5s", "-0.500s"},
                {"0s", "0s"},
                {"1.123456789s", "1.123456789s"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t duration_ns;
        EXPECT(proto_json_parse_duration(rows[i].text, &duration_ns));
        OWN(free) char *back = proto_json_duration_text(duration_ns);
        EXPECT_STR(back, rows[i].back);
    }
    static const char *const wrong[] = {
        "", "s", "10", "1.s", "x1s", "1e3s", "1.1234567890s", "1.-5s", " 1s", "99999999999s"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        int64_t duration_ns;
        EXPECT(!proto_json_parse_duration(wrong[i], &duration_ns));
    }
}
