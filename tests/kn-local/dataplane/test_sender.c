/* SPDX-License-Identifier: Apache-2.0 */
/* The delivery contract: attempts, replies and dead letters. */
#include "base/base64.h"
#include "tests/kn-local/dataplane/channel_fixture.h"

TEST(statuses_that_may_pass_are_retried_and_the_others_are_not)
{
    static const struct {
        int status;
        bool retried;
    } rows[] = {{0, true},    {404, true},  {408, true},  {409, true},  {429, true},
                {500, true},  {502, true},  {503, true},  {504, true},  {599, true},
                {301, false}, {302, false}, {307, false}, {400, false}, {401, false},
                {403, false}, {405, false}, {410, false}, {413, false}, {415, false}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture) struct fixture fixture;
        open_fixture(&fixture);
        struct fixture_options options = {.policy = {.retry = 1}};
        subscribe(&fixture, "a", &options);
        take(&fixture, "1");
        fake_respond(fake_await_call(fixture.fake, 1), rows[i].status);
        EXPECT_INT(fixture.fake->count, rows[i].retried ? 2 : 1);
        EXPECT_INT(fixture.outcome.times, rows[i].retried ? 0 : 1);
        if (rows[i].retried)
            fake_respond(fake_await_call(fixture.fake, 2), 202);
        EXPECT((fixture.outcome.status == 202) == rows[i].retried);
    }
}

/* Fails each attempt; the waits between them in milliseconds, -1 for none at all. */
static void expect_waits(enum delivery_backoff backoff, const int *waits_ms, size_t count)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {
        .policy = {.retry = (int)count, .backoff = backoff, .delay_ns = 100 * NS_PER_MS}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    size_t waits = 0;
    for (size_t i = 0; i < count; i++) {
        fake_respond(fake_await_call(fixture.fake, i + 1), 503);
        if (waits_ms[i] < 0)
            continue;
        EXPECT_INT(fixture.fake->wait_count, ++waits);
        EXPECT_INT(fixture.fake->waits_ns[waits - 1] / NS_PER_MS, waits_ms[i]);
        EXPECT_INT(fixture.fake->count, i + 1);
        fake_fire_timer(fixture.fake);
    }
    fake_respond(fake_await_call(fixture.fake, count + 1), 503);
    EXPECT_INT(fixture.fake->count, count + 1);
    EXPECT_INT(fixture.outcome.times, 1);
    EXPECT(fixture.outcome.status != 202);
}

TEST(retries_wait_as_the_policy_says)
{
    expect_waits(BACKOFF_EXPONENTIAL, (const int[]){100, 200, 400}, 3);
    expect_waits(BACKOFF_LINEAR, (const int[]){-1, 100, 200}, 3);
    expect_waits(BACKOFF_NONE, (const int[]){-1, -1}, 2);
}

TEST(retry_after_is_obeyed_up_to_its_limit)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {
        .policy = {.retry = 2, .retry_after_max_ns = 5 * (int64_t)NS_PER_SEC}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    const char *const short_wait[] = {"Retry-After", "3", NULL};
    const char *const long_wait[] = {"Retry-After", "60", NULL};
    fake_respond_with(fake_await_call(fixture.fake, 1), 429, short_wait, (struct bytes){0});
    fake_fire_timer(fixture.fake);
    fake_respond_with(fake_await_call(fixture.fake, 2), 503, long_wait, (struct bytes){0});
    fake_fire_timer(fixture.fake);
    EXPECT_INT(fixture.fake->waits_ns[0] / NS_PER_SEC, 3);
    EXPECT_INT(fixture.fake->waits_ns[1] / NS_PER_SEC, 5);
    fake_respond(fake_await_call(fixture.fake, 3), 200);
}

TEST(an_attempt_has_the_policys_timeout)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.policy = {.timeout_ns = 1500 * (int64_t)NS_PER_MS}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    EXPECT_INT(fake_await_call(fixture.fake, 1)->timeout_ms, 1500);
    fake_respond(fake_await_call(fixture.fake, 1), 200);
}

TEST(an_event_whose_sender_has_gone_is_not_tried_again)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.policy = {.retry = 5}};
    subscribe(&fixture, "a", &options);
    fixture.outcome.unwanted = true;
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 1), 503);
    EXPECT_INT(fixture.fake->count, 1);
    EXPECT_INT(fixture.outcome.times, 1);
}

static const char *const BINARY_REPLY[] = {
    "ce-specversion", "1.0",    "ce-id",        "r",   "ce-type",    "reply",    "ce-source", "/a",
    "Content-Type",   "text/x", "X-Request-Id", "r-2", "Set-Cookie", "secret=1", NULL};

static void expect_replied(int status, const char *const *fields, const char *body)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.reply = "http://reply/"};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond_with(fake_await_call(fixture.fake, 1), status, fields, bytes_of(body));
    EXPECT_INT(fixture.fake->count, 2);
    const struct fake_http_call *call = fake_await_call(fixture.fake, 2);
    EXPECT_STR(call->url, "http://reply/");
    EXPECT_STR(field(call, "ce-id"), "r");
    EXPECT_STR(field(call, "ce-type"), "reply");
    EXPECT_STR(field(call, "Kn-Namespace"), "default");
    EXPECT_STR(field(call, "Prefer"), "(absent)");
    EXPECT_STR(call->body.data, "answer");
    EXPECT_INT(fixture.outcome.times, 0);
    fake_respond(fake_await_call(fixture.fake, 2), 202);
    EXPECT(fixture.outcome.status == 202);
}

TEST(a_reply_event_goes_to_the_replys_address)
{
    expect_replied(200, BINARY_REPLY, "answer");
    expect_replied(202, BINARY_REPLY, "answer");
    static const char *const structured[] = {"Content-Type", "application/cloudevents+json", NULL};
    expect_replied(200, structured,
                   "{\"specversion\":\"1.0\",\"id\":\"r\",\"type\":\"reply\",\"source\":\"/a\","
                   "\"datacontenttype\":\"text/x\",\"data\":\"answer\"}");
}

TEST(a_reply_carries_on_the_fields_of_the_answer_that_are_forwarded)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.reply = "http://reply/"};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond_with(fake_await_call(fixture.fake, 1), 200, BINARY_REPLY, bytes_of("answer"));
    EXPECT_STR(field(fake_await_call(fixture.fake, 2), "x-request-id"), "r-2");
    EXPECT_STR(field(fake_await_call(fixture.fake, 2), "set-cookie"), "(absent)");
    fake_respond(fake_await_call(fixture.fake, 2), 202);
}

TEST(an_answer_that_is_no_event_is_no_reply)
{
    static const char *const text[] = {"Content-Type", "text/plain", NULL};
    static const char *const old[] = {"ce-specversion", "0.2", "ce-id", "r", "ce-type", "t",
                                      "ce-source",      "/a",  NULL};
    const char *const *const answers[] = {NULL, text, old};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        OWN(fixture) struct fixture fixture;
        open_fixture(&fixture);
        struct fixture_options options = {.reply = "http://reply/"};
        subscribe(&fixture, "a", &options);
        take(&fixture, "1");
        fake_respond_with(fake_await_call(fixture.fake, 1), 200, answers[i],
                          bytes_of("This picture"));
        EXPECT_INT(fixture.fake->count, 1);
        EXPECT(fixture.outcome.times == 1 && fixture.outcome.status == 202);
    }
}

TEST(a_reply_is_dropped_when_nobody_asked_for_it)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a", NULL);
    take(&fixture, "1");
    fake_respond_with(fake_await_call(fixture.fake, 1), 200, BINARY_REPLY, bytes_of("answer"));
    EXPECT_INT(fixture.fake->count, 1);
    EXPECT(fixture.outcome.status == 202);
}

TEST(a_reply_that_cannot_be_delivered_makes_the_event_a_dead_letter)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {
        .reply = "http://reply/", .dead_letter = "http://dead/", .policy = {.retry = 1}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond_with(fake_await_call(fixture.fake, 1), 200, BINARY_REPLY, bytes_of("answer"));
    fake_respond(fake_await_call(fixture.fake, 2), 503);
    fake_respond(fake_await_call(fixture.fake, 3), 503);
    const struct fake_http_call *letter = fake_await_call(fixture.fake, 4);
    EXPECT_STR(letter->url, "http://dead/");
    EXPECT_STR(field(letter, "ce-id"), "1");
    EXPECT_STR(field(letter, "ce-knativeerrordest"), "http://reply/");
    EXPECT_STR(letter->body.data, "data of 1");
    fake_respond(fake_await_call(fixture.fake, 4), 202);
    EXPECT(fixture.outcome.status == 202);
}

/* Fails an event with an answer of `len` bytes; what knativeerrordata decodes to. */
static size_t dead_letter_data(size_t len, struct buf *decoded)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.dead_letter = "http://dead/"};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    OWN(buf) struct buf body = {0};
    for (size_t i = 0; i < len; i++)
        buf_add(&body, &"abcdefg"[i % 7], 1);
    fake_respond_with(fake_await_call(fixture.fake, 1), 400, NULL, buf_bytes(&body));
    const struct fake_http_call *letter = fake_await_call(fixture.fake, 2);
    EXPECT_STR(letter->url, "http://dead/");
    EXPECT_STR(field(letter, "ce-knativeerrordest"), "http://a/");
    EXPECT_STR(field(letter, "ce-knativeerrorcode"), "400");
    EXPECT_STR(field(letter, "Prefer"), "(absent)");
    EXPECT_STR(field(letter, "x-request-id"), "r-1");
    EXPECT_STR(letter->body.data, "data of 1");
    const char *data = headers_get(&letter->headers, "ce-knativeerrordata");
    EXPECT(base64_decode(bytes_of(data ? data : ""), decoded));
    EXPECT(memcmp(decoded->data ? decoded->data : "", body.data ? body.data : "", decoded->len) ==
           0);
    fake_respond(fake_await_call(fixture.fake, 2), 200);
    EXPECT(fixture.outcome.times == 1 && fixture.outcome.status == 202);
    return decoded->len;
}

TEST(a_dead_letter_says_what_failed_and_holds_the_answers_first_768_bytes)
{
    static const struct {
        size_t len, kept;
    } rows[] = {{0, 0}, {1, 1}, {768, 768}, {769, 768}, {100000, 768}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(buf) struct buf decoded = {0};
        EXPECT_INT(dead_letter_data(rows[i].len, &decoded), rows[i].kept);
    }
}

TEST(a_dead_letter_of_a_subscriber_that_is_not_there_says_why)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.dead_letter = "http://dead/"};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 1), 0);
    const struct fake_http_call *letter = fake_await_call(fixture.fake, 2);
    EXPECT_STR(field(letter, "ce-knativeerrorcode"), "500");
    OWN(buf) struct buf decoded = {0};
    EXPECT(base64_decode(bytes_of(field(letter, "ce-knativeerrordata")), &decoded));
    EXPECT_STR(decoded.data, "dispatch error: cannot connect to http://a/");
    fake_respond(fake_await_call(fixture.fake, 2), 200);
}

TEST(a_dead_letter_sink_that_fails_fails_the_event_after_its_retries)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.dead_letter = "http://dead/", .policy = {.retry = 2}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond(fake_await_call(fixture.fake, 1), 400);
    for (size_t i = 2; i <= 4; i++)
        fake_respond(fake_await_call(fixture.fake, i), 503);
    EXPECT_INT(fixture.fake->count, 4);
    EXPECT(fixture.outcome.times == 1 && fixture.outcome.status != 202);
}

TEST(an_event_that_was_a_dead_letter_before_keeps_its_first_error)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.dead_letter = "http://dead/"};
    subscribe(&fixture, "a", &options);
    struct err err = {0};
    OWN(headers) struct headers headers = {0};
    static const char *const fields[][2] = {{"ce-specversion", "1.0"},
                                            {"ce-id", "1"},
                                            {"ce-type", "t"},
                                            {"ce-source", "/s"},
                                            {"ce-knativeerrordest", "http://first/"},
                                            {"ce-knativeerrorcode", "418"},
                                            {"ce-knativeerrordata", "Zmlyc3Q="}};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        headers_add(&headers, fields[i][0], fields[i][1]);
    OWN(buf) struct buf body = {0};
    OWN(event_message) struct event_message *event = event_message_from_http(&headers, &body, &err);
    channel_take(fixture.channel, event, fake_receipt(&fixture.outcome));
    fake_respond_with(fake_await_call(fixture.fake, 1), 500, NULL, bytes_of("second"));
    const struct fake_http_call *letter = fake_await_call(fixture.fake, 2);
    EXPECT_STR(field(letter, "ce-knativeerrordest"), "http://first/");
    EXPECT_STR(field(letter, "ce-knativeerrorcode"), "418");
    EXPECT_STR(field(letter, "ce-knativeerrordata"), "Zmlyc3Q=");
    fake_respond(fake_await_call(fixture.fake, 2), 200);
}

TEST(a_success_whose_body_is_lost_is_a_delivery_without_a_reply)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {
        .reply = "http://reply/", .dead_letter = "http://dead/", .policy = {.retry = 3}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    fake_respond_incomplete(fake_await_call(fixture.fake, 1), 200);
    EXPECT_INT(fixture.fake->count, 1);
    EXPECT_INT(fixture.outcome.status, 202);
}

TEST(a_reply_that_cannot_be_sent_on_makes_the_event_a_dead_letter)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.reply = "http://reply/", .dead_letter = "http://dead/"};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    static const char *const batch[] = {"Content-Type", "application/cloudevents-batch+json", NULL};
    fake_respond_with(fake_await_call(fixture.fake, 1), 200, batch, bytes_of("[]"));
    const struct fake_http_call *letter = fake_await_call(fixture.fake, 2);
    EXPECT_STR(letter->url, "http://dead/");
    EXPECT_STR(field(letter, "ce-id"), "1");
    EXPECT_STR(field(letter, "ce-knativeerrorcode"), "-1");
    EXPECT_STR(field(letter, "ce-knativeerrordest"), "http://reply/");
    EXPECT_STR(field(letter, "ce-knativeerrordata"), "");
    EXPECT_HAS(fixture.fake->published, "DeadLettered a: an event went to http://dead/ since "
                                        "http://a/ gave a reply that cannot be sent on");
    fake_respond(fake_await_call(fixture.fake, 2), 202);
    EXPECT_INT(fixture.outcome.status, 202);
}

TEST(a_reply_that_cannot_be_sent_on_is_reported_when_there_is_no_dead_letter_sink)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.reply = "http://reply/"};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    static const char *const json[] = {"Content-Type", "application/cloudevents+json", NULL};
    fake_respond_with(fake_await_call(fixture.fake, 1), 200, json, bytes_of("no JSON"));
    EXPECT_INT(fixture.fake->count, 1);
    EXPECT_INT(fixture.outcome.status, 500);
    EXPECT_HAS(fixture.fake->published,
               "EventDropped a: an event was dropped since http://a/ gave a "
               "reply that cannot be sent on");
}

TEST(an_incomplete_binary_reply_is_sent_on_as_it_is)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.reply = "http://reply/"};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    static const char *const fields[] = {
        "ce-specversion", "1.0", "ce-own", "caf\351", "traceparent",
        "of the answer",  "b3",  "x",      NULL};
    fake_respond_with(fake_await_call(fixture.fake, 1), 200, fields, bytes_of("r"));
    const struct fake_http_call *reply = fake_await_call(fixture.fake, 2);
    EXPECT_STR(field(reply, "ce-own"), "caf\351");
    EXPECT_STR(field(reply, "traceparent"), "t-1");
    EXPECT_STR(field(reply, "b3"), "(absent)");
    fake_respond(fake_await_call(fixture.fake, 2), 202);
}

TEST(an_event_that_is_dead_lettered_is_published_with_what_the_subscriber_said)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    struct fixture_options options = {.dead_letter = "http://dead/", .policy = {.retry = 1}};
    subscribe(&fixture, "a", &options);
    take(&fixture, "1");
    for (size_t i = 1; i <= 2; i++)
        fake_respond_with(fake_await_call(fixture.fake, i), 500, NULL, bytes_of("no database\n"));
    EXPECT_STR(fixture.fake->published,
               "DeadLettered a: an event went to http://dead/ after 2 attempts: http://a/ "
               "answered 500: no database");
    fake_respond(fake_await_call(fixture.fake, 3), 202);
}
