/* SPDX-License-Identifier: Apache-2.0 */
/* What translate is asked: {"text", "from", "to"}. */
#ifndef TRANSLATE_REQUEST_H
#define TRANSLATE_REQUEST_H

#include "base/json/jread.h"

/* A request; borrowed from the payload. */
struct translate_request {
    const char *text; /* never empty */
    const char *from; /* "" = to be detected */
    const char *to;   /* never empty */
};

/* The payload as an object, if it is a translation request at all, right or wrong: strict or
 * relaxed JSON with a member text or to, in any case. Else NULL. New reference. */
json_t *translate_payload(struct bytes payload);

/* Reads it; fails (ERR_INPUT) with the tutorial's words when something is missing. */
bool translate_request_from_json(const json_t *payload, struct translate_request *request,
                                 struct err *err);

#endif
