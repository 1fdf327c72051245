/* SPDX-License-Identifier: Apache-2.0 */
/* Apertium, the translator, run as a child process. */
#ifndef GCP_LOCAL_TRANSLATE_APERTIUM_H
#define GCP_LOCAL_TRANSLATE_APERTIUM_H

#include "base/buf.h"
#include "gcp-local/translate/language.h"

/* Translates text (or HTML, whose tags are kept) and appends it to out. from and to differ. If
 * neither is Catalan, translates via Catalan, since Apertium's pairs with it are its best.
 * Fails with ERR_INPUT when Apertium or the pair is not installed; the text names the package. */
bool apertium_translate(const struct language *from, const struct language *to, bool html,
                        struct bytes text, struct buf *out, struct err *err);

#endif
