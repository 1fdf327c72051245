/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub: exact requests, responses, limits. */
#include "base/str.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/test.h"

#include <string.h>

/* A fake Google with one rule, and a gcp that calls it. */
struct fixture {
    struct fake_google fake;
    struct fake_response rules[4];
    struct gcp *gcp;
    struct err err;
};

static void set(struct fixture *fixture, const char *when, int status, const char *body)
{
    fixture->rules[0] = (struct fake_response){.when = when, .status = status, .body = body};
    fake_google_init(&fixture->fake, fixture->rules, 4);
    for (size_t i = 1; i < 4; i++)
        fixture->rules[i].when = "\n"; /* never */
    fixture->gcp = fake_google_emulated(&fixture->fake);
}

static void own_fixture(struct fixture *local)
{
    gcp_close(local->gcp);
    fake_google_done(&local->fake);
}

TEST(messages_are_published_in_googles_format)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{\"messageIds\":[\"198012587785403\",\"198012587785404\"]}");
    struct gcp_publication messages[] = {
        {.data = bytes_of("Hello World"),
         .attributes = (struct gcp_field[]){{"lang", "en"}},
         .attribute_count = 1,
         .ordering_key = "user-42"},
        {.attributes = (struct gcp_field[]){{"only", "attributes"}},
         .attribute_count = 1,
         .ordering_key = "user-42"},
    };
    OWN(gcp_names) struct gcp_names ids = {0};
    EXPECT(gcp_publish(s.gcp, "testing", messages, 2, &ids, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "POST http://fake/v1/projects/p/topics/testing:publish");
    EXPECT_STR(fake_google_body(&s.fake),
               "{\"messages\":[{\"data\":\"SGVsbG8gV29ybGQ=\",\"attributes\":{\"lang\":\"en\"},"
               "\"orderingKey\":\"user-42\"},{\"attributes\":{\"only\":\"attributes\"},"
               "\"orderingKey\":\"user-42\"}]}");
    EXPECT_STR(fake_google_header(&s.fake, "content-type"), "application/json; charset=utf-8");
    EXPECT(fake_google_header(&s.fake, "authorization") == NULL);
    EXPECT_INT(ids.count, 2);
    EXPECT_STR(ids.list[1], "198012587785404");
}

TEST(each_ordering_key_gets_its_own_request)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{\"messageIds\":[\"1\"]}");
    struct gcp_publication messages[] = {
        {.data = bytes_of("a"), .ordering_key = "k1"},
        {.data = bytes_of("b"), .ordering_key = "k2"},
    };
    OWN(gcp_names) struct gcp_names ids = {0};
    EXPECT(gcp_publish(s.gcp, "testing", messages, 2, &ids, &s.err));
    EXPECT_INT(s.fake.request_count, 2);
    EXPECT_INT(ids.count, 2);
}

TEST(publishing_stops_at_the_first_failure_and_returns_the_ids_so_far)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{\"messageIds\":[\"1\"]}");
    s.rules[0].times = 1;
    s.rules[1] =
        (struct fake_response){.when = "", .status = 400, .body = "{\"error\":{\"code\":400}}"};
    struct gcp_publication messages[] = {
        {.data = bytes_of("a"), .ordering_key = "k1"},
        {.data = bytes_of("b"), .ordering_key = "k2"},
        {.data = bytes_of("c"), .ordering_key = "k3"},
    };
    OWN(gcp_names) struct gcp_names ids = {0};
    EXPECT(!gcp_publish(s.gcp, "testing", messages, 3, &ids, &s.err));
    EXPECT_INT(s.err.status, 400);
    EXPECT_INT(ids.count, 1);
    EXPECT_INT(s.fake.request_count, 2);
}

TEST(a_request_has_at_most_a_thousand_messages)
{
    OWN(fixture) struct fixture s = {0};
    OWN(buf) struct buf reply = {0};
    buf_add_text(&reply, "{\"messageIds\":[\"0\"");
    for (int i = 1; i < 1000; i++)
        buf_add_format(&reply, ",\"%d\"", i);
    buf_add_text(&reply, "]}");
    set(&s, "", 200, reply.data);
    s.rules[0].times = 1;
    s.rules[1] =
        (struct fake_response){.when = "", .status = 200, .body = "{\"messageIds\":[\"1000\"]}"};
    static struct gcp_publication messages[1001];
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
        messages[i].data = bytes_of("x");
    OWN(gcp_names) struct gcp_names ids = {0};
    EXPECT(gcp_publish(s.gcp, "testing", messages, ARRAY_SIZE(messages), &ids, &s.err));
    EXPECT_INT(ids.count, 1001);
    EXPECT_STR(ids.list[1000], "1000");
}

TEST(a_request_has_less_than_ten_megabytes)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{\"messageIds\":[\"1\"]}");
    struct bytes big = {alloc_zeroed(4000000), 4000000};
    struct gcp_publication messages[] = {{.data = big}, {.data = big}};
    OWN(gcp_names) struct gcp_names ids = {0};
    EXPECT(gcp_publish(s.gcp, "testing", messages, 2, &ids, &s.err));
    EXPECT_INT(s.fake.request_count, 2);
    free((char *)big.data);
}

TEST(a_message_without_data_and_attributes_is_refused)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{}");
    struct gcp_publication message = {0};
    OWN(gcp_names) struct gcp_names ids = {0};
    EXPECT(!gcp_publish(s.gcp, "testing", &message, 1, &ids, &s.err));
    EXPECT_INT(s.err.status, ERR_INPUT);
    EXPECT_INT(s.fake.request_count, 0);
}

TEST(pulled_messages_have_all_of_googles_fields)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200,
        "{\"receivedMessages\":[{\"ackId\":\"A4\",\"message\":{\"data\":\"SGVsbG8gV29ybGQ=\","
        "\"messageId\":\"198012587785403\",\"publishTime\":\"2019-01-21T15:25:58.250Z\"}},"
        "{\"ackId\":\"A5\",\"message\":{\"attributes\":{\"only\":\"attributes\"},"
        "\"messageId\":\"198012587785404\",\"publishTime\":\"2019-01-21T15:25:58.251Z\","
        "\"orderingKey\":\"user-42\"},\"deliveryAttempt\":2}]}");
    OWN(gcp_messages) struct gcp_messages messages = {0};
    EXPECT(gcp_pull(s.gcp, "sub", 10, &messages, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "POST http://fake/v1/projects/p/subscriptions/sub:pull");
    EXPECT_STR(fake_google_body(&s.fake), "{\"maxMessages\":10}");
    EXPECT_INT(messages.count, 2);
    const struct gcp_message *first = &messages.list[0], *second = &messages.list[1];
    EXPECT_STR(first->data, "Hello World");
    EXPECT_INT(first->len, 11);
    EXPECT_STR(first->ack_id, "A4");
    EXPECT_STR(first->id, "198012587785403");
    EXPECT_STR(first->publish_time, "2019-01-21T15:25:58.250Z");
    EXPECT_STR(first->subscription, "projects/p/subscriptions/sub");
    EXPECT_INT(first->delivery_attempt, 0);
    EXPECT(second->data == NULL);
    EXPECT_STR(gcp_message_attribute(second, "only"), "attributes");
    EXPECT_STR(second->ordering_key, "user-42");
    EXPECT_INT(second->delivery_attempt, 2);
}

TEST(a_pull_that_is_too_large_is_repeated_with_fewer_messages)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", FAKE_GOOGLE_TOO_LARGE, NULL);
    s.rules[0].times = 2;
    s.rules[1] = (struct fake_response){.when = "", .status = 200, .body = "{}"};
    OWN(gcp_messages) struct gcp_messages messages = {0};
    EXPECT(gcp_pull(s.gcp, "sub", 1000, &messages, &s.err));
    EXPECT_STR(s.fake.requests[1].body, "{\"maxMessages\":125}");
    EXPECT_STR(s.fake.requests[2].body, "{\"maxMessages\":15}");

    s.rules[0].times = 0;
    EXPECT(!gcp_pull(s.gcp, "sub", 2, &messages, &s.err));
    EXPECT_INT(s.err.status, ERR_TOO_LARGE);
    EXPECT_STR(fake_google_body(&s.fake), "{\"maxMessages\":1}");
}

TEST(an_empty_pull_is_a_success)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{}");
    OWN(gcp_messages) struct gcp_messages messages = {0};
    EXPECT(gcp_pull(s.gcp, "sub", 10, &messages, &s.err));
    EXPECT_INT(messages.count, 0);
}

TEST(an_invalid_response_to_a_pull_is_502)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{\"receivedMessages\":[{\"message\":{\"data\":\"SGVsbG8=\"}}]}");
    OWN(gcp_messages) struct gcp_messages messages = {0};
    EXPECT(!gcp_pull(s.gcp, "sub", 10, &messages, &s.err));
    EXPECT_INT(s.err.status, ERR_UPSTREAM);
    EXPECT_STR(s.err.text, "Pub/Sub's reply: receivedMessages[0].ackId is missing, want a string");
}

TEST(acknowledging_and_returning_send_the_ids)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{}");
    const char *const ids[] = {"A4", "A5"};
    EXPECT(gcp_acknowledge(s.gcp, "sub", ids, 2, &s.err));
    EXPECT_STR(fake_google_line(&s.fake),
               "POST http://fake/v1/projects/p/subscriptions/sub:acknowledge");
    EXPECT_STR(fake_google_body(&s.fake), "{\"ackIds\":[\"A4\",\"A5\"]}");
    EXPECT(gcp_modify_ack_deadline(s.gcp, "sub", ids, 1, 0, &s.err));
    EXPECT_STR(fake_google_line(&s.fake),
               "POST http://fake/v1/projects/p/subscriptions/sub:modifyAckDeadline");
    EXPECT_STR(fake_google_body(&s.fake), "{\"ackIds\":[\"A4\"],\"ackDeadlineSeconds\":0}");
    EXPECT(!gcp_modify_ack_deadline(s.gcp, "sub", ids, 1, 601, &s.err));
    EXPECT_INT(s.err.status, ERR_INPUT);
}

TEST(many_ids_are_split_into_several_requests)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{}");
    static const char *ids[2500];
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        ids[i] = "RFAGFixdRkhRNxkIaFEOT14jPzUgKEUXAwIbBRYXJC4";
    EXPECT(gcp_acknowledge(s.gcp, "sub", ids, ARRAY_SIZE(ids), &s.err));
    EXPECT_INT(s.fake.request_count, 3);
    for (size_t i = 0; i < 3; i++)
        EXPECT(strlen(s.fake.requests[i].body) < 512 * 1024);
}

TEST(a_subscription_is_created_with_the_given_options_only)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{}");
    EXPECT(gcp_subscription_create(s.gcp, "sub", "testing", NULL, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "PUT http://fake/v1/projects/p/subscriptions/sub");
    EXPECT_STR(fake_google_body(&s.fake), "{\"topic\":\"projects/p/topics/testing\"}");

    struct gcp_subscription_options all = {
        .ack_deadline_sec = 60,
        .ordered = true,
        .filter = "attributes.eventType = \"OBJECT_FINALIZE\"",
        .retention_sec = 604800,
        .least_backoff_sec = 10,
        .most_backoff_sec = 600,
        .dead_letter_topic = "dlq",
        .most_attempts = 5,
        .push_endpoint = "https://vision.example.com/push",
        .push_service_account = "push@p.iam.gserviceaccount.com",
    };
    EXPECT(gcp_subscription_create(s.gcp, "sub", "projects/q/topics/testing", &all, &s.err));
    EXPECT_STR(fake_google_body(&s.fake),
               "{\"topic\":\"projects/q/topics/testing\",\"ackDeadlineSeconds\":60,"
               "\"enableMessageOrdering\":true,"
               "\"filter\":\"attributes.eventType = \\\"OBJECT_FINALIZE\\\"\","
               "\"messageRetentionDuration\":\"604800s\","
               "\"retryPolicy\":{\"minimumBackoff\":\"10s\",\"maximumBackoff\":\"600s\"},"
               "\"pushConfig\":{\"pushEndpoint\":\"https://vision.example.com/push\","
               "\"oidcToken\":{\"serviceAccountEmail\":\"push@p.iam.gserviceaccount.com\"}},"
               "\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/p/topics/dlq\","
               "\"maxDeliveryAttempts\":5}}");
}

TEST(an_existing_resource_is_a_conflict_unless_an_earlier_attempt_created_it)
{
    static const char exists[] =
        "{\"error\":{\"code\":409,\"message\":\"Resource already exists in the project "
        "(resource=testing).\",\"status\":\"ALREADY_EXISTS\"}}";
    OWN(fixture) struct fixture s = {0};
    set(&s, "PUT", 409, exists);
    EXPECT(!gcp_topic_create(s.gcp, "testing", &s.err));
    EXPECT_INT(s.err.status, ERR_CONFLICT);
    EXPECT_STR(s.err.reason, "ALREADY_EXISTS");
    EXPECT_STR(s.err.text, "fake answered 409 ALREADY_EXISTS: Resource already exists in the "
                           "project (resource=testing)");

    s.rules[0] = (struct fake_response){.when = "PUT", .status = 0, .times = 2};
    s.rules[1] = (struct fake_response){.when = "PUT", .status = 409, .body = exists};
    s.rules[2] = (struct fake_response){.when = "GET", .status = 200};
    s.rules[2].body = "{\"name\":\"projects/p/subscriptions/sub\","
                      "\"topic\":\"projects/p/topics/testing\"}";
    s.err = (struct err){0};
    EXPECT(gcp_topic_create(s.gcp, "testing", &s.err));
    s.fake.used[0] = 0;
    EXPECT(gcp_subscription_create(s.gcp, "sub", "testing", NULL, &s.err));
    s.fake.used[0] = 0;
    EXPECT(!gcp_subscription_create(s.gcp, "sub", "another", NULL, &s.err));
    EXPECT_INT(s.err.status, ERR_CONFLICT);
}

TEST(a_subscription_is_read)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200,
        "{\"name\":\"projects/p/subscriptions/sub\",\"topic\":\"_deleted-topic_\","
        "\"ackDeadlineSeconds\":60,\"enableMessageOrdering\":true,\"filter\":\"attributes:k\","
        "\"deadLetterPolicy\":{\"deadLetterTopic\":\"projects/p/topics/dlq\"},\"unheardOf\":[1]}");
    OWN(gcp_subscription) struct gcp_subscription got = {0};
    EXPECT(gcp_subscription_get(s.gcp, "sub", &got, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "GET http://fake/v1/projects/p/subscriptions/sub");
    EXPECT_STR(got.topic, "_deleted-topic_");
    EXPECT_INT(got.ack_deadline_sec, 60);
    EXPECT(got.ordered);
    EXPECT_STR(got.filter, "attributes:k");
    EXPECT_STR(got.dead_letter_topic, "projects/p/topics/dlq");
    EXPECT(got.push_endpoint == NULL);
}

TEST(lists_are_read_through_all_pages_even_empty_ones)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "pageToken=A%2Fb", 200, "{\"nextPageToken\":\"C\"}");
    s.rules[1] = (struct fake_response){
        .when = "pageToken=C", .status = 200, .body = "{\"topics\":[{\"name\":\"t3\"}]}"};
    s.rules[2] = (struct fake_response){.when = "/topics", .status = 200};
    s.rules[2].body =
        "{\"topics\":[{\"name\":\"t1\"},{\"name\":\"t2\"}],\"nextPageToken\":\"A/b\"}";
    OWN(gcp_names) struct gcp_names names = {0};
    EXPECT(gcp_topic_list(s.gcp, &names, &s.err));
    EXPECT_INT(names.count, 3);
    EXPECT_STR(names.list[2], "t3");
    EXPECT_STR(s.fake.requests[0].line, "GET http://fake/v1/projects/p/topics");
}

TEST(invalid_names_are_refused_without_a_call)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{}");
    static const char *const wrong[] = {"ab",
                                        "1abc",
                                        "goog-x",
                                        "a/b",
                                        "a b",
                                        "projects/p/subscriptions/sub",
                                        "projects//topics/abc",
                                        "projects/p/topics/a?b",
                                        ""};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = {0};
        EXPECT(!gcp_topic_get(s.gcp, wrong[i], &err));
        EXPECT_INT(err.status, ERR_INPUT);
    }
    EXPECT_INT(s.fake.request_count, 0);
    EXPECT(gcp_topic_get(s.gcp, "a+b%c~d", &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "GET http://fake/v1/projects/p/topics/a%2Bb%25c~d");
    EXPECT(gcp_topic_get(s.gcp, "projects/example.com:q/topics/abc", &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "GET http://fake/v1/projects/example.com%3Aq/topics/abc");
}

TEST(a_404_after_a_repeated_delete_is_a_success)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{}");
    EXPECT(gcp_topic_delete(s.gcp, "testing", &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "DELETE http://fake/v1/projects/p/topics/testing");
    EXPECT(gcp_subscription_delete(s.gcp, "sub", &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "DELETE http://fake/v1/projects/p/subscriptions/sub");

    s.rules[0] = (struct fake_response){.when = "", .status = 404, .body = "{}"};
    EXPECT(!gcp_topic_delete(s.gcp, "testing", &s.err));
    EXPECT_INT(s.err.status, ERR_NOT_FOUND);
    s.err = (struct err){0};
    EXPECT(!gcp_subscription_delete(s.gcp, "sub", &s.err));
    EXPECT_INT(s.err.status, ERR_NOT_FOUND);

    /* the first attempt, whose response was lost, has deleted it */
    s.rules[0] = (struct fake_response){.when = "", .status = 0, .times = 1};
    s.rules[1] = (struct fake_response){.when = "", .status = 404, .body = "{}"};
    s.err = (struct err){0};
    s.fake.used[0] = 0;
    EXPECT(gcp_topic_delete(s.gcp, "testing", &s.err));
    s.fake.used[0] = 0;
    EXPECT(gcp_subscription_delete(s.gcp, "sub", &s.err));
}

TEST(an_invalid_list_is_502)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{\"subscriptions\":[{\"name\":\"projects/p/subscriptions/sub\"}]}");
    OWN(gcp_names) struct gcp_names names = {0};
    EXPECT(gcp_subscription_list(s.gcp, &names, &s.err));
    EXPECT_STR(names.list[0], "projects/p/subscriptions/sub");
    s.rules[0].body = "{\"subscriptions\":[7]}";
    EXPECT(!gcp_subscription_list(s.gcp, &names, &s.err));
    EXPECT_INT(s.err.status, ERR_UPSTREAM);
    EXPECT_STR(s.err.text, "list: subscriptions[0] is a number, want an object");
}

TEST(without_a_project_names_must_be_full)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{}");
    unsetenv("GOOGLE_CLOUD_PROJECT");
    struct gcp_environment env = fake_google_environment(&s.fake);
    OWN(gcp) struct gcp *gcp = gcp_open_with(NULL, &env, &s.err);
    EXPECT(gcp_project(gcp) == NULL);
    EXPECT(gcp_topic_get(gcp, "projects/q/topics/testing", &s.err));
    EXPECT(!gcp_topic_get(gcp, "testing", &s.err));
    EXPECT_STR(s.err.text, "testing: the project is unknown; set GOOGLE_CLOUD_PROJECT, or use "
                           "projects/PROJECT/topics/testing");
    OWN(gcp_names) struct gcp_names names = {0};
    s.err = (struct err){0};
    EXPECT(!gcp_topic_list(gcp, &names, &s.err));
    s.err = (struct err){0};
    EXPECT(!gcp_subscription_list(gcp, &names, &s.err));
    EXPECT_INT(s.err.status, ERR_INPUT);
}

TEST(duplicate_or_invalid_attributes_are_not_published)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{\"messageIds\":[\"1\"]}");
    struct gcp_field twice[] = {{"a", "1"}, {"a", "2"}}, no_text[] = {{"a", "\xFF"}};
    struct gcp_publication messages[] = {{.attributes = twice, .attribute_count = 2},
                                         {.attributes = no_text, .attribute_count = 1}};
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
        OWN(gcp_names) struct gcp_names ids = {0};
        struct err err = {0};
        EXPECT(!gcp_publish(s.gcp, "testing", &messages[i], 1, &ids, &err));
        EXPECT_INT(err.status, ERR_INPUT);
    }
    struct gcp_publication big = {.data = {"", 11 * 1000 * 1000}};
    OWN(gcp_names) struct gcp_names ids = {0};
    EXPECT(!gcp_publish(s.gcp, "testing", &big, 1, &ids, &s.err));
    EXPECT_INT(s.err.status, ERR_TOO_LARGE);
    EXPECT_INT(s.fake.request_count, 0);
}

TEST(a_response_with_another_number_of_ids_is_502)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, "", 200, "{\"messageIds\":[\"1\",\"2\"]}");
    struct gcp_publication message = {.data = bytes_of("x")};
    OWN(gcp_names) struct gcp_names ids = {0};
    EXPECT(!gcp_publish(s.gcp, "testing", &message, 1, &ids, &s.err));
    EXPECT_STR(s.err.text, "Pub/Sub's reply: messageIds has 2 ids for 1 messages");
    EXPECT_INT(ids.count, 0);
}
