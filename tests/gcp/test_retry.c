/* SPDX-License-Identifier: Apache-2.0 */
/* Retrying: the decision as a table, and the loop around it. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/google_error.h"
#include "gcp/call/retry.h"
#include "gcp/call/retry_send.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/test.h"

#define SEC ((int64_t)NS_PER_SEC)
#define MS  ((int64_t)NS_PER_MS)

static const struct retry_policy usual = {
    .first_ns = 100 * MS, .most_ns = 32 * SEC, .deadline_ns = 60 * SEC, .repeatable = true};

static struct retry_outcome outcome(int status, const char *name, const char *reason)
{
    return (struct retry_outcome){.status = status, .name = name, .reason = reason};
}

TEST(only_what_may_pass_is_tried_again)
{
    static const struct {
        int status;
        const char *name, *reason;
        bool again;
    } rows[] = {
        {0, "", "", true},
        {408, "", "", true},
        {429, "RESOURCE_EXHAUSTED", "", true},
        {499, "CANCELLED", "", true},
        {500, "INTERNAL", "", true},
        {502, "", "", true},
        {503, "UNAVAILABLE", "", true},
        {504, "DEADLINE_EXCEEDED", "", true},
        {409, "ABORTED", "", true},
        {403, "", "rateLimitExceeded", true},
        {403, "", "userRateLimitExceeded", true},
        {403, "PERMISSION_DENIED", "RATE_LIMIT_EXCEEDED", true},
        {403, "PERMISSION_DENIED", "SERVICE_DISABLED", false},
        {403, "", "dailyLimitExceeded", false},
        {409, "ALREADY_EXISTS", "", false},
        {200, "", "", false},
        {301, "", "", false},
        {400, "INVALID_ARGUMENT", "", false},
        {401, "UNAUTHENTICATED", "", false},
        {404, "NOT_FOUND", "", false},
        {412, "", "conditionNotMet", false},
        {416, "", "", false},
        {501, "UNIMPLEMENTED", "", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct retry_outcome ended = outcome(rows[i].status, rows[i].name, rows[i].reason);
        struct retry_moment moment = {.chance = 1};
        EXPECT_INT(retry_next(&usual, &ended, &moment).again, rows[i].again);
    }
}

TEST(the_pause_is_random_below_a_limit_that_doubles)
{
    struct retry_outcome ended = outcome(503, "", "");
    static const struct {
        int attempt;
        double chance;
        int64_t wait_ns;
    } rows[] = {
        {0, 1, 100 * MS},  {0, 0.5, 50 * MS},  {0, 0, 0},        {1, 1, 200 * MS},
        {5, 1, 3200 * MS}, {8, 1, 25600 * MS}, {9, 1, 32 * SEC}, {60, 1, 32 * SEC},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct retry_moment moment = {.attempt = rows[i].attempt, .chance = rows[i].chance};
        struct retry_step step = retry_next(&usual, &ended, &moment);
        EXPECT(step.again);
        EXPECT(step.wait_ns == rows[i].wait_ns);
    }
}

TEST(what_the_server_asks_for_is_obeyed_when_it_is_longer)
{
    static const struct {
        const char *retry_after;
        int64_t delay_ns, wait_ns;
    } rows[] = {
        {NULL, 0, 100 * MS},
        {"7", 0, 7 * SEC},
        {"7", 9 * SEC, 9 * SEC},
        {NULL, 3500 * MS, 3500 * MS},
        {"0", 0, 100 * MS},
        {"-7", 0, 100 * MS},
        {"soon", 0, 100 * MS},
        {"99999999999", 0, 100 * MS},
        {"Thu, 01 Jan 2026 00:00:20 GMT", 0, 20 * SEC},
        {"Wed, 31 Dec 2025 00:00:20 GMT", 0, 100 * MS},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct retry_outcome ended = outcome(503, "", "");
        ended.retry_after = rows[i].retry_after;
        ended.retry_delay_ns = rows[i].delay_ns;
        struct retry_moment moment = {.chance = 1, .now_ns = FAKE_GOOGLE_NOW_SEC * SEC};
        struct retry_step step = retry_next(&usual, &ended, &moment);
        EXPECT(step.again);
        EXPECT(step.wait_ns == rows[i].wait_ns);
    }
}

TEST(no_try_starts_after_the_deadline_and_none_beyond_the_number_allowed)
{
    struct retry_outcome ended = outcome(503, "", "");
    struct retry_moment late = {.attempt = 9, .elapsed_ns = 30 * SEC, .chance = 1};
    EXPECT(!retry_next(&usual, &ended, &late).again);

    struct retry_policy three = usual;
    three.tries = 3;
    struct retry_moment second = {.attempt = 1, .chance = 1}, third = {.attempt = 2, .chance = 1};
    EXPECT(retry_next(&three, &ended, &second).again);
    EXPECT(!retry_next(&three, &ended, &third).again);

    struct retry_policy once = usual;
    once.repeatable = false;
    struct retry_moment first = {.chance = 1};
    EXPECT(!retry_next(&once, &ended, &first).again);
}

TEST(when_it_gives_up_it_hands_on_when_the_server_wants_us_back)
{
    struct retry_outcome ended = outcome(429, "", "");
    ended.retry_after = "90";
    struct retry_moment moment = {.chance = 1};
    struct retry_step step = retry_next(&usual, &ended, &moment);
    EXPECT(!step.again);
    EXPECT(step.wait_ns == 90 * SEC);
}

static bool send_to(struct fake_google *fake, struct retry_run *sending,
                    struct http_response *answer, struct err *err)
{
    struct gcp_environment outside = fake_google_environment(fake);
    struct http_call call = {.url = "https://vision.googleapis.com/v1/images:annotate"};
    sending->policy = usual;
    return retry_send(&outside, &call, sending, answer, err);
}

TEST(a_failure_that_passes_is_never_seen)
{
    const struct fake_response rules[] = {
        {.when = "", .status = 0, .times = 1},
        {.when = "", .status = 503, .header = "Retry-After: 2", .times = 1},
        {.when = "", .status = 200, .body = "{}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct retry_run sending = {0};
    struct err err = {0};
    OWN(http_response) struct http_response answer = {0};
    EXPECT(send_to(&fake, &sending, &answer, &err));
    EXPECT_STR(answer.body.data, "{}");
    EXPECT_INT(sending.attempts, 3);
    EXPECT_INT(fake.waited_count, 2);
    EXPECT(fake.waited_ns[0] == 100 * MS);
    EXPECT(fake.waited_ns[1] == 2 * SEC);
    EXPECT_INT(err.status, 0);
}

TEST(giving_up_says_who_answered_what_and_when_to_come_again)
{
    const struct fake_response rules[] = {
        {.when = "",
         .status = 429,
         .header = "Retry-After: 90",
         .body = "{\"error\":{\"code\":429,\"message\":\"Quota exceeded.\",\"status\":"
                 "\"RESOURCE_EXHAUSTED\"}}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct retry_run sending = {0};
    struct err err = {0};
    OWN(http_response) struct http_response answer = {0};
    EXPECT(!send_to(&fake, &sending, &answer, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_INT(err.retry_after_sec, 90);
    EXPECT_STR(err.reason, "RESOURCE_EXHAUSTED");
    EXPECT_STR(err.text, "vision.googleapis.com answered 429 RESOURCE_EXHAUSTED: Quota exceeded");
}

TEST(a_server_that_stays_away_is_given_up_at_the_deadline)
{
    const struct fake_response rules[] = {{.when = "", .status = 0}};
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct retry_run sending = {0};
    struct err err = {0};
    OWN(http_response) struct http_response answer = {0};
    EXPECT(!send_to(&fake, &sending, &answer, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_STR(err.text, "connection cut");
    EXPECT(fake.now_ns - FAKE_GOOGLE_NOW_SEC * SEC < 60 * SEC);
    EXPECT(fake.now_ns - FAKE_GOOGLE_NOW_SEC * SEC > 30 * SEC);
}

TEST(every_form_of_googles_errors_is_understood)
{
    static const struct {
        const char *body, *type, *name, *reason, *message;
        int64_t delay_ns;
    } rows[] = {
        {"{\"error\":{\"code\":403,\"message\":\"Cloud Vision API has not been used.\","
         "\"status\":\"PERMISSION_DENIED\",\"details\":[{\"@type\":"
         "\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"SERVICE_DISABLED\"}]}}",
         "application/json", "PERMISSION_DENIED", "SERVICE_DISABLED",
         "Cloud Vision API has not been used", 0},
        {"{\"error\":{\"status\":\"UNAVAILABLE\",\"details\":[{\"@type\":"
         "\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"3.5s\"}]}}",
         "application/json", "UNAVAILABLE", "", "", 3500 * MS},
        {"{\"error\":{\"details\":[{\"@type\":\"google.rpc.RetryInfo\",\"retryDelay\":\"-3s\"}]}}",
         "application/json", "", "", "", 0},
        {"{\"error\":{\"code\":404,\"message\":\"Not Found\",\"errors\":[{\"reason\":"
         "\"notFound\"}]}}",
         "application/json", "notFound", "notFound", "Not Found", 0},
        {"{\"error\":\"invalid_grant\",\"error_description\":\"reauth related error "
         "(invalid_rapt)\",\"error_subtype\":\"invalid_rapt\"}",
         "application/json", "invalid_grant", "invalid_rapt", "reauth related error (invalid_rapt)",
         0},
        {"No such object: b/o", "text/plain", "", "", "No such object: b/o", 0},
        {"<html>bad gateway</html>", "text/html; charset=utf-8", "", "", "", 0},
        {"\xFF\xFE", "application/octet-stream", "", "", "", 0},
        {"", NULL, "", "", "", 0},
        {"[7]", "application/json", "", "", "[7]", 0},
        {"{\"error\":7}", "application/json", "", "", "{\"error\":7}", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(http_response) struct http_response answer = {.status = 500};
        buf_add_text(&answer.body, rows[i].body);
        if (rows[i].type)
            headers_add(&answer.headers, "Content-Type", rows[i].type);
        OWN(google_error) struct google_error fault = {0};
        google_error_from_response(&answer, &fault);
        EXPECT_STR(fault.name, rows[i].name);
        EXPECT_STR(fault.reason, rows[i].reason);
        EXPECT_STR(fault.message, rows[i].message);
        EXPECT(fault.retry_delay_ns == rows[i].delay_ns);
    }
}
