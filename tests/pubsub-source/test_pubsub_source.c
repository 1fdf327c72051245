/* SPDX-License-Identifier: Apache-2.0 */
/* The program pubsub-source, with a fake Pub/Sub and a fake sink. The fake Pub/Sub ignores delays:
 * a message that is returned for N seconds is delivered again at once. */
#include "base/base64.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "net/server/http_server.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/source_fixture.h"
#include "tests/helpers/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

TEST(a_message_becomes_an_event_and_is_acknowledged)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    start_source(fixture, "EVENT_FORM=legacy", NULL);
    publish(fixture, "Hello World", NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
    EXPECT_STR(headers_get(&fixture->last_headers, "ce-specversion"), "1.0");
    EXPECT_STR(headers_get(&fixture->last_headers, "ce-id"), "0");
    EXPECT_STR(headers_get(&fixture->last_headers, "ce-type"), "google.pubsub.topic.publish");
    EXPECT_STR(headers_get(&fixture->last_headers, "ce-source"),
               "//pubsub.googleapis.com/p/topics/testing");
    EXPECT_STR(headers_get(&fixture->last_headers, "content-type"), "application/json");
    EXPECT_STR(fixture->last_body,
               "{\"ID\":\"0\",\"Data\":\"SGVsbG8gV29ybGQ=\",\"Attributes\":null,"
               "\"PublishTime\":\"2019-01-21T15:25:58.25Z\"}");
}

TEST(nothing_is_acknowledged_before_the_sink_accepts_it)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->hold_next = true;
    start_source(fixture, NULL, NULL);
    publish(fixture, "slow", NULL, NULL);
    AWAIT(fixture, fixture->held_request);
    publish(fixture, "fast", NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
    EXPECT(fixture->messages[1].acked && !fixture->messages[0].acked);
    respond_held(fixture);
    AWAIT(fixture, fixture->acked == 2);
}

TEST(messages_in_flight_in_a_killed_source_are_delivered_again)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->hold_next = true;
    start_source(fixture, NULL, NULL);
    publish(fixture, "precious", NULL, NULL);
    AWAIT(fixture, fixture->held_request);
    end_source(fixture, SIGKILL);
    EXPECT_INT(fixture->acked, 0);

    respond_held(fixture);
    expire(fixture);
    start_source(fixture, NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
    EXPECT_INT(fixture->messages[0].posted, 2);
}

static int fail_three_times(struct fixture *fixture, size_t index)
{
    return fixture->messages[index].posted < 3 ? 500 : 202;
}

TEST(a_refused_message_is_returned_with_a_growing_delay)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->sink_status = fail_three_times;
    start_source(fixture, NULL, NULL);
    publish(fixture, "unlucky", NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
    EXPECT_INT(fixture->messages[0].returned, 3);
    EXPECT_INT(fixture->messages[0].return_delays_sec[0], 1);
    EXPECT_INT(fixture->messages[0].return_delays_sec[1], 2);
    EXPECT_INT(fixture->messages[0].return_delays_sec[2], 4);
    OWN(free) char *log = read_log(fixture);
    EXPECT_HAS(log, "warning: message 0: the sink answered 500; again in 4 s\n");
}

/* Every fifth message fails when it comes for the first time. */
static int fail_now_and_then(struct fixture *fixture, size_t index)
{
    return index % 5 == 0 && fixture->messages[index].posted == 0 ? 503 : 200;
}

/* Whether the sink took each key's messages in the order in which they were published. */
static bool in_order(const struct fixture *fixture, const char *key, int count)
{
    const char *at = fixture->order.data;
    for (int i = 0; i < count; i++) {
        OWN(free) char *want = str_format("%s%d ", key, i);
        at = strstr(at, want);
        if (!at)
            return false;
    }
    return true;
}

TEST(messages_of_one_key_stay_in_order_despite_failures)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->sink_status = fail_now_and_then;
    start_source(fixture, NULL, NULL);
    for (int i = 0; i < 40; i++)
        for (const char *key = "abc"; *key; key++) {
            OWN(free) char *data = str_format("%c%d", *key, i);
            publish(fixture, data, (char[2]){*key, '\0'}, NULL);
        }
    AWAIT(fixture, fixture->acked == 120);
    EXPECT(in_order(fixture, "a", 40) && in_order(fixture, "b", 40) && in_order(fixture, "c", 40));
    /* and each was taken once only, so none overtook */
    size_t taken = 0;
    for (size_t i = 0; i < fixture->order.len; i++)
        taken += fixture->order.data[i] == ' ';
    EXPECT_INT(taken, 120);
}

TEST(a_slow_sink_limits_deliveries_and_memory)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->hold_next = true;
    for (int i = 0; i < 3000; i++)
        publish(fixture, "x", NULL, NULL);
    start_source(fixture, "MAX_MESSAGES=100", NULL);
    AWAIT(fixture, fixture->acked == 2999);
    respond_held(fixture);
    AWAIT(fixture, fixture->acked == 3000);
    EXPECT(fixture->max_out <= 100);
}

TEST(the_ack_deadline_of_a_slow_delivery_is_extended)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->hold_next = true;
    start_source(fixture, NULL, NULL);
    publish(fixture, "long", NULL, NULL);
    AWAIT(fixture, fixture->messages[0].extended >= 1);
    respond_held(fixture);
    AWAIT(fixture, fixture->acked == 1);
    EXPECT_INT(fixture->messages[0].posted, 1);
}

TEST(sigterm_lets_deliveries_end_and_returns_the_rest)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->hold_next = true;
    start_source(fixture, "MAX_DELIVERIES=1", NULL);
    publish(fixture, "under way", NULL, NULL);
    publish(fixture, "waiting", NULL, NULL);
    AWAIT(fixture, fixture->held_request && fixture->messages[0].outstanding &&
                       fixture->messages[1].outstanding);
    kill(fixture->source, SIGTERM);
    AWAIT(fixture, fixture->messages[1].returned >= 1);
    EXPECT_INT(fixture->messages[1].return_delays_sec[0], 0);
    respond_held(fixture);
    AWAIT(fixture, fixture->messages[0].acked);
    EXPECT_INT(end_source(fixture, 0), 0);
    EXPECT_INT(fixture->messages[1].posted, 0);
}

TEST(an_idle_source_stops_at_once)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    start_source(fixture, NULL, NULL);
    AWAIT(fixture, fixture->pull);
    EXPECT_INT(end_source(fixture, SIGTERM), 0);
}

TEST(an_outage_of_pubsub_is_survived)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->pubsub_fails = 4;
    publish(fixture, "patient", NULL, NULL);
    start_source(fixture, NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
}

TEST(the_subscription_is_created_on_the_configured_topic)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->has_subscription = false;
    start_source(fixture, "PUBSUB_TOPIC=testing", NULL);
    AWAIT(fixture, fixture->has_subscription);
    publish(fixture, "x", NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
}

TEST(an_existing_subscription_is_not_created_as_that_needs_more_rights)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    start_source(fixture, "PUBSUB_TOPIC=testing", NULL);
    publish(fixture, "x", NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
    EXPECT_INT(fixture->creations, 0);
}

TEST(a_message_that_cannot_be_converted_is_acknowledged_and_logged)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    start_source(fixture, "EVENT_FORM=storage", NULL);
    publish(fixture, "no notification", NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
    EXPECT_INT(fixture->messages[0].posted, 0);
    OWN(free) char *log = read_log(fixture);
    EXPECT_HAS(log, "error: message 0 is dropped: not a Storage notification");
}

TEST(traces_overrides_and_the_namespace_reach_the_sink)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    OWN(fixture) struct fixture *fixture = fixture_open();
    start_source(fixture, "K_CE_OVERRIDES={\"extensions\":{\"origin\":\"test\"}}", NULL);
    publish(fixture, "x", NULL, json_pack("{s:s}", "googclient_traceparent", trace));
    AWAIT(fixture, fixture->acked == 1);
    EXPECT_STR(headers_get(&fixture->last_headers, "ce-traceparent"), trace);
    EXPECT_STR(headers_get(&fixture->last_headers, "ce-origin"), "test");
}

TEST(a_sink_with_tls_is_trusted_by_k_ca_certs)
{
    OWN(test_certificate) struct test_certificate certificate = test_certificate_make();
    OWN(fixture) struct fixture *fixture = fixture_open();
    OWN(free) char *authority = str_format("K_CA_CERTS=%s", certificate.ca_pem);
    start_source(fixture, authority, &certificate);
    publish(fixture, "x", NULL, NULL);
    AWAIT(fixture, fixture->acked == 1);
}

TEST(an_invalid_topic_name_exits_with_2)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    fixture->has_subscription = false;
    start_source(fixture, "PUBSUB_TOPIC=x", NULL);
    int status = end_source(fixture, 0);
    EXPECT_INT(WEXITSTATUS(status), 2);
    OWN(free) char *log = read_log(fixture);
    EXPECT_HAS(log, "error: pubsub-source: \"x\" is not a valid name in topics");
}

TEST(an_invalid_configuration_exits_with_2_and_one_line)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    char *argv[] = {(char *)(uintptr_t) "pubsub-source", NULL};
    char *variables[] = {(char *)(uintptr_t) "K_SINK=http://sink", NULL};
    pid_t pid = start(fixture, argv, variables);
    int status;
    waitpid(pid, &status, 0);
    EXPECT_INT(WEXITSTATUS(status), 2);
    OWN(free) char *log = read_log(fixture);
    EXPECT_STR(
        log,
        "error: pubsub-source: PUBSUB_SUBSCRIPTION is missing; set the subscription to pull\n");
}

TEST(help_and_version_are_printed)
{
    OWN(fixture) struct fixture *fixture = fixture_open();
    static const char *const flags[] = {"--help", "--version"};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        char *argv[] = {(char *)(uintptr_t) "pubsub-source", (char *)(uintptr_t)flags[i], NULL};
        char *variables[] = {NULL};
        int status;
        waitpid(start(fixture, argv, variables), &status, 0);
        EXPECT_INT(status, 0);
    }
    OWN(free) char *log = read_log(fixture);
    EXPECT_HAS(log, "usage: pubsub-source");
    EXPECT_HAS(log, "pubsub-source " VERSION "\n");
}
