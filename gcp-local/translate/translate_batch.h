/* SPDX-License-Identifier: Apache-2.0 */
/* Several texts translated at once: one run of the translator costs far more than its words. */
#ifndef GCP_LOCAL_TRANSLATE_TRANSLATE_BATCH_H
#define GCP_LOCAL_TRANSLATE_TRANSLATE_BATCH_H

#include "gcp-local/translate/language.h"

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

enum { MAX_TEXTS = 1024 };

struct translate_batch {
    struct translation *list; /* owned */
    size_t count;
    const struct language *to;
    bool html;
};

void translate_batch_done(struct translate_batch *translations);

static inline void own_translate_batch(struct translate_batch *local)
{
    translate_batch_done(local);
}

/* Detects what has no `from` and writes each result. Errors as apertium_translate. */
bool translate_batch_run(struct translate_batch *translations, struct err *err);

#endif
