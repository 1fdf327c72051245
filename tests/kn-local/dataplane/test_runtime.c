/* SPDX-License-Identifier: Apache-2.0 */
/* The data plane over real sockets: addresses, channels, sources by the clock, start and end. */
#include "tests/kn-local/dataplane/runtime_fixture.h"

TEST(an_event_posted_to_a_channel_arrives_at_its_subscriber)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "c", false);
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "hello"), 202);
    EXPECT_INT(sink.count, 1);
    EXPECT_STR(sink.last, "hello");
    EXPECT_STR(headers_get(&sink.headers, "Prefer"), "reply");
    EXPECT_STR(headers_get(&sink.headers, "Kn-Namespace"), "default");
    EXPECT_STR(headers_get(&sink.headers, "Content-Type"), "text/x");
}

TEST(a_failing_subscriber_makes_the_channel_answer_500)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    sink.status = 400;
    apply_channel(&fixture, "c", false);
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "hello"), 500);
}

TEST(a_redirect_is_a_failure_and_not_followed)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    sink.status = 302;
    apply_channel(&fixture, "c", false);
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "hello"), 500);
    EXPECT_INT(sink.count, 1);
}

TEST(a_subscription_waits_for_its_channel_and_takes_part_once_it_is_there)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "1"), 404);
    apply_channel(&fixture, "c", false);
    EXPECT_INT(post(&fixture, "/default/channels/c", "2"), 202);
    EXPECT_INT(sink.count, 1);
    runtime_remove(fixture.runtime, (struct resource_id){RESOURCE_CHANNEL, "default", "c"});
    EXPECT_INT(post(&fixture, "/default/channels/c", "3"), 404);
    apply_channel(&fixture, "c", true);
    EXPECT_INT(post(&fixture, "/default/channels/c", "4"), 202);
    sink_wait(&sink, 2);
    runtime_remove(fixture.runtime, (struct resource_id){RESOURCE_SUBSCRIPTION, "default", "s"});
    EXPECT_INT(post(&fixture, "/default/channels/c", "5"), 202);
    EXPECT_INT(sink.count, 2);
}

TEST(a_channel_is_found_by_the_name_of_its_host)
{
    static const struct {
        const char *host;
        int status;
    } rows[] = {
        {"pubsub-test-kn-channel.default.svc.cluster.local", 202},
        {"pubsub-test-kn-channel.default.svc.cluster.local:80", 202},
        {"PubSub-Test-KN-Channel.Default.SVC.Cluster.Local:8080", 202},
        {"pubsub-test-kn-channel.default.svc.cluster.local.", 202},
        {"pubsub-test-kn-channel.default.svc", 202},
        {"pubsub-test-kn-channel.other.svc.cluster.local", 404},
        {"unknown-kn-channel.default.svc.cluster.local", 404},
        {"pubsub-test.default.svc.cluster.local", 404},
        {"default.svc.cluster.local", 404},
        {"a.b.c.svc.cluster.local", 404},
        {"example.com", 404},
    };
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    apply_channel(&fixture, "pubsub-test", false);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *fields[ARRAY_SIZE(EVENT) + 2] = {"Host", rows[i].host};
        memcpy(fields + 2, EVENT, sizeof(EVENT));
        EXPECT_INT(request(&fixture, "POST", "/", fields, "x").status, rows[i].status);
    }
    EXPECT_INT(post(&fixture, "/", "x"), 404);
    EXPECT_INT(post(&fixture, "/default/channels", "x"), 404);
    EXPECT_INT(post(&fixture, "/default/channels/pubsub-test", "x"), 202);
}

TEST(a_channel_answers_other_methods_and_what_is_no_event_as_knative_does)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    apply_channel(&fixture, "c", false);
    const char *path = "/default/channels/c";
    struct got got = request(&fixture, "GET", path, NULL, NULL);
    EXPECT_INT(got.status, 405);
    EXPECT_STR(got.allow, "POST, OPTIONS");
    EXPECT_INT(request(&fixture, "OPTIONS", path, NULL, NULL).status, 200);
    EXPECT_INT(request(&fixture, "POST", path, NULL, "text").status, 400);
    static const char *const batch[] = {"Content-Type", "application/cloudevents-batch+json", NULL};
    EXPECT_INT(request(&fixture, "POST", path, batch, "[]").status, 400);
    static const char *const avro[] = {"Content-Type", "application/cloudevents+avro", NULL};
    EXPECT_INT(request(&fixture, "POST", path, avro, "x").status, 400);
    static const char *const old[] = {"ce-specversion", "0.2", "ce-id", "1", "ce-type", "t",
                                      "ce-source",      "/s",  NULL};
    EXPECT_INT(request(&fixture, "POST", path, old, "x").status, 400);
    static const char *const no_id[] = {"ce-specversion", "1.0", "ce-type", "t",
                                        "ce-source",      "/s",  NULL};
    EXPECT_INT(request(&fixture, "POST", path, no_id, "x").status, 400);
    static const char *const structured[] = {"Content-Type", "application/cloudevents+json", NULL};
    EXPECT_INT(request(&fixture, "POST", path, structured,
                       "{\"specversion\":\"0.3\",\"id\":\"1\",\"type\":\"t\",\"source\":\"/s\"}")
                   .status,
               202);
    EXPECT_INT(request(&fixture, "POST", path, EVENT, "").status, 202);
}

TEST(a_channel_on_disk_delivers_after_a_restart_what_it_has_taken)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "c", true);
    subscribe(
        &fixture, "s", "c",
        (struct runtime_destination){.to = DESTINATION_SERVICE, .ns = "default", .name = "absent"});
    struct err err = {0};
    struct runtime_subscription waiting = {
        .ns = "default",
        .name = "s",
        .channel = "c",
        .subscriber = {.to = DESTINATION_SERVICE, .ns = "default", .name = "absent"},
        .policy = {.retry = 1000,
                   .backoff = BACKOFF_EXPONENTIAL,
                   .delay_ns = 3600 * INT64_C(1000000000)},
    };
    EXPECT(runtime_apply_subscription(fixture.runtime, &waiting, &err));
    EXPECT_INT(post(&fixture, "/default/channels/c", "kept"), 202);
    runtime_close(fixture.runtime);

    begin_runtime(&fixture);
    apply_channel(&fixture, "c", true);
    subscribe_url(&fixture, "s", "c", &sink);
    sink_wait(&sink, 1);
    EXPECT_STR(sink.last, "kept");
}

TEST(an_event_that_comes_before_all_subscriptions_are_there_again_is_not_taken)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    runtime_close(fixture.runtime);

    open_runtime(&fixture);
    apply_channel(&fixture, "c", false);
    EXPECT_INT(post(&fixture, "/default/channels/c", "too early"), 503);
    subscribe_url(&fixture, "s", "c", &sink);
    runtime_begin(fixture.runtime);
    EXPECT_INT(post(&fixture, "/default/channels/c", "in time"), 202);
    EXPECT_INT(sink.count, 1);
    EXPECT_STR(sink.last, "in time");
}

static void forward_to(struct fixture *fixture, const char *name, const char *channel,
                       const char *to)
{
    subscribe(fixture, name, channel,
              (struct runtime_destination){.to = DESTINATION_CHANNEL, .ns = "default", .name = to});
}

/* Nothing takes its events for an hour. */
static void subscribe_stuck(struct fixture *fixture, const char *name, const char *channel)
{
    struct err err = {0};
    struct runtime_subscription stuck = {
        .ns = "default",
        .name = name,
        .channel = channel,
        .subscriber = {.to = DESTINATION_SERVICE, .ns = "default", .name = "absent"},
        .policy = {.retry = 1000, .backoff = BACKOFF_EXPONENTIAL, .delay_ns = 3600 * NS_PER_SEC},
    };
    EXPECT(runtime_apply_subscription(fixture->runtime, &stuck, &err));
}

TEST(the_backlog_of_a_channel_that_leads_to_another_survives_a_restart)
{
    enum { EVENTS = 300 };
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "c1", true);
    subscribe_stuck(&fixture, "s1", "c1");
    for (int i = 0; i < EVENTS; i++)
        EXPECT_INT(post(&fixture, "/default/channels/c1", "x"), 202);
    runtime_close(fixture.runtime);

    open_runtime(&fixture);
    apply_channel(&fixture, "c1", true);
    forward_to(&fixture, "s1", "c1", "c2");
    apply_channel(&fixture, "c2", true);
    for (int i = 0; i < 20; i++) { /* takes a while before all is there */
        OWN(free) char *name = str_format("other%d", i);
        subscribe_stuck(&fixture, name, "c2");
    }
    subscribe_url(&fixture, "s2", "c2", &sink);
    runtime_begin(fixture.runtime);
    sink_wait(&sink, EVENTS);
}

TEST(a_delivery_that_is_under_way_at_the_end_is_waited_for_or_comes_again)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    runtime_close(fixture.runtime);
    fixture.drain_ns = 50 * NS_PER_MS;
    begin_runtime(&fixture);
    write_program(&fixture, "slow", "#!/bin/sh\nexec sleep 600\n");
    struct runtime_service slow = service("slow", "slow");
    apply_service(&fixture, &slow);
    apply_channel(&fixture, "c", true);
    subscribe(
        &fixture, "s", "c",
        (struct runtime_destination){.to = DESTINATION_SERVICE, .ns = "default", .name = "slow"});
    EXPECT_INT(post(&fixture, "/default/channels/c", "kept"), 202);
    runtime_close(fixture.runtime);

    open_runtime(&fixture);
    apply_channel(&fixture, "c", true);
    subscribe_url(&fixture, "s", "c", &sink);
    runtime_begin(fixture.runtime);
    sink_wait(&sink, 1);
    EXPECT_STR(sink.last, "kept");
}

TEST(channels_in_a_row_use_no_connections_to_ourselves)
{
    enum { EVENTS = 200 };
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "a", true);
    apply_channel(&fixture, "b", false);
    apply_channel(&fixture, "c", false);
    forward_to(&fixture, "ab", "a", "b");
    OWN(free) char *own =
        str_format("http://127.0.0.1:%u/default/channels/c", runtime_port(fixture.runtime));
    subscribe(&fixture, "bc", "b", (struct runtime_destination){.to = DESTINATION_URL, .url = own});
    subscribe_url(&fixture, "c", "c", &sink);
    for (int i = 0; i < EVENTS; i++)
        EXPECT_INT(post(&fixture, "/default/channels/a", "x"), 202);
    sink_wait(&sink, EVENTS);
    EXPECT_STR(headers_get(&sink.headers, "X-Request-Id"), "r");
}

TEST(a_store_that_cannot_be_read_makes_its_channels_refuse_events_and_say_why)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    struct err err = {0};
    fixture_open(&fixture);
    sink_open(&sink);
    OWN(free) char *path = str_format("%s/channels.db", fixture.dir);
    EXPECT(file_write(path, 0600, bytes_of("this is surely not a database, but a text"), &err));
    struct runtime_channel channel = {.ns = "default", .name = "c", .durable = true};
    EXPECT(!runtime_apply_channel(fixture.runtime, &channel, &err));
    EXPECT_HAS(err.text, "channels.db");
    struct got got = request(&fixture, "POST", "/default/channels/c", EVENT, "x");
    EXPECT_INT(got.status, 503);
    EXPECT_HAS(got.body, "channels.db");

    EXPECT_INT(unlink(path), 0); /* mended: the next pass opens it */
    err = (struct err){0};
    EXPECT(runtime_apply_channel(fixture.runtime, &channel, &err));
    subscribe_url(&fixture, "s", "c", &sink);
    EXPECT_INT(post(&fixture, "/default/channels/c", "x"), 202);
    sink_wait(&sink, 1);
}

TEST(a_pingsource_sends_its_event_by_the_clock)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    fixture_open(&fixture);
    sink_open(&sink);
    apply_channel(&fixture, "c", false);
    subscribe_url(&fixture, "s", "c", &sink);
    struct err err = {0};
    struct runtime_ping ping = {
        .ns = "default",
        .name = "pingsource/tick",
        .schedule = "* * * * * *",
        .data = bytes_of("tick"),
        .sink = {.to = DESTINATION_CHANNEL, .ns = "default", .name = "c"},
        .overrides = "{\"extensions\":{\"own\":\"x\"}}",
    };
    EXPECT(runtime_apply_ping(fixture.runtime, &ping, &err));
    sink_wait(&sink, 1);
    EXPECT_STR(headers_get(&sink.headers, "ce-type"), "dev.knative.sources.ping");
    EXPECT_STR(headers_get(&sink.headers, "ce-source"),
               "/apis/v1/namespaces/default/pingsources/tick");
    EXPECT_STR(headers_get(&sink.headers, "ce-own"), "x");
    EXPECT(headers_get(&sink.headers, "ce-time") != NULL);
    EXPECT(headers_get(&sink.headers, "Content-Type") == NULL);
    EXPECT_STR(sink.last, "tick");
    runtime_remove(fixture.runtime,
                   (struct resource_id){RESOURCE_SOURCE, "default", "pingsource/tick"});
}

TEST(the_end_does_not_wait_for_a_pingsource_that_tries_again)
{
    OWN(fixture) struct fixture fixture;
    OWN(sink) struct sink sink;
    struct err err = {0};
    fixture_open(&fixture);
    runtime_close(fixture.runtime);
    fixture.drain_ns = NS_PER_MS;
    begin_runtime(&fixture);
    sink_open(&sink);
    sink.status = 503;
    OWN(free) char *url = sink_url(&sink);
    struct runtime_ping ping = {.ns = "default",
                                .name = "pingsource/tick",
                                .schedule = "* * * * * *",
                                .sink = {.to = DESTINATION_URL, .url = url}};
    EXPECT(runtime_apply_ping(fixture.runtime, &ping, &err));
    sink_wait(&sink, 2);
}

TEST(a_pingsource_with_a_bad_schedule_or_zone_is_refused)
{
    OWN(fixture) struct fixture fixture;
    fixture_open(&fixture);
    struct err err = {0};
    EXPECT(!runtime_schedule_valid("@every 1m", NULL, &err));
    EXPECT_HAS(err.text, "@every is not supported");
    err = (struct err){0};
    EXPECT(!runtime_schedule_valid("* * * * *", "Mars/Olympus", &err));
    EXPECT_HAS(err.text, "unknown time zone Mars/Olympus");
    err = (struct err){0};
    struct runtime_ping ping = {.ns = "default",
                                .name = "pingsource/tick",
                                .schedule = "* * * * *",
                                .sink = {.to = DESTINATION_URL, .url = "http://127.0.0.1:1/"},
                                .overrides = "{\"extensions\":{\"bad_name\":\"x\"}}"};
    EXPECT(!runtime_apply_ping(fixture.runtime, &ping, &err));
    EXPECT_INT(err.status, ERR_INPUT);
}
