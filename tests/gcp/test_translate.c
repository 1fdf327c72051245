/* SPDX-License-Identifier: Apache-2.0 */
/* Translation: exact requests of v2 and v3, responses. */
#include "base/str.h"
#include "tests/helpers/fake_google.h"
#include "tests/helpers/test.h"

struct fixture {
    struct fake_google fake;
    struct fake_response rule;
    struct gcp *gcp;
    struct err err;
};

static void set(struct fixture *fixture, int status, const char *body)
{
    fixture->rule = (struct fake_response){.when = "", .status = status, .body = body};
    fake_google_init(&fixture->fake, &fixture->rule, 1);
    fixture->gcp = fake_google_emulated(&fixture->fake);
}

static void set_v3(struct fixture *fixture, int status, const char *body)
{
    set(fixture, status, body);
    gcp_close(fixture->gcp);
    setenv("TRANSLATE_API", "v3", 1);
    struct gcp_environment env = fake_google_environment(&fixture->fake);
    fixture->gcp = gcp_open_with(NULL, &env, &fixture->err);
    EXPECT_STR(fixture->err.text, "");
}

static void own_fixture(struct fixture *local)
{
    gcp_close(local->gcp);
    fake_google_done(&local->fake);
}

TEST(the_format_is_text_as_google_assumes_html_otherwise)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, "{\"data\":{\"translations\":[{\"translatedText\":\"Hola Mundo\"}]}}");
    OWN(gcp_translation) struct gcp_translation got = {0};
    EXPECT(gcp_translate(s.gcp, "Hello World", "en", "es", &got, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "POST http://fake/language/translate/v2");
    EXPECT_STR(fake_google_body(&s.fake),
               "{\"q\":[\"Hello World\"],\"target\":\"es\",\"source\":\"en\","
               "\"format\":\"text\"}");
    EXPECT_STR(got.text, "Hola Mundo");
    EXPECT(got.detected == NULL);
}

TEST(without_a_source_language_the_detected_one_is_returned)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200,
        "{\"data\":{\"translations\":[{\"translatedText\":\"Hola\","
        "\"detectedSourceLanguage\":\"en\"}]}}");
    static const char *const none[] = {NULL, ""};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        OWN(gcp_translation) struct gcp_translation got = {0};
        EXPECT(gcp_translate(s.gcp, "Hello", none[i], "es", &got, &s.err));
        EXPECT_STR(fake_google_body(&s.fake),
                   "{\"q\":[\"Hello\"],\"target\":\"es\",\"format\":\"text\"}");
        EXPECT_STR(got.detected, "en");
    }
}

TEST(v3_has_other_paths_and_field_names)
{
    OWN(fixture) struct fixture s = {0};
    set_v3(&s, 200,
           "{\"translations\":[{\"translatedText\":\"Hola Mundo\","
           "\"detectedLanguageCode\":\"en\"}]}");
    OWN(gcp_translation) struct gcp_translation got = {0};
    EXPECT(gcp_translate(s.gcp, "Hello World", "en", "es", &got, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "POST http://fake/v3/projects/p:translateText");
    EXPECT_STR(fake_google_body(&s.fake),
               "{\"contents\":[\"Hello World\"],\"mimeType\":\"text/plain\","
               "\"sourceLanguageCode\":\"en\",\"targetLanguageCode\":\"es\"}");
    EXPECT_STR(got.text, "Hola Mundo");
    EXPECT_STR(got.detected, "en");
}

TEST(both_versions_detect_a_language)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200,
        "{\"data\":{\"detections\":[[{\"confidence\":0.75,\"isReliable\":false,"
        "\"language\":\"en\"}]]}}");
    OWN(gcp_languages) struct gcp_languages got = {0};
    EXPECT(gcp_translate_detect(s.gcp, "Hello", &got, &s.err));
    EXPECT_STR(fake_google_line(&s.fake), "POST http://fake/language/translate/v2/detect");
    EXPECT_STR(fake_google_body(&s.fake), "{\"q\":[\"Hello\"]}");
    EXPECT_STR(got.list[0].code, "en");
    EXPECT(got.list[0].confidence == 0.75);

    OWN(fixture) struct fixture v3 = {0};
    set_v3(&v3, 200, "{\"languages\":[{\"languageCode\":\"en\",\"confidence\":1}]}");
    OWN(gcp_languages) struct gcp_languages got3 = {0};
    EXPECT(gcp_translate_detect(v3.gcp, "Hello", &got3, &v3.err));
    EXPECT_STR(fake_google_line(&v3.fake), "POST http://fake/v3/projects/p:detectLanguage");
    EXPECT_STR(got3.list[0].code, "en");
}

TEST(both_versions_list_languages)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200,
        "{\"data\":{\"languages\":[{\"language\":\"es\",\"name\":\"Spanish\"},"
        "{\"language\":\"zh-TW\"}]}}");
    OWN(gcp_languages) struct gcp_languages got = {0};
    EXPECT(gcp_translate_languages(s.gcp, "en", &got, &s.err));
    EXPECT_STR(fake_google_line(&s.fake),
               "GET http://fake/language/translate/v2/languages?target=en");
    EXPECT_INT(got.count, 2);
    EXPECT_STR(got.list[0].name, "Spanish");
    EXPECT_STR(got.list[1].code, "zh-TW");
    EXPECT(got.list[1].name == NULL);

    OWN(fixture) struct fixture v3 = {0};
    set_v3(&v3, 200, "{\"languages\":[{\"languageCode\":\"es\",\"displayName\":\"Spanish\"}]}");
    OWN(gcp_languages) struct gcp_languages got3 = {0};
    EXPECT(gcp_translate_languages(v3.gcp, "en", &got3, &v3.err));
    EXPECT_STR(fake_google_line(&v3.fake),
               "GET http://fake/v3/projects/p/supportedLanguages?displayLanguageCode=en");
    EXPECT_STR(got3.list[0].name, "Spanish");
}

TEST(an_unknown_language_fails_permanently_with_googles_message)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 400,
        "{\"error\":{\"code\":400,\"message\":\"Invalid Value\",\"errors\":[{\"message\":"
        "\"Invalid Value\",\"domain\":\"global\",\"reason\":\"invalid\"}]}}");
    OWN(gcp_translation) struct gcp_translation got = {0};
    EXPECT(!gcp_translate(s.gcp, "Hello", "en", "xx", &got, &s.err));
    EXPECT_INT(s.err.status, ERR_INPUT);
    EXPECT_STR(s.err.text, "fake answered 400 invalid: Invalid Value");
}

TEST(a_403_for_a_rate_limit_is_retried_but_not_one_for_a_quota)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 403,
        "{\"error\":{\"code\":403,\"message\":\"User Rate Limit Exceeded\",\"errors\":[{"
        "\"reason\":\"userRateLimitExceeded\"}]}}");
    OWN(gcp_translation) struct gcp_translation got = {0};
    EXPECT(!gcp_translate(s.gcp, "Hello", "en", "es", &got, &s.err));
    EXPECT_INT(s.err.status, ERR_UNAVAILABLE);
    EXPECT(s.fake.request_count > 5);

    OWN(fixture) struct fixture spent = {0};
    set(&spent, 403, "{\"error\":{\"code\":403,\"errors\":[{\"reason\":\"dailyLimitExceeded\"}]}}");
    EXPECT(!gcp_translate(spent.gcp, "Hello", "en", "es", &got, &spent.err));
    EXPECT_INT(spent.err.status, ERR_INTERNAL);
    EXPECT_INT(spent.fake.request_count, 1);
}

TEST(text_that_is_not_utf8_is_not_sent)
{
    OWN(fixture) struct fixture s = {0};
    set(&s, 200, "{}");
    OWN(gcp_translation) struct gcp_translation got = {0};
    EXPECT(!gcp_translate(s.gcp, "\xFF", "en", "es", &got, &s.err));
    EXPECT_INT(s.err.status, ERR_INPUT);
    EXPECT_INT(s.fake.request_count, 0);
}
