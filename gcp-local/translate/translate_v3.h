/* SPDX-License-Identifier: Apache-2.0 */
/* Translation API v3 ("Advanced"): JSON requests to JSON replies. */
#ifndef GCP_LOCAL_TRANSLATE_V3_H
#define GCP_LOCAL_TRANSLATE_V3_H

#include "base/json/jread.h"

/* Carry out a request, whose field names are in camelCase. NULL and err when it is wrong. New
 * reference. */
json_t *translate_v3_text(const json_t *request, struct err *err);
json_t *translate_v3_detect(const json_t *request, struct err *err);

/* display is the code of the language of the names; NULL or "": without names. */
json_t *translate_v3_languages(const char *display, struct err *err);

#endif
