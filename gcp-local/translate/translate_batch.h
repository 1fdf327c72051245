/* SPDX-License-Identifier: Apache-2.0 */
/* Translates several texts in one run of the translator, whose start is expensive. */
#ifndef GCP_LOCAL_TRANSLATE_TRANSLATE_BATCH_H
#define GCP_LOCAL_TRANSLATE_TRANSLATE_BATCH_H

#include "base/err.h"
#include "gcp-local/translate/language.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One text and its translation. */
struct translation {
    const char *text;            /* borrowed; valid UTF-8 */
    const struct language *from; /* NULL: unknown; the text is not changed */
    bool detected;               /* `from` was not given, but detected */
    char *result;                /* owned */
};

enum { MAX_TEXTS = 1024 };

struct translate_batch {
    struct translation *list; /* owned */
    size_t count;
    const struct language *to;
    bool html;
};

void translate_batch_done(struct translate_batch *batch);

static inline void own_translate_batch(struct translate_batch *local)
{
    translate_batch_done(local);
}

/* Sets the languages of all texts. from NULL: each is detected. */
void translate_batch_set_languages(struct translate_batch *batch, const struct language *from,
                                   const struct language *to);

/* Detects languages and writes each result. Errors as apertium_translate. */
bool translate_batch_run(struct translate_batch *batch, struct err *err);

/* {"translations": [{"translatedText"}]}, with the language under detected_key if it was detected.
 * New reference. */
json_t *translate_batch_to_json(const struct translate_batch *batch, const char *detected_key);

#endif
