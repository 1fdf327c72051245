/* SPDX-License-Identifier: Apache-2.0 */
/* CLD2, a C++ library that detects languages. */
#ifndef GCP_LOCAL_TRANSLATE_CLD2_H
#define GCP_LOCAL_TRANSLATE_CLD2_H

#ifdef __cplusplus
extern "C" {
#endif

#include "base/buf.h"

/* The code of the most likely language of the text, "un" when unknown; static. text is valid UTF-8.
 * hint is the code of an expected language, or NULL. percent is how much of the text is in the
 * language, score how well it fits. */
const char *cld2_language(struct bytes text, bool html, const char *hint, int *percent,
                          double *score);

#ifdef __cplusplus
}
#endif

#endif
