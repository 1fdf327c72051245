/* SPDX-License-Identifier: Apache-2.0 */
/* Detects in which of the six languages a text is written. */
#ifndef GCP_LOCAL_TRANSLATE_DETECT_H
#define GCP_LOCAL_TRANSLATE_DETECT_H

#include "gcp-local/translate/language.h"

#include <stdbool.h>

/* NULL when it is another language, or not a language (numbers). confidence is 0…1. */
const struct language *detect_language(const char *text, bool html, double *confidence);

#endif
