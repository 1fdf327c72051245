/* SPDX-License-Identifier: Apache-2.0 */
/* Translation API v3 ("Advanced"). */
#include "gcp-local/translate/translate_v3.h"

#include "base/str.h"
#include "gcp-local/translate/detect.h"
#include "gcp-local/translate/translate_batch.h"

enum { MAX_CODE_POINTS = 30720 };

static const char document[] = "Invalid JSON payload received";

static size_t code_points(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static bool read_contents(struct jread *reader, struct translate_batch *texts, struct err *err)
{
    struct jread contents = jread_list_or_empty(reader, "contents");
    size_t count = jread_count(&contents), total = 0;
    if (!jread_ok(reader))
        return false;
    if (count == 0)
        return err_set(err, ERR_INPUT, "Contents is empty.");
    if (count > MAX_TEXTS)
        return err_set(err, ERR_INPUT, "The number of contents must be at most %d, actual: %zu",
                       MAX_TEXTS, count);
    texts->list = alloc_zeroed(count * sizeof(*texts->list));
    texts->count = count;
    for (size_t i = 0; i < count; i++) {
        texts->list[i].text = jread_item_str(&contents, i);
        total += code_points(texts->list[i].text);
    }
    if (jread_ok(reader) && total > MAX_CODE_POINTS)
        return err_set(err, ERR_INPUT,
                       "The total codepoints in the request must be less than %d, actual: %zu",
                       MAX_CODE_POINTS, total);
    return jread_ok(reader);
}

static bool read_mime_type(struct jread *reader, bool *html)
{
    const char *type = jread_str_or(reader, "mimeType", "text/html");
    if (!*type)
        type = "text/html";
    *html = str_equal(type, "text/html");
    if (!*html && !str_equal(type, "text/plain"))
        jread_fail(reader, "mimeType", "is %s, want text/plain or text/html", type);
    return jread_ok(reader);
}

static bool read_languages(struct jread *reader, struct translate_batch *texts, struct err *err)
{
    const char *source = jread_str_or(reader, "sourceLanguageCode", "");
    const char *target = jread_str_or(reader, "targetLanguageCode", "");
    if (!jread_ok(reader))
        return false;
    const struct language *from = language_find(source);
    const struct language *to = language_find(target);
    if (!*target)
        return err_set(err, ERR_INPUT, "Target language is required.");
    if (!to)
        return err_set(err, ERR_INPUT, "Target language is invalid. (%s)", target);
    if (*source && !from)
        return err_set(err, ERR_INPUT, "Source language is invalid. (%s)", source);
    if (from == to)
        return err_set(err, ERR_INPUT, "Bad language pair: %s|%s", source, target);
    translate_batch_set_languages(texts, from, to);
    return true;
}

static bool read_request(const json_t *tree, struct translate_batch *texts, struct err *err)
{
    static const char *const known[] = {
        "parent", "contents", "mimeType",       "sourceLanguageCode",   "targetLanguageCode",
        "model",  "labels",   "glossaryConfig", "transliterationConfig"};
    struct jread reader = jread_open(tree, document, ERR_INPUT, err);
    if (!jread_only(&reader, known, ARRAY_SIZE(known)) || !read_contents(&reader, texts, err) ||
        !read_mime_type(&reader, &texts->html) || !read_languages(&reader, texts, err))
        return false;
    if (jread_has(&reader, "glossaryConfig") || jread_has(&reader, "transliterationConfig"))
        return err_set(err, ERR_INPUT,
                       "glossaryConfig and transliterationConfig are not supported by gcp-local");
    return true;
}

json_t *translate_v3_text(const json_t *request, struct err *err)
{
    OWN(translate_batch) struct translate_batch texts = {0};
    if (!read_request(request, &texts, err) || !translate_batch_run(&texts, err))
        return NULL;
    return translate_batch_to_json(&texts, "detectedLanguageCode");
}

json_t *translate_v3_detect(const json_t *request, struct err *err)
{
    static const char *const known[] = {"parent", "content", "mimeType", "model", "labels"};
    struct jread reader = jread_open(request, document, ERR_INPUT, err);
    bool html = false;
    if (!jread_only(&reader, known, ARRAY_SIZE(known)) || !read_mime_type(&reader, &html))
        return NULL;
    const char *content = jread_str_or(&reader, "content", "");
    if (jread_ok(&reader) && !*content)
        err_set(err, ERR_INPUT, "Content is empty.");
    if (!jread_ok(&reader))
        return NULL;
    double confidence;
    const struct language *language = detect_language(content, html, &confidence);
    return json_pack("{s:[{s:s, s:f}]}", "languages", "languageCode",
                     language ? language->code : "und", "confidence", confidence);
}

json_t *translate_v3_languages(const char *display, struct err *err)
{
    const struct language *in = language_find(display);
    if (!in && !str_empty(display)) {
        err_set(err, ERR_INPUT, "Display language is invalid. (%s)", display);
        return NULL;
    }
    json_t *list = json_array();
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
        const struct language *language = language_at(i);
        json_t *item = json_pack("{s:s, s:b, s:b}", "languageCode", language->code, "supportSource",
                                 1, "supportTarget", 1);
        if (in)
            json_object_set_new(item, "displayName", json_string(language_name(language, in)));
        json_array_append_new(list, item);
    }
    return json_pack("{s:o}", "languages", list);
}
