/* SPDX-License-Identifier: Apache-2.0 */
/* Translation API v3 ("Advanced"): requests and answers as JSON. */
#ifndef GCP_LOCAL_TRANSLATE_V3_H
#define GCP_LOCAL_TRANSLATE_V3_H

#include "base/json/jread.h"

/* Answer to a request whose names are in camelCase. NULL and err when it is wrong. New references.
 */
json_t *translate_v3_text(const json_t *request, struct err *err);
json_t *translate_v3_detect(const json_t *request, struct err *err);

/* display is the code of the language in which names are wanted; NULL or "" for none. */
json_t *translate_v3_languages(const char *display, struct err *err);

#endif
