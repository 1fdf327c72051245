/* SPDX-License-Identifier: Apache-2.0 */
/* Translates several texts in one run of the translator. */
#include "gcp-local/translate/translate_batch.h"

#include "base/str.h"
#include "gcp-local/translate/apertium.h"
#include "gcp-local/translate/detect.h"
#include "gcp-local/translate/html.h"

#include <string.h>

/* Separates texts: ASCII's record separator, which Apertium does not change, in a paragraph of its
 * own, so that no sentence continues across it. */
#define SEPARATOR "\x1e"

static const char *separator(bool html)
{
    return html ? "<p>" SEPARATOR "</p>" : "\n\n" SEPARATOR "\n\n";
}

void translate_batch_done(struct translate_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->list[i].result);
    free(batch->list);
    *batch = (struct translate_batch){0};
}

/* A text as the translator gets it, without separators. The caller frees. */
static char *prepare(const char *text, bool html)
{
    char *copy = html ? html_decode_entities(text) : str_copy(text);
    for (char *found = copy; (found = strstr(found, SEPARATOR));)
        *found = ' ';
    return copy;
}

static void set_result(struct translation *translation, bool html, char *result)
{
    str_replace(&translation->result, html ? html_encode_entities(result) : str_copy(result));
}

static bool translate_one(struct translation *one, const struct translate_batch *batch,
                          struct err *err)
{
    OWN(free) char *text = prepare(one->text, batch->html);
    OWN(buf) struct buf out = {0};
    if (!apertium_translate(one->from, batch->to, batch->html, bytes_of(text), &out, err))
        return false;
    OWN(free) char *result = buf_take(&out);
    set_result(one, batch->html, result);
    return true;
}

static bool is_pending(const struct translation *translation, const struct language *from)
{
    return translation->from == from && !translation->result;
}

/* Gives each text its part of the output. False when their number differs. */
static bool split_output(const struct translate_batch *batch, const struct language *from,
                         char *output)
{
    char *part = output;
    for (size_t i = 0; i < batch->count; i++) {
        struct translation *one = &batch->list[i];
        if (!is_pending(one, from))
            continue;
        if (!part)
            return false;
        char *end = strstr(part, separator(batch->html));
        if (end)
            *end = '\0';
        set_result(one, batch->html, part);
        part = end ? end + strlen(separator(batch->html)) : NULL;
    }
    return part == NULL;
}

/* Translates all texts of one language in one run. */
static bool translate_together(const struct translate_batch *batch, const struct language *from,
                               struct err *err)
{
    OWN(buf) struct buf joined = {0}, out = {0};
    for (size_t i = 0; i < batch->count; i++) {
        if (!is_pending(&batch->list[i], from))
            continue;
        OWN(free) char *text = prepare(batch->list[i].text, batch->html);
        buf_add_text(&joined, joined.len ? separator(batch->html) : "");
        buf_add_text(&joined, text);
    }
    if (!apertium_translate(from, batch->to, batch->html, buf_bytes(&joined), &out, err))
        return false;
    OWN(free) char *output = buf_take(&out);
    if (split_output(batch, from, output))
        return true;
    for (size_t i = 0; i < batch->count; i++) /* a separator was lost: one by one */
        if (batch->list[i].from == from && !translate_one(&batch->list[i], batch, err))
            return false;
    return true;
}

static bool has_words(const char *text)
{
    return text[strspn(text, " \t\r\n")] != '\0';
}

void translate_batch_set_languages(struct translate_batch *batch, const struct language *from,
                                   const struct language *to)
{
    batch->to = to;
    for (size_t i = 0; i < batch->count; i++) {
        batch->list[i].from = from;
        batch->list[i].detected = !from;
    }
}

bool translate_batch_run(struct translate_batch *batch, struct err *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct translation *one = &batch->list[i];
        double confidence;
        if (one->detected)
            one->from = detect_language(one->text, batch->html, &confidence);
        if (!one->from || one->from == batch->to || !has_words(one->text))
            one->result = str_copy(one->text);
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct language *from = batch->list[i].from;
        if (!batch->list[i].result && !translate_together(batch, from, err))
            return false;
    }
    return true;
}

json_t *translate_batch_to_json(const struct translate_batch *batch, const char *detected_key)
{
    json_t *list = json_array();
    for (size_t i = 0; i < batch->count; i++) {
        const struct translation *one = &batch->list[i];
        json_t *item = json_pack("{s:s}", "translatedText", one->result);
        if (one->detected)
            json_object_set_new(item, detected_key,
                                json_string(one->from ? one->from->code : "und"));
        json_array_append_new(list, item);
    }
    return json_pack("{s:o}", "translations", list);
}
