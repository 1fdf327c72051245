/* SPDX-License-Identifier: Apache-2.0 */
/* cloudevents/delivery: when to try again, how long to wait, what a dead letter says. */
#include "cloudevents/delivery_policy.h"

#include "base/base64.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "tests/helpers/test.h"

#include <string.h>

static const int64_t sec = NS_PER_SEC, ms = NS_PER_MS;

static struct delivery_step after(const struct delivery_policy *policy, int attempt, int status,
                                  const char *retry_after)
{
    struct delivery_result result = {.status = status, .retry_after = retry_after};
    return delivery_policy_next(policy, attempt, &result, 0);
}

TEST(every_2xx_is_a_delivery)
{
    struct delivery_policy policy = {.retry = 3};
    static const int statuses[] = {200, 201, 202, 204, 299};
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
        EXPECT_INT(after(&policy, 0, statuses[i], NULL).verdict, DELIVERED);
}

TEST(only_retryable_statuses_are_tried_again)
{
    struct delivery_policy policy = {.retry = 3};
    static const int again[] = {0, 404, 408, 409, 429, 500, 502, 503, 599, 600};
    static const int never[] = {100, 300, 301, 307, 400, 401, 403, 405, 410, 413, 415, 422};
    for (size_t i = 0; i < ARRAY_SIZE(again); i++)
        EXPECT_INT(after(&policy, 0, again[i], NULL).verdict, TRY_AGAIN);
    for (size_t i = 0; i < ARRAY_SIZE(never); i++)
        EXPECT_INT(after(&policy, 0, never[i], NULL).verdict, GIVE_UP);
}

TEST(retry_counts_the_attempts_after_the_first)
{
    struct delivery_policy policy = {.retry = 2}, none = {0};
    EXPECT_INT(after(&policy, 1, 500, NULL).verdict, TRY_AGAIN);
    EXPECT_INT(after(&policy, 2, 500, NULL).verdict, GIVE_UP);
    EXPECT_INT(after(&none, 0, 500, NULL).verdict, GIVE_UP);
}

TEST(the_wait_grows_as_the_policy_says)
{
    static const struct {
        struct delivery_policy policy;
        int64_t waits_ms[4];
    } rows[] = {
        {{9, BACKOFF_EXPONENTIAL, 100 * NS_PER_MS, 0, 0}, {100, 200, 400, 800}},
        {{9, BACKOFF_LINEAR, 100 * NS_PER_MS, 0, 0}, {0, 100, 200, 300}},
        {{9, BACKOFF_NONE, 100 * NS_PER_MS, 0, 0}, {0, 0, 0, 0}},
        {{9, BACKOFF_EXPONENTIAL, 0, 0, 0}, {0, 0, 0, 0}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (int attempt = 0; attempt < 4; attempt++)
            EXPECT(after(&rows[i].policy, attempt, 500, NULL).wait_ns ==
                   rows[i].waits_ms[attempt] * ms);
}

TEST(a_wait_that_overflows_is_the_maximum)
{
    struct delivery_policy policy = {
        .retry = 1000, .backoff = BACKOFF_EXPONENTIAL, .delay_ns = sec};
    EXPECT(after(&policy, 999, 500, NULL).wait_ns == INT64_MAX);
}

TEST(retry_after_is_obeyed_up_to_its_maximum_for_429_and_503)
{
    struct delivery_policy policy = {.retry = 9, .retry_after_max_ns = 60 * NS_PER_SEC},
                           deaf = {.retry = 9};
    EXPECT(after(&policy, 0, 429, "10").wait_ns == 10 * sec);
    EXPECT(after(&policy, 0, 503, "100").wait_ns == 60 * sec);
    EXPECT(after(&policy, 0, 503, "Thu, 01 Jan 1970 00:00:30 GMT").wait_ns == 30 * sec);
    EXPECT(after(&policy, 0, 503, "soon").wait_ns == 0);
    EXPECT(after(&policy, 0, 500, "10").wait_ns == 0);
    EXPECT(after(&deaf, 0, 429, "10").wait_ns == 0);
}

TEST(retry_after_never_shortens_the_backoff)
{
    struct delivery_policy policy = {.retry = 9,
                                     .backoff = BACKOFF_EXPONENTIAL,
                                     .delay_ns = 20 * NS_PER_SEC,
                                     .retry_after_max_ns = 60 * NS_PER_SEC};
    EXPECT(after(&policy, 0, 429, "10").wait_ns == 20 * sec);
}

static struct err read_policy(const char *json, struct delivery_policy *policy)
{
    struct err err = {0};
    json_auto_t *tree = json_from_bytes(bytes_of(json), "delivery", ERR_INPUT, &err);
    struct jread at = jread_open(tree, "delivery", ERR_INPUT, &err);
    delivery_policy_from_json(&at, policy);
    return err;
}

TEST(a_delivery_spec_is_read)
{
    struct delivery_policy policy;
    struct err err =
        read_policy("{\"retry\":3,\"backoffPolicy\":\"exponential\",\"backoffDelay\":\"PT0.2S\","
                    "\"timeout\":\"PT1M\"}",
                    &policy);
    EXPECT_STR(err.text, "");
    EXPECT_INT(policy.retry, 3);
    EXPECT(policy.delay_ns == 200 * ms);
    EXPECT(policy.timeout_ns == 60 * sec);
}

TEST(an_invalid_delivery_spec_is_refused_with_its_field)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"{\"retry\":-1}", "delivery: retry is -1, want 0 to 2147483647"},
        {"{\"backoffPolicy\":\"Linear\"}",
         "delivery: backoffPolicy is Linear, want linear or exponential"},
        {"{\"backoffDelay\":\"2s\"}",
         "delivery: backoffDelay is 2s, want an ISO 8601 duration such as PT0.2S"},
        {"{\"timeout\":\"PT0S\"}", "delivery: timeout is PT0S, want more than zero"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct delivery_policy policy;
        struct err err = read_policy(rows[i].json, &policy);
        EXPECT_STR(err.text, rows[i].text);
    }
}

TEST(durations_are_those_of_iso_8601)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t ns;
    } rows[] = {
        {"PT0.2S", true, 200000000},
        {"PT2S", true, 2000000000},
        {"PT1M", true, 60000000000},
        {"P1DT2H", true, 93600000000000},
        {"P1W", true, 604800000000000},
        {"-PT1S", true, -1000000000},
        {"PT", false, 0},
        {"P", false, 0},
        {"", false, 0},
        {"1S", false, 0},
        {"PT1", false, 0},
        {"P1S", false, 0},
        {"PT1S1M", false, 0},
        {"PTS", false, 0},
        {"P1Y", false, 0},
        {"PT99999999999999999999S", false, 0},
        {"PT1.S", false, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t ns = 0;
        EXPECT_INT(ce_duration_parse(rows[i].text, &ns), rows[i].ok);
        EXPECT(ns == rows[i].ns);
    }
}
