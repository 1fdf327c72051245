/* SPDX-License-Identifier: Apache-2.0 */
/* Relaxed JSON, as in the tutorial's message: {text:'Hello World', from: 'en', to:'es'}. */
#ifndef TRANSLATE_RELAXED_JSON_H
#define TRANSLATE_RELAXED_JSON_H

#include "base/json/jread.h"

/* Parses JSON that may have member names without quotes, strings in single quotes, and a comma at
 * the end of lists and objects. NULL and err (ERR_INPUT) when it is not valid. */
json_t *relaxed_json_parse(struct bytes text, const char *what, struct err *err);

#endif
