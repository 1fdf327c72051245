/* SPDX-License-Identifier: Apache-2.0 */
/* Vision: exact requests, labels, and the status of errors for event handlers. */
#include "base/str.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/test.h"

struct fixture {
    struct fake_google fake;
    struct fake_response rule;
    struct gcp *gcp;
    struct gcp_labels labels;
    struct err err;
};

static void set(struct fixture *fixture, int status, const char *body)
{
    fixture->rule = (struct fake_response){.when = "", .status = status, .body = body};
    fake_google_init(&fixture->fake, &fixture->rule, 1);
    fixture->gcp = fake_google_emulated(&fixture->fake);
}

static void own_fixture(struct fixture *local)
{
    gcp_labels_done(&local->labels);
    gcp_close(local->gcp);
    fake_google_done(&local->fake);
}

static bool label(struct fixture *fixture)
{
    return gcp_vision_labels(fixture->gcp, "gs://knative-atamel-storage/beach.jpg", 10,
                             &fixture->labels, &fixture->err);
}

TEST(a_picture_in_storage_is_sent_by_its_uri)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, "{\"responses\":[{}]}");
    EXPECT(gcp_vision_labels(s.gcp, "gs://b/été 2020/100%.jpg", 10, &s.labels, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "POST http://fake/v1/images:annotate");
    EXPECT_STR(fake_google_body(&s.fake),
               "{\"requests\":[{\"image\":{\"source\":{\"imageUri\":\"gs://b/été 2020/100%.jpg\"}},"
               "\"features\":[{\"type\":\"LABEL_DETECTION\",\"maxResults\":10}]}]}");
}

TEST(a_picture_is_sent_as_base64)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, "{\"responses\":[{}]}");
    struct bytes picture = {"\xFF\xD8\xFF\xE0", 4};
    EXPECT(gcp_vision_labels_of(s.gcp, picture, 3, &s.labels, &s.err));
    EXPECT_STR(fake_google_body(&s.fake), "{\"requests\":[{\"image\":{\"content\":\"/9j/4A==\"},"
                                          "\"features\":[{\"type\":\"LABEL_DETECTION\","
                                          "\"maxResults\":3}]}]}");
    struct bytes none = {0}, big = {"", 8000000};
    EXPECT(!gcp_vision_labels_of(s.gcp, none, 3, &s.labels, &s.err));
    s.err = (struct err){0};
    EXPECT(!gcp_vision_labels_of(s.gcp, big, 3, &s.labels, &s.err));
    EXPECT_INT(s.err.status, ERR_INPUT);
    EXPECT_INT(s.fake.request_count, 1);
}

TEST(labels_keep_googles_order_and_scores)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200,
        "{\"responses\":[{\"labelAnnotations\":[{\"mid\":\"/m/01b2w5\",\"description\":\"Coast\","
        "\"score\":0.95,\"topicality\":0.95},{\"description\":\"Sea\",\"score\":1},"
        "{\"description\":\"Sky\"}]}]}");
    EXPECT(label(&s));
    EXPECT_INT(s.labels.count, 3);
    EXPECT_STR(s.labels.list[0].description, "Coast");
    EXPECT_STR(s.labels.list[0].mid, "/m/01b2w5");
    EXPECT(s.labels.list[0].score == 0.95);
    EXPECT(s.labels.list[1].score == 1);
    EXPECT(s.labels.list[2].score == 0); /* proto3 omits zero */
}

TEST(a_picture_may_have_no_labels)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, "{\"responses\":[{}]}");
    EXPECT(label(&s));
    EXPECT_INT(s.labels.count, 0);
}

TEST(the_error_of_a_picture_is_503_when_temporary_and_else_400)
{
    static const struct {
        int code, status;
    } rows[] = {{3, ERR_INPUT},        {5, ERR_INPUT},       {7, ERR_INPUT},
                {14, ERR_UNAVAILABLE}, {4, ERR_UNAVAILABLE}, {8, ERR_UNAVAILABLE},
                {13, ERR_UNAVAILABLE}, {12, ERR_INPUT}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *body = str_format(
            "{\"responses\":[{\"error\":{\"code\":%d,\"message\":\"Error opening file.\"}}]}",
            rows[i].code);
        OWN(fixture) struct fixture s = {0};
        set(&s, 200, body);
        EXPECT(!label(&s));
        EXPECT_INT(s.err.status, rows[i].status);
        EXPECT_STR(s.err.text, "Vision: Error opening file.");
    }
}

TEST(an_error_of_the_api_is_never_our_own_404)
{
    static const struct {
        int google, ours;
    } rows[] = {{400, ERR_INPUT},       {401, ERR_INTERNAL},    {403, ERR_INTERNAL},
                {404, ERR_INTERNAL},    {409, ERR_INPUT},       {413, ERR_INPUT},
                {429, ERR_UNAVAILABLE}, {500, ERR_UNAVAILABLE}, {501, ERR_UPSTREAM},
                {503, ERR_UNAVAILABLE}, {0, ERR_UNAVAILABLE},   {301, ERR_UPSTREAM}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture) struct fixture s = {0};
        set(&s, rows[i].google, "{\"error\":{\"message\":\"no\"}}");
        EXPECT(!label(&s));
        EXPECT_INT(s.err.status, rows[i].ours);
    }
}

TEST(an_invalid_response_names_the_path_of_the_error)
{
    static const struct {
        const char *body, *text;
    } rows[] = {
        {"<html>", "Vision's reply: is not valid JSON"},
        {"", "Vision's reply: is empty, want JSON"},
        {"{}", "Vision's reply: responses is missing, want a list"},
        {"{\"responses\":[]}", "Vision's reply: responses[0] is missing, want an object"},
        {"{\"responses\":[{\"labelAnnotations\":[{\"score\":1}]}]}",
         "Vision's reply: responses[0].labelAnnotations[0].description is missing, want a string"},
        {"{\"responses\":[{\"labelAnnotations\":[{\"description\":\"Sea\",\"score\":\"1\"}]}]}",
         "Vision's reply: responses[0].labelAnnotations[0].score is a string, want a number"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture) struct fixture s = {0};
        set(&s, 200, rows[i].body);
        EXPECT(!label(&s));
        EXPECT_INT(s.err.status, ERR_UPSTREAM);
        EXPECT_HAS(s.err.text, rows[i].text);
    }
}

TEST(an_invalid_uri_is_not_sent)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, "{\"responses\":[{}]}");
    static const char *const wrong[] = {"file:///etc/passwd", "beach.jpg", "gs:/b/o", "",
                                        "gs://b/\xFF"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        s.err = (struct err){0};
        EXPECT(!gcp_vision_labels(s.gcp, wrong[i], 10, &s.labels, &s.err));
        EXPECT_INT(s.err.status, ERR_INPUT);
    }
    EXPECT_INT(s.fake.request_count, 0);
}
