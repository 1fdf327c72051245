/* SPDX-License-Identifier: Apache-2.0 */
/* The languages that are translated between: six, in all thirty directions. */
#ifndef GCP_LOCAL_TRANSLATE_LANGUAGE_H
#define GCP_LOCAL_TRANSLATE_LANGUAGE_H

enum { LANGUAGE_COUNT = 6 };

struct language {
    const char *code;                  /* BCP 47 as Google has it: "en" */
    const char *apertium;              /* as in the names of Apertium's pairs: "eng" */
    const char *names[LANGUAGE_COUNT]; /* in each of the languages, in the order of language_at */
};

/* In the order of their codes. */
const struct language *language_at(unsigned index);

/* The language of a code, in any case, with or without a region ("pt-BR"); NULL when it is none of
 * the six. */
const struct language *language_find(const char *code);

/* What a language is called in another. */
const char *language_name(const struct language *language, const struct language *in);

#endif
