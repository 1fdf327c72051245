/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/translate: the six languages, their detection, HTML. */
#include "base/str.h"
#include "gcp-local/translate/detect.h"
#include "gcp-local/translate/html.h"
#include "tests/helpers/test.h"

TEST(a_language_is_found_in_any_case_and_with_a_region)
{
    EXPECT_STR(language_find("es")->apertium, "spa");
    EXPECT_STR(language_find("PT-br")->code, "pt");
    static const char *const wrong[] = {"", "e", "xx", "esp", "zh-TW", "english"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        EXPECT(language_find(wrong[i]) == NULL);
    EXPECT(language_find(NULL) == NULL);
}

TEST(languages_have_names_in_each_other)
{
    const struct language *en = language_find("en"), *fr = language_find("fr");
    EXPECT_STR(language_name(fr, en), "French");
    EXPECT_STR(language_name(en, fr), "Anglais");
    EXPECT_STR(language_name(fr, fr), "Français");
}

TEST(the_language_of_a_text_is_detected_among_the_six)
{
    static const struct {
        const char *text, *code;
    } rows[] = {
        {"Hello World", "en"},
        {"The children are playing in the garden.", "en"},
        {"Hola Mundo", "es"},
        {"¿Dónde está la estación de tren más cercana?", "es"},
        {"Els nens juguen al jardí", "ca"},
        {"Où est la gare la plus proche ?", "fr"},
        {"Bonjour tout le monde", "fr"},
        {"Bom dia, como você está?", "pt"},
        {"Buongiorno a tutti", "it"},
        {"Grazie mille", "it"}, /* with few words, the six languages are compared */
        {"Eu te amo", "pt"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        double confidence;
        const struct language *language = detect_language(rows[i].text, false, &confidence);
        EXPECT_STR(language ? language->code : "none", rows[i].code);
        EXPECT(confidence > 0 && confidence <= 1);
    }
    double confidence;
    EXPECT(detect_language("12345", false, &confidence) == NULL);
    EXPECT(detect_language("", false, &confidence) == NULL);
    EXPECT(confidence == 0);
}

TEST(the_language_of_a_long_text_is_detected_from_its_beginning)
{
    OWN(buf) struct buf text = {0};
    for (int i = 0; i < 4000; i++)
        buf_add_text(&text, "À quelle heure part le train ? ");
    double confidence;
    EXPECT_STR(detect_language(text.data, false, &confidence)->code, "fr");
}

TEST(entities_become_characters_except_those_that_html_needs)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"caf&eacute; &Ntilde; &euro;5 &quot;x&quot;", "café Ñ €5 \"x\""},
        {"don&#39;t &#x27;&#X41;&#65;", "don't 'AA"},
        {"a &amp; b &lt;i&gt;", "a &amp; b &lt;i&gt;"},
        {"&#38;&#60;", "&#38;&#60;"},
        {"&nothing; &; &#; &#xZ; &#0; &#xD800; & x", "&nothing; &; &#; &#xZ; &#0; &#xD800; & x"},
        {"<a href=\"?a&eacute;\">&eacute;</a>", "<a href=\"?a&eacute;\">é</a>"},
        {"1 < 2", "1 < 2"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *text = html_decode_entities(rows[i].before);
        EXPECT_STR(text, rows[i].after);
    }
}

TEST(quotes_and_special_characters_become_entities_outside_of_tags)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"C'est \"bon\" & beau", "C&#39;est &quot;bon&quot; &amp; beau"},
        {"<p class=\"x\">it's</p>", "<p class=\"x\">it&#39;s</p>"},
        {"a &amp; b < c > d <", "a &amp; b &lt; c &gt; d &lt;"},
        {"<!-- it's > --> x", "<!-- it's > --> x"},
        {"<unclosed \"", "&lt;unclosed &quot;"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *text = html_encode_entities(rows[i].before);
        EXPECT_STR(text, rows[i].after);
    }
}
