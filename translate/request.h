/* SPDX-License-Identifier: Apache-2.0 */
/* A translation request: {"text", "from", "to"}. */
#ifndef TRANSLATE_REQUEST_H
#define TRANSLATE_REQUEST_H

#include "base/json/jread.h"

/* A request; borrowed from the payload. */
struct translate_request {
    const char *text; /* never empty */
    const char *from; /* "" = detect */
    const char *to;   /* never empty */
};

/* The payload as an object when it looks like a translation request: strict or relaxed JSON with a
 * member text or to, ignoring case. Else NULL. New reference. */
json_t *translate_payload(struct bytes payload);

/* Reads the request. Fails (ERR_INPUT) with the tutorial's messages. */
bool translate_request_from_json(const json_t *payload, struct translate_request *request,
                                 struct err *err);

#endif
