/* SPDX-License-Identifier: Apache-2.0 */
/* Apertium, the translator: run as a child process, one for each step. */
#ifndef GCP_LOCAL_TRANSLATE_APERTIUM_H
#define GCP_LOCAL_TRANSLATE_APERTIUM_H

#include "base/buf.h"
#include "gcp-local/translate/language.h"

/* Translates text (or HTML, whose tags stay) and appends it to out. From and to differ. Where
 * neither is Catalan, it goes through Catalan: Apertium's pairs with it are the best it has.
 * Fails with ERR_INPUT when Apertium or the pair is not installed; the text names the package. */
bool apertium_translate(const struct language *from, const struct language *to, bool html,
                        struct bytes text, struct buf *out, struct err *err);

#endif
