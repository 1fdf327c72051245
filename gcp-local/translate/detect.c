/* SPDX-License-Identifier: Apache-2.0 */
/* Detects in which of the six languages a text is written. */
#include "gcp-local/translate/detect.h"

#include "base/str.h"
#include "gcp-local/translate/cld2.h"

enum { MAX_SAMPLE_BYTES = 8192 }; /* of a text are examined */

/* The beginning of a text, truncated between characters. */
static struct bytes beginning(const char *text)
{
    struct bytes bytes = bytes_of(text);
    if (bytes.len > MAX_SAMPLE_BYTES)
        for (bytes.len = MAX_SAMPLE_BYTES; ((unsigned char)bytes.data[bytes.len] & 0xC0) == 0x80;)
            bytes.len--;
    return bytes;
}

/* For few words CLD2 may choose a language that is not among the six: "Grazie mille" looks
 * Estonian. Then each of the six is given as a hint, and the one with the best score is taken. A
 * hint alone does not produce a match. */
static const struct language *best_of_six(struct bytes text, bool html, double *confidence)
{
    const struct language *best = NULL;
    double best_score = 0;
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
        const struct language *language = language_at(i);
        int percent;
        double score;
        const char *code = cld2_language(text, html, language->code, &percent, &score);
        if (str_equal(code, language->code) && score > best_score) {
            best = language;
            best_score = score;
            *confidence = percent / 200.0; /* half, for a second attempt */
        }
    }
    return best;
}

const struct language *detect_language(const char *text, bool html, double *confidence)
{
    struct bytes start = beginning(text);
    int percent;
    double score;
    *confidence = 0;
    const struct language *found =
        language_find(cld2_language(start, html, NULL, &percent, &score));
    if (found)
        *confidence = percent / 100.0;
    return found ? found : best_of_six(start, html, confidence);
}
