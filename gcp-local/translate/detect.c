/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the six languages a text is in. */
#include "gcp-local/translate/detect.h"

#include "base/str.h"
#include "gcp-local/translate/cld2.h"

enum { MAX_SAMPLE_BYTES = 8192 }; /* bytes of a text that are looked at */

/* The beginning of a text, cut between characters. */
static struct bytes beginning(const char *text)
{
    struct bytes bytes = bytes_of(text);
    if (bytes.len > MAX_SAMPLE_BYTES)
        for (bytes.len = MAX_SAMPLE_BYTES; ((unsigned char)bytes.data[bytes.len] & 0xC0) == 0x80;)
            bytes.len--;
    return bytes;
}

/* The judgement of all languages may fall on one that is not among the six, as it does with few
 * words: "Grazie mille" looks Estonian. Then each of the six is hinted at, and the one that fits
 * best is taken; a hint alone makes nothing fit. */
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
            *confidence = percent / 200.0; /* second thoughts are worth half */
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
