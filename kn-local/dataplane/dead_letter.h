/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: an event with the extensions that say where and how its delivery failed.
 * Format: knative/specs eventing/data-plane.md, "Error Handling". */
#ifndef KN_LOCAL_DATAPLANE_DEAD_LETTER_H
#define KN_LOCAL_DATAPLANE_DEAD_LETTER_H

#include "kn-local/dataplane/event_message.h"

/* The failure of a delivery. */
struct delivery_failure {
    const char *destination; /* URL */
    int status;              /* 0: no response; -1: a response that could not be used */
    struct bytes answer;     /* the response body; used with a status */
    const char *reason;      /* used without a status */
};

/* The dead letter of an event: sets knativeerrordest, knativeerrorcode (500 without a response) and
 * knativeerrordata (base64 of the first 768 bytes of the response body, or of "dispatch error: "
 * and the reason). Values that exist and are not empty are kept. */
struct event_message *dead_letter_new(const struct event_message *event,
                                      const struct delivery_failure *failure);

#endif
