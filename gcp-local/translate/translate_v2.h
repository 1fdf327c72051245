/* SPDX-License-Identifier: Apache-2.0 */
/* Translation API v2 ("Basic"): requests and answers as JSON. */
#ifndef GCP_LOCAL_TRANSLATE_V2_H
#define GCP_LOCAL_TRANSLATE_V2_H

#include "base/json/jread.h"

enum translate_v2_method { V2_TRANSLATE, V2_DETECT, V2_LANGUAGES };

/* An answer: the whole body, also when it tells of an error. */
struct translate_v2_reply {
    int status;
    json_t *body; /* new reference */
};

/* Answers a request: an object in which q is a list of strings or one string, and all else are
 * strings. */
struct translate_v2_reply translate_v2(enum translate_v2_method method, const json_t *request);

/* Makes a request out of a form or query, and of a JSON body, whose fields win. NULL and err when
 * the form cannot be decoded. New reference. */
json_t *translate_v2_request(struct bytes query, struct bytes form, const json_t *body,
                             struct err *err);

/* The body of an error found elsewhere. */
json_t *translate_v2_error(const struct err *err);

#endif
