/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/translate: both APIs, as JSON and over HTTP. */
#include "base/str.h"
#include "gcp-local/translate/language.h"
#include "gcp-local/translate/translate_api.h"
#include "gcp-local/translate/translate_v2.h"
#include "gcp-local/translate/translate_v3.h"
#include "net/client/http_client.h"
#include "tests/helpers/test.h"

#include <string.h>

/* "STATUS BODY" for a request. The caller frees. */
static char *v2(enum translate_v2_method method, const char *request)
{
    json_auto_t *tree = json_loads(request, 0, NULL);
    struct translate_v2_reply response = translate_v2(method, tree);
    OWN(free) char *text = json_to_text(response.body);
    json_decref(response.body);
    return str_format("%d %s", response.status, text);
}

TEST(v2_translates_a_text)
{
    OWN(free) char *given =
        v2(V2_TRANSLATE, "{\"q\":[\"Hello World\"],\"target\":\"es\",\"source\":\"en\","
                         "\"format\":\"text\"}");
    OWN(free) char *detected = v2(V2_TRANSLATE, "{\"q\":\"Hello World\",\"target\":\"es\"}");
    EXPECT_STR(given, "200 {\"data\":{\"translations\":[{\"translatedText\":\"Hola Mundo\"}]}}");
    EXPECT_STR(detected, "200 {\"data\":{\"translations\":[{\"translatedText\":\"Hola Mundo\","
                         "\"detectedSourceLanguage\":\"en\"}]}}");
}

TEST(v2_translates_many_texts_of_any_content_in_order)
{
    OWN(free) char *response = v2(
        V2_TRANSLATE, "{\"q\":[\"Hello World\",\"\",\"Bonjour\",\"Good morning\\n\\nThe house\","
                      "\"12345\",\"  \",\"a \\u001e b\"],\"target\":\"es\",\"format\":\"text\"}");
    json_auto_t *tree = json_loads(response + 4, 0, NULL);
    const json_t *list = json_object_get(json_object_get(tree, "data"), "translations");
    static const char *const want[] = {"Hola Mundo", "",  "Buenos días", "Buenos días\n\nLa casa",
                                       "12345",      "  "};
    EXPECT_INT(json_array_size(list), 7);
    for (size_t i = 0; i < ARRAY_SIZE(want); i++)
        EXPECT_STR(json_string_value(json_object_get(json_array_get(list, i), "translatedText")),
                   want[i]);
}

TEST(v2_expects_html_by_default)
{
    OWN(free) char *response =
        v2(V2_TRANSLATE, "{\"q\":\"<b>Good morning</b> &amp; the &quot;house&quot;\","
                         "\"source\":\"en\",\"target\":\"ca\"}");
    EXPECT_STR(response, "200 {\"data\":{\"translations\":[{\"translatedText\":"
                         "\"<b>Bon dia</b> &amp; la &quot;casa&quot;\"}]}}");
}

TEST(v2_does_not_change_a_text_in_the_target_language)
{
    OWN(free) char *response = v2(V2_TRANSLATE, "{\"q\":\"Hola Mundo\",\"target\":\"es\"}");
    EXPECT_HAS(response, "\"translatedText\":\"Hola Mundo\",\"detectedSourceLanguage\":\"es\"");
}

TEST(v2_translates_in_all_thirty_directions)
{
    static const char *const hello[] = {"Bon dia", "Good morning", "Buenos días",
                                        "Bonjour", "Buongiorno",   "Bom dia"};
    for (unsigned from = 0; from < LANGUAGE_COUNT; from++)
        for (unsigned to = 0; to < LANGUAGE_COUNT; to++) {
            if (from == to)
                continue;
            json_auto_t *request = json_pack("{s:s, s:s, s:s, s:s}", "q", hello[from], "source",
                                             language_at(from)->code, "target",
                                             language_at(to)->code, "format", "text");
            struct translate_v2_reply response = translate_v2(V2_TRANSLATE, request);
            OWN(free) char *text = json_to_text(response.body);
            json_decref(response.body);
            EXPECT_INT(response.status, 200);
            EXPECT(strstr(text, hello[from]) == NULL); /* it was changed */
        }
}

TEST(v2_rejects_invalid_requests_with_googles_errors)
{
    static const struct {
        const char *request, *want;
    } rows[] = {
        {"{\"q\":\"x\",\"source\":\"en\",\"target\":\"en\"}",
         "400 {\"error\":{\"code\":400,\"message\":\"Bad language pair: en|en\",\"errors\":["
         "{\"message\":\"Bad language pair: en|en\",\"domain\":\"global\",\"reason\":"
         "\"badRequest\"}]}}"},
        {"{\"q\":\"x\",\"target\":\"xx\"}",
         "400 {\"error\":{\"code\":400,\"message\":\"Invalid Value\",\"errors\":["
         "{\"message\":\"Invalid Value\",\"domain\":\"global\",\"reason\":\"invalid\"}],"
         "\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"@type\":"
         "\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":\"target\","
         "\"description\":\"Target language: xx\"}]}]}}"},
        {"{\"q\":\"x\",\"source\":\"de\",\"target\":\"en\"}", "Source language: de"},
        {"{\"q\":\"x\",\"target\":\"en\",\"format\":\"pdf\"}", "Format: pdf"},
        {"{\"target\":\"en\"}", "Required Text"},
        {"{\"q\":[],\"target\":\"en\"}", "Required Text"},
        {"{\"q\":[7],\"target\":\"en\"}", "q must hold strings only"},
        {"{\"q\":\"x\"}", "Required parameter: target"},
        {"{\"q\":\"x\",\"target\":7}", "target is a number, want a string"},
        {"{\"q\":\"x\",\"to\":\"en\"}", "to is not known"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *response = v2(V2_TRANSLATE, rows[i].request);
        EXPECT(str_starts(response, "400 {\"error\":{\"code\":400,"));
        EXPECT_HAS(response, rows[i].want);
    }
}

TEST(v2_enforces_googles_limits)
{
    json_t *list = json_array();
    for (int i = 0; i < 129; i++)
        json_array_append_new(list, json_string("x"));
    json_auto_t *many = json_pack("{s:o, s:s}", "q", list, "target", "es");
    struct translate_v2_reply response = translate_v2(V2_TRANSLATE, many);
    OWN(free) char *text = json_to_text(response.body);
    json_decref(response.body);
    EXPECT_HAS(text, "Too many text segments");

    OWN(free) char *letters = alloc_zeroed(204802);
    memset(letters, 'x', 204801);
    json_auto_t *large = json_pack("{s:s, s:s}", "q", letters, "target", "es");
    response = translate_v2(V2_TRANSLATE, large);
    OWN(free) char *too_long = json_to_text(response.body);
    json_decref(response.body);
    EXPECT_HAS(too_long, "Text too long");
    EXPECT_INT(response.status, 400);
}

TEST(v2_translates_a_long_text_completely)
{
    OWN(buf) struct buf text = {0};
    for (int i = 0; i < 400; i++)
        buf_add_text(&text, "The children are playing in the garden. ");
    json_auto_t *request = json_pack("{s:s, s:s, s:s, s:s}", "q", text.data, "source", "en",
                                     "target", "ca", "format", "text");
    struct translate_v2_reply response = translate_v2(V2_TRANSLATE, request);
    OWN(free) char *result = json_to_text(response.body);
    json_decref(response.body);
    int sentences = 0;
    for (const char *at = result; (at = strstr(at, "Els nens estan jugant")); at++)
        sentences++;
    EXPECT_INT(sentences, 400);
}

TEST(v2_detects_languages_as_lists_of_lists)
{
    OWN(free) char *response = v2(V2_DETECT, "{\"q\":[\"Hello World\",\"12345\"]}");
    EXPECT_HAS(response, "200 {\"data\":{\"detections\":[[{\"language\":\"en\",\"confidence\":0.9");
    EXPECT_HAS(response, "\"isReliable\":false}],[{\"language\":\"und\",\"confidence\":0.0,");
}

TEST(v2_lists_languages_with_names_when_a_target_is_given)
{
    OWN(free) char *plain = v2(V2_LANGUAGES, "{}");
    OWN(free) char *named = v2(V2_LANGUAGES, "{\"target\":\"es\"}");
    EXPECT_HAS(plain, "[{\"language\":\"ca\"},{\"language\":\"en\"},{\"language\":\"es\"},");
    EXPECT_HAS(named, "{\"language\":\"en\",\"name\":\"Inglés\"}");
}

TEST(v2_accepts_forms_and_queries_with_repeated_q)
{
    struct err err = {0};
    json_auto_t *request =
        translate_v2_request(bytes_of("key=secret&target=es&q=Hello+World"),
                             bytes_of("q=Good%20morning&prettyPrint=0"), NULL, &err);
    OWN(free) char *text = json_to_text(request);
    EXPECT_STR(text, "{\"target\":\"es\",\"q\":[\"Hello World\",\"Good morning\"]}");
    EXPECT(translate_v2_request(bytes_of("q=%FF"), (struct bytes){0}, NULL, &err) == NULL);
    EXPECT_INT(err.status, ERR_INPUT);
}

/* The response to a request, or the error's text. The caller frees. */
static char *v3(json_t *(*method)(const json_t *, struct err *), const char *request)
{
    struct err err = {0};
    json_auto_t *tree = json_loads(request, 0, NULL);
    json_auto_t *response = method(tree, &err);
    return response ? json_to_text(response) : str_format("%d %s", err.status, err.text);
}

TEST(v3_translates_texts)
{
    OWN(free) char *given =
        v3(translate_v3_text,
           "{\"contents\":[\"Hello World\"],\"mimeType\":\"text/plain\","
           "\"sourceLanguageCode\":\"en\",\"targetLanguageCode\":\"fr\","
           "\"parent\":\"projects/p\",\"model\":\"projects/p/models/general/nmt\"}");
    OWN(free) char *detected =
        v3(translate_v3_text, "{\"contents\":[\"Hello World\",\"Good morning\"],"
                              "\"targetLanguageCode\":\"es\"}");
    EXPECT_STR(given, "{\"translations\":[{\"translatedText\":\"Salut Monde\"}]}");
    EXPECT_STR(detected,
               "{\"translations\":[{\"translatedText\":\"Hola Mundo\",\"detectedLanguageCode\":"
               "\"en\"},{\"translatedText\":\"Buenos días\",\"detectedLanguageCode\":\"en\"}]}");
}

TEST(v3_rejects_invalid_requests)
{
    static const struct {
        const char *request, *want;
    } rows[] = {
        {"{}", "Contents is empty."},
        {"{\"contents\":[]}", "Contents is empty."},
        {"{\"contents\":\"x\"}", "contents is a string, want a list"},
        {"{\"contents\":[1]}", "contents[0] is a number, want a string"},
        {"{\"contents\":[\"x\"]}", "Target language is required."},
        {"{\"contents\":[\"x\"],\"targetLanguageCode\":\"xx\"}", "Target language is invalid."},
        {"{\"contents\":[\"x\"],\"targetLanguageCode\":\"es\",\"sourceLanguageCode\":\"xx\"}",
         "Source language is invalid."},
        {"{\"contents\":[\"x\"],\"targetLanguageCode\":\"es\",\"sourceLanguageCode\":\"es\"}",
         "Bad language pair: es|es"},
        {"{\"contents\":[\"x\"],\"targetLanguageCode\":\"es\",\"mimeType\":\"image/png\"}",
         "mimeType is image/png, want text/plain or text/html"},
        {"{\"contents\":[\"x\"],\"targetLanguageCode\":\"es\",\"glossaryConfig\":{}}",
         "not supported by gcp-local"},
        {"{\"content\":[\"x\"]}", "content is not known; did you mean contents?"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *response = v3(translate_v3_text, rows[i].request);
        EXPECT(str_starts(response, "400 "));
        EXPECT_HAS(response, rows[i].want);
    }
}

TEST(v3_counts_code_points_and_contents)
{
    OWN(buf) struct buf text = {0};
    for (int i = 0; i < 30721; i++)
        buf_add_text(&text, "é");
    json_auto_t *large =
        json_pack("{s:[s], s:s}", "contents", text.data, "targetLanguageCode", "es");
    struct err err = {0};
    EXPECT(translate_v3_text(large, &err) == NULL);
    EXPECT_STR(err.text, "The total codepoints in the request must be less than 30720, actual: "
                         "30721");

    json_t *list = json_array();
    for (int i = 0; i < 1025; i++)
        json_array_append_new(list, json_string("x"));
    json_auto_t *many = json_pack("{s:o, s:s}", "contents", list, "targetLanguageCode", "es");
    struct err too_many = {0};
    EXPECT(translate_v3_text(many, &too_many) == NULL);
    EXPECT_HAS(too_many.text, "at most 1024, actual: 1025");
}

TEST(v3_detects_and_lists_languages)
{
    OWN(free) char *detected = v3(translate_v3_detect, "{\"content\":\"Hello World\"}");
    OWN(free) char *empty = v3(translate_v3_detect, "{}");
    EXPECT_HAS(detected, "{\"languages\":[{\"languageCode\":\"en\",\"confidence\":0.9");
    EXPECT_STR(empty, "400 Content is empty.");
    struct err err = {0};
    json_auto_t *named = translate_v3_languages("fr", &err);
    OWN(free) char *text = json_to_text(named);
    EXPECT_HAS(text, "{\"languageCode\":\"en\",\"supportSource\":true,\"supportTarget\":true,"
                     "\"displayName\":\"Anglais\"}");
    EXPECT(translate_v3_languages("xx", &err) == NULL);
}

TEST(paths_of_translate_are_recognized)
{
    EXPECT(translate_owns("/language/translate/v2"));
    EXPECT(translate_owns("/language/translate/v2/detect"));
    EXPECT(translate_owns("/v3/projects/p:translateText"));
    EXPECT(translate_owns("/v3/projects/p/locations/global/supportedLanguages"));
    EXPECT(!translate_owns("/v1/projects/p/topics/t"));
    EXPECT(!translate_owns("/"));
}

TEST(both_apis_reply_over_http)
{
    static const struct {
        const char *target, *type, *body, *want;
    } rows[] = {
        {"/language/translate/v2?key=x", "application/json",
         "{\"q\":[\"Hello World\"],\"target\":\"es\"}", "\"translatedText\": \"Hola Mundo\""},
        {"/language/translate/v2", "application/x-www-form-urlencoded",
         "q=Hello+World&target=es&source=en", "\"translatedText\": \"Hola Mundo\""},
        {"/language/translate/v2?q=Hello+World&target=es&source=en", NULL, NULL, "Hola Mundo"},
        {"/language/translate/v2/detect", "application/json", "{\"q\":\"Hello World\"}",
         "\"confidence\": 0.92,"},
        {"/language/translate/v2/languages?target=en", NULL, NULL, "Catalan"},
        {"/language/translate/v2/glossaries", NULL, NULL, "404 {\n  \"error\""},
        {"/language/translate/v2", "application/json", "{", "400 {\n  \"error\""},
        {"/v3/projects/p/locations/global:translateText", "application/json",
         "{\"contents\":[\"Hello World\"],\"target_language_code\":\"es\"}", "Hola Mundo"},
        {"/v3/projects/p:translateText", "application/json",
         "{\"contents\":[\"Hello World\"],\"targetLanguageCode\":\"xx\"}",
         "400 {\"error\":{\"code\":400,\"message\":\"Target language is invalid. (xx)\",\"status\":"
         "\"INVALID_ARGUMENT\"}}"},
        {"/v3/projects/p:detectLanguage", "application/json", "{\"content\":\"Hello World\"}",
         "\"languageCode\": \"en\""},
        {"/v3/projects/p/supportedLanguages?displayLanguageCode=en", NULL, NULL, "Portuguese"},
        {"/v3/projects/p:batchTranslateText", "application/json", "{}",
         "/v3/projects/p:batchTranslateText is not supported by gcp-local"},
    };
    struct err err = {0};
    struct translate_api *translate = translate_open();
    struct http_server_options options = {.handle = translate_handle, .app = translate};
    struct http_server *server = http_server_open(&options, &err);
    struct http_client *client = http_client_open(NULL, &err);
    EXPECT(server && client);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *url =
            str_format("http://127.0.0.1:%u%s", http_server_port(server), rows[i].target);
        OWN(headers) struct headers headers = {0};
        if (rows[i].type)
            headers_add(&headers, "Content-Type", rows[i].type);
        OWN(http_response) struct http_response response = {0};
        struct http_call call = {.url = url, .headers = &headers, .body = bytes_of(rows[i].body)};
        EXPECT(http_client_send(client, &call, &response, &err));
        OWN(free) char *text = str_format("%d %s", response.status, response.body.data);
        EXPECT_HAS(text, rows[i].want);
    }
    http_client_close(client);
    http_server_close(server);
    translate_close(translate);
}
