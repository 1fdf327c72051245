/* SPDX-License-Identifier: Apache-2.0 */
/* The six languages; translation is possible in all thirty directions. */
#ifndef GCP_LOCAL_TRANSLATE_LANGUAGE_H
#define GCP_LOCAL_TRANSLATE_LANGUAGE_H

enum { LANGUAGE_COUNT = 6 };

struct language {
    const char *code;                  /* BCP 47, as Google uses it: "en" */
    const char *apertium;              /* in the names of Apertium's pairs: "eng" */
    const char *names[LANGUAGE_COUNT]; /* in each of the languages, in the order of language_at */
};

/* Ordered by code; NULL when index is not less than LANGUAGE_COUNT. */
const struct language *language_at(unsigned index);

/* The language of a code in any letter case, with or without a region ("pt-BR"); NULL for any other
 * code, and for NULL. */
const struct language *language_find(const char *code);

/* The name of a language in another language. */
const char *language_name(const struct language *language, const struct language *in);

#endif
