/* SPDX-License-Identifier: Apache-2.0 */
/* The six languages. */
#include "gcp-local/translate/language.h"

#include "base/str.h"

#include <string.h>

static const struct language languages[LANGUAGE_COUNT] = {
    {"ca", "cat", {"Català", "Catalan", "Catalán", "Catalan", "Catalano", "Catalão"}},
    {"en", "eng", {"Anglès", "English", "Inglés", "Anglais", "Inglese", "Inglês"}},
    {"es", "spa", {"Espanyol", "Spanish", "Español", "Espagnol", "Spagnolo", "Espanhol"}},
    {"fr", "fra", {"Francès", "French", "Francés", "Français", "Francese", "Francês"}},
    {"it", "ita", {"Italià", "Italian", "Italiano", "Italien", "Italiano", "Italiano"}},
    {"pt", "por", {"Portuguès", "Portuguese", "Portugués", "Portugais", "Portoghese", "Português"}},
};

const struct language *language_at(unsigned index)
{
    return index < LANGUAGE_COUNT ? &languages[index] : NULL;
}

const struct language *language_find(const char *code)
{
    if (!code || strlen(code) < 2 || (code[2] != '\0' && code[2] != '-'))
        return NULL;
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++)
        if (str_starts_any_case(code, languages[i].code))
            return &languages[i];
    return NULL;
}

const char *language_name(const struct language *language, const struct language *in)
{
    return language->names[in - languages];
}
