/* SPDX-License-Identifier: Apache-2.0 */
/* A Pub/Sub engine with a topic, a subscription and a clock, for tests. */
#ifndef TESTS_HELPERS_ENGINE_FIXTURE_H
#define TESTS_HELPERS_ENGINE_FIXTURE_H

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/pubsub/engine/engine.h"
#include "tests/helpers/test.h"

#include <stdio.h>
#include <string.h>

#define NEWS   "projects/demo/topics/news"
#define READER "projects/demo/subscriptions/reader"

static const int64_t second = NS_PER_SEC, day = 86400LL * NS_PER_SEC;

/* An engine with a topic, a subscription and a clock. */
struct fixture {
    struct engine engine;
    int64_t now;
    struct topic *topic;
    struct subscription *reader;
    struct lease leases[10];
    size_t count;   /* of leases from the last pull */
    char text[256]; /* their data, joined */
};

static inline void fixture_done(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->count; i++)
        stored_message_unref(fixture->leases[i].message);
    fixture->count = 0;
    engine_done(&fixture->engine);
}

static inline void own_fixture(struct fixture *local)
{
    fixture_done(local);
}

static inline struct topic *add_topic(struct fixture *fixture, const char *name,
                                      const char *members)
{
    OWN(free) char *text = str_format("{\"name\":\"%s\"%s}", name, members);
    struct err err = {0};
    struct topic *topic = engine_create_topic(&fixture->engine, json_loads(text, 0, NULL), &err);
    EXPECT_STR(err.text, "");
    return topic;
}

static inline struct subscription *add_subscription(struct fixture *fixture, const char *name,
                                                    const char *topic, const char *members)
{
    OWN(free) char *text = str_format("{\"name\":\"%s\",\"topic\":\"%s\"%s}", name, topic, members);
    struct err err = {0};
    json_t *config = json_loads(text, 0, NULL);
    EXPECT(settings_complete_subscription(config, &err));
    struct subscription *subscription =
        engine_create_subscription(&fixture->engine, config, fixture->now, &err);
    EXPECT_STR(err.text, "");
    return subscription;
}

/* members: more of the subscription's JSON, e.g. ",\"enableMessageOrdering\":true". */
static inline void fixture_open(struct fixture *fixture, const char *members)
{
    fixture->now = 1500000000 * second;
    engine_init(&fixture->engine, fixture->now, false);
    fixture->topic = add_topic(fixture, NEWS, "");
    fixture->reader = add_subscription(fixture, READER, NEWS, members);
}

static inline void publish(struct fixture *fixture, const char *data, const char *key)
{
    OWN(buf) struct buf attributes = {0};
    stored_message_pack_attribute(&attributes, "k", data);
    struct stored_message *message =
        stored_message_new(bytes_of(key), buf_bytes(&attributes), 1, bytes_of(data));
    engine_publish(&fixture->engine, fixture->topic, &message, 1, fixture->now);
    stored_message_unref(message);
}

/* Publishes each word of a text: "a1 a2 b1" has the keys a, a, b when keyed. */
static inline void publish_words(struct fixture *fixture, const char *words, bool keyed)
{
    for (; *words; words += strcspn(words, " "), words += *words == ' ') {
        char data[3] = {words[0], words[1], 0}, key[2] = {words[0], 0};
        publish(fixture, data, keyed ? key : "");
    }
}

/* The data of what a pull of up to `most` gets, joined by spaces. */
static const char *pull_from(struct fixture *fixture, struct subscription *subscription, size_t max)
{
    for (size_t i = 0; i < fixture->count; i++)
        stored_message_unref(fixture->leases[i].message);
    engine_tick(&fixture->engine, fixture->now);
    fixture->count =
        engine_pull(&fixture->engine, subscription, fixture->now, max, false, fixture->leases);
    fixture->text[0] = '\0';
    for (size_t i = 0; i < fixture->count; i++) {
        struct bytes data = stored_message_data(fixture->leases[i].message);
        snprintf(fixture->text + strlen(fixture->text),
                 sizeof(fixture->text) - strlen(fixture->text), "%s%.*s", i ? " " : "",
                 (int)data.len, data.data);
    }
    return fixture->text;
}

static const char *pull(struct fixture *fixture)
{
    return pull_from(fixture, fixture->reader, 10);
}

static inline bool ack(struct fixture *fixture, size_t i)
{
    return engine_ack(&fixture->engine, fixture->reader, fixture->leases[i].number,
                      fixture->leases[i].slot, fixture->now);
}

/* seconds 0 gives the message back. */
static inline bool modify(struct fixture *fixture, size_t i, int64_t seconds)
{
    return engine_modify_ack_deadline(&fixture->engine, fixture->reader, fixture->leases[i].number,
                                      fixture->leases[i].slot, seconds, fixture->now);
}

#define ORDERED ",\"enableMessageOrdering\":true"

#endif
