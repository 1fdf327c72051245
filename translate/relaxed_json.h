/* SPDX-License-Identifier: Apache-2.0 */
/* Relaxed JSON, as the tutorial's own message has it: {text:'Hello World', from: 'en', to:'es'}. */
#ifndef TRANSLATE_RELAXED_JSON_H
#define TRANSLATE_RELAXED_JSON_H

#include "base/json/jread.h"

/* Parses JSON whose member names may go without quotes, whose strings may stand in single quotes,
 * and whose lists and objects may end in a comma. NULL and err (ERR_INPUT) when it is none. */
json_t *relaxed_json_parse(struct bytes text, const char *what, struct err *err);

#endif
