/* SPDX-License-Identifier: Apache-2.0 */
/* Translation API v2 ("Basic"): JSON requests to JSON replies. */
#ifndef GCP_LOCAL_TRANSLATE_V2_H
#define GCP_LOCAL_TRANSLATE_V2_H

#include "base/json/jread.h"

enum translate_v2_method { V2_TRANSLATE, V2_DETECT, V2_LANGUAGES };

/* A reply; body is an error when status is not 200. */
struct translate_v2_reply {
    int status;
    json_t *body; /* new reference */
};

/* Carries out a request: an object in which q is a string or a list of strings, and all other
 * members are strings. */
struct translate_v2_reply translate_v2(enum translate_v2_method method, const json_t *request);

/* Makes a request of a query, a form and a JSON body (or NULL), whose members take precedence. NULL
 * and err when query or form cannot be decoded. New reference. */
json_t *translate_v2_request(struct bytes query, struct bytes form, const json_t *body,
                             struct err *err);

/* The body of an error. New reference. */
json_t *translate_v2_error(const struct err *err);

#endif
