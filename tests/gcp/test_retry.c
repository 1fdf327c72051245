/* SPDX-License-Identifier: Apache-2.0 */
/* Retries: the decision as a table, and the loop that sends. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp/call/google_error.h"
#include "gcp/call/retry.h"
#include "gcp/call/retry_send.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/test.h"

#define SEC ((int64_t)NS_PER_SEC)
#define MS  ((int64_t)NS_PER_MS)

static const struct retry_policy policy = {
    .initial_ns = 100 * MS, .max_ns = 32 * SEC, .deadline_ns = 60 * SEC, .idempotent = true};

static struct retry_outcome outcome_of(int status, const char *name, const char *reason)
{
    return (struct retry_outcome){.status = status, .name = name, .reason = reason};
}

TEST(only_temporary_errors_are_retried)
{
    static const struct {
        int status;
        const char *name, *reason;
        bool retry;
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
        struct retry_outcome outcome = outcome_of(rows[i].status, rows[i].name, rows[i].reason);
        struct retry_attempt attempt = {.random = 1};
        EXPECT_INT(retry_next(&policy, &outcome, &attempt).retry, rows[i].retry);
    }
}

TEST(the_delay_is_random_below_a_limit_that_doubles)
{
    struct retry_outcome outcome = outcome_of(503, "", "");
    static const struct {
        int number;
        double random;
        int64_t delay_ns;
    } rows[] = {
        {0, 1, 100 * MS},  {0, 0.5, 50 * MS},  {0, 0, 0},        {1, 1, 200 * MS},
        {5, 1, 3200 * MS}, {8, 1, 25600 * MS}, {9, 1, 32 * SEC}, {60, 1, 32 * SEC},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct retry_attempt attempt = {.number = rows[i].number, .random = rows[i].random};
        struct retry_decision decision = retry_next(&policy, &outcome, &attempt);
        EXPECT(decision.retry);
        EXPECT(decision.delay_ns == rows[i].delay_ns);
    }
}

TEST(a_longer_delay_from_the_server_is_respected)
{
    static const struct {
        const char *retry_after;
        int64_t retry_info_ns, delay_ns;
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
        struct retry_outcome outcome = outcome_of(503, "", "");
        outcome.retry_after = rows[i].retry_after;
        outcome.retry_delay_ns = rows[i].retry_info_ns;
        struct retry_attempt attempt = {.random = 1, .now_ns = FAKE_GOOGLE_NOW_SEC * SEC};
        struct retry_decision decision = retry_next(&policy, &outcome, &attempt);
        EXPECT(decision.retry);
        EXPECT(decision.delay_ns == rows[i].delay_ns);
    }
}

TEST(deadline_attempts_and_idempotence_limit_the_retries)
{
    struct retry_outcome outcome = outcome_of(503, "", "");
    struct retry_attempt late = {.number = 9, .elapsed_ns = 30 * SEC, .random = 1};
    EXPECT(!retry_next(&policy, &outcome, &late).retry);

    struct retry_policy three = policy;
    three.max_attempts = 3;
    struct retry_attempt second = {.number = 1, .random = 1}, third = {.number = 2, .random = 1};
    EXPECT(retry_next(&three, &outcome, &second).retry);
    EXPECT(!retry_next(&three, &outcome, &third).retry);

    struct retry_policy not_idempotent = policy;
    not_idempotent.idempotent = false;
    struct retry_attempt first = {.random = 1};
    EXPECT(!retry_next(&not_idempotent, &outcome, &first).retry);
}

TEST(without_a_retry_the_delay_from_the_server_is_returned)
{
    struct retry_outcome outcome = outcome_of(429, "", "");
    outcome.retry_after = "90";
    struct retry_attempt attempt = {.random = 1};
    struct retry_decision decision = retry_next(&policy, &outcome, &attempt);
    EXPECT(!decision.retry);
    EXPECT(decision.delay_ns == 90 * SEC);
}

static bool send_to(struct fake_google *fake, int *attempts, struct http_response *response,
                    struct err *err)
{
    struct gcp_environment env = fake_google_environment(fake);
    struct http_call call = {.url = "https://vision.googleapis.com/v1/images:annotate"};
    return retry_send(&env, &call, &policy, response, attempts, err);
}

TEST(a_temporary_failure_is_not_reported)
{
    const struct fake_response rules[] = {
        {.when = "", .status = 0, .times = 1},
        {.when = "", .status = 503, .header = "Retry-After: 2", .times = 1},
        {.when = "", .status = 200, .body = "{}"},
    };
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    int attempts = 0;
    struct err err = {0};
    OWN(http_response) struct http_response response = {0};
    EXPECT(send_to(&fake, &attempts, &response, &err));
    EXPECT_STR(response.body.data, "{}");
    EXPECT_INT(attempts, 3);
    EXPECT_INT(fake.sleep_count, 2);
    EXPECT(fake.sleeps_ns[0] == 100 * MS);
    EXPECT(fake.sleeps_ns[1] == 2 * SEC);
    EXPECT_INT(err.status, 0);
}

TEST(the_last_failure_names_the_server_its_error_and_its_delay)
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
    struct err err = {0};
    OWN(http_response) struct http_response response = {0};
    EXPECT(!send_to(&fake, NULL, &response, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_INT(err.retry_after_sec, 90);
    EXPECT_STR(err.reason, "RESOURCE_EXHAUSTED");
    EXPECT_STR(err.text, "vision.googleapis.com answered 429 RESOURCE_EXHAUSTED: Quota exceeded");
}

TEST(an_unreachable_server_fails_at_the_deadline)
{
    const struct fake_response rules[] = {{.when = "", .status = 0}};
    OWN(fake_google) struct fake_google fake;
    fake_google_init(&fake, rules, ARRAY_SIZE(rules));
    struct err err = {0};
    OWN(http_response) struct http_response response = {0};
    EXPECT(!send_to(&fake, NULL, &response, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_STR(err.text, "connection cut");
    EXPECT(fake.now_ns - FAKE_GOOGLE_NOW_SEC * SEC < 60 * SEC);
    EXPECT(fake.now_ns - FAKE_GOOGLE_NOW_SEC * SEC > 30 * SEC);
}

TEST(errors_are_read_in_all_of_googles_formats)
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
        OWN(http_response) struct http_response response = {.status = 500};
        buf_add_text(&response.body, rows[i].body);
        if (rows[i].type)
            headers_add(&response.headers, "Content-Type", rows[i].type);
        OWN(google_error) struct google_error error = {0};
        google_error_from_response(&response, &error);
        EXPECT_STR(error.name, rows[i].name);
        EXPECT_STR(error.reason, rows[i].reason);
        EXPECT_STR(error.message, rows[i].message);
        EXPECT(error.retry_delay_ns == rows[i].delay_ns);
    }
}
