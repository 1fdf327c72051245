/* SPDX-License-Identifier: Apache-2.0 */
/* Several texts translated at once. */
#include "gcp-local/translate/translate_batch.h"

#include "base/str.h"
#include "gcp-local/translate/apertium.h"
#include "gcp-local/translate/detect.h"
#include "gcp-local/translate/html.h"

#include <string.h>

/* Stands between texts: a character that means just this (ASCII's record separator), which Apertium
 * hands on as it is, in a paragraph of its own, so that no sentence reaches across. */
#define MARK "\x1e"

static const char *between(bool html)
{
    return html ? "<p>" MARK "</p>" : "\n\n" MARK "\n\n";
}

void translate_batch_done(struct translate_batch *translations)
{
    for (size_t i = 0; i < translations->count; i++)
        free(translations->list[i].result);
    free(translations->list);
    *translations = (struct translate_batch){0};
}

/* A text as the translator gets it: without marks of its own. */
static char *prepare(const char *text, bool html)
{
    char *copy = html ? html_decode_entities(text) : str_copy(text);
    for (char *mark = copy; (mark = strstr(mark, MARK));)
        *mark = ' ';
    return copy;
}

static void finish(struct translation *translation, bool html, char *result)
{
    str_replace(&translation->result, html ? html_encode_entities(result) : str_copy(result));
}

static bool translate_one(struct translation *one, const struct translate_batch *all,
                          struct err *err)
{
    OWN(free) char *text = prepare(one->text, all->html);
    OWN(buf) struct buf out = {0};
    if (!apertium_translate(one->from, all->to, all->html, bytes_of(text), &out, err))
        return false;
    OWN(free) char *result = buf_take(&out);
    finish(one, all->html, result);
    return true;
}

static bool takes_part(const struct translation *translation, const struct language *from)
{
    return translation->from == from && !translation->result;
}

/* Hands the pieces between the marks to the texts. False when there are not as many. */
static bool share_out(const struct translate_batch *all, const struct language *from, char *output)
{
    char *piece = output;
    for (size_t i = 0; i < all->count; i++) {
        struct translation *one = &all->list[i];
        if (!takes_part(one, from))
            continue;
        if (!piece)
            return false;
        char *end = strstr(piece, between(all->html));
        if (end)
            *end = '\0';
        finish(one, all->html, piece);
        piece = end ? end + strlen(between(all->html)) : NULL;
    }
    return piece == NULL;
}

/* Translates all texts of one language in a run. */
static bool translate_together(const struct translate_batch *all, const struct language *from,
                               struct err *err)
{
    OWN(buf) struct buf joined = {0}, out = {0};
    for (size_t i = 0; i < all->count; i++) {
        if (!takes_part(&all->list[i], from))
            continue;
        OWN(free) char *text = prepare(all->list[i].text, all->html);
        buf_add_text(&joined, joined.len ? between(all->html) : "");
        buf_add_text(&joined, text);
    }
    if (!apertium_translate(from, all->to, all->html, buf_bytes(&joined), &out, err))
        return false;
    OWN(free) char *output = buf_take(&out);
    if (share_out(all, from, output))
        return true;
    for (size_t i = 0; i < all->count; i++) /* a mark went astray: one by one, then */
        if (all->list[i].from == from && !translate_one(&all->list[i], all, err))
            return false;
    return true;
}

/* Whether there is anything but spaces to translate. */
static bool has_words(const char *text)
{
    return text[strspn(text, " \t\r\n")] != '\0';
}

static void detect(struct translation *translation, bool html)
{
    double confidence;
    if (translation->detected)
        translation->from = detect_language(translation->text, html, &confidence);
}

bool translate_batch_run(struct translate_batch *all, struct err *err)
{
    for (size_t i = 0; i < all->count; i++) {
        struct translation *one = &all->list[i];
        detect(one, all->html);
        if (!one->from || one->from == all->to || !has_words(one->text))
            one->result = str_copy(one->text);
    }
    for (size_t i = 0; i < all->count; i++) {
        const struct language *from = all->list[i].from;
        if (!all->list[i].result && !translate_together(all, from, err))
            return false;
    }
    return true;
}
