/* Several texts translated at once: one run of the translator costs far more than its words. */
#ifndef GCP_LOCAL_TRANSLATE_TRANSLATE_BATCH_H
#define GCP_LOCAL_TRANSLATE_TRANSLATE_BATCH_H

#include "gcp-local/translate/languages.h"

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* One text and its translation. */
struct translation {
    const char *text;            /* borrowed; valid UTF-8 */
    const struct language *from; /* NULL: in no language that is known; it stays as it is */
    bool detected;               /* `from` was not given */
    char *result;                /* owned */
};

enum { MOST_TEXTS = 1024 };

struct translations {
    struct translation *list; /* owned */
    size_t count;
    const struct language *to;
    bool html;
};

void translations_done(struct translations *translations);

static inline void own_translations(struct translations *local)
{
    translations_done(local);
}

/* Detects what has no `from` and writes each result. Errors as apertium_translate. */
bool translations_run(struct translations *translations, struct err *err);

#endif
