/* SPDX-License-Identifier: Apache-2.0 */
/* CloudEvents in binary mode: attributes in header fields. */
#ifndef CLOUDEVENTS_BINARY_H
#define CLOUDEVENTS_BINARY_H

#include "cloudevents/event.h"

/* The specversion in the header fields; NULL when they are not an event in binary mode. */
const char *ce_binary_version(const struct headers *headers);

/* Reads the attributes from the fields; the data is the body. */
bool ce_event_from_binary(const struct headers *headers, struct bytes body, struct ce_event *event,
                          struct err *err);

/* Writes an event in binary mode, as 1.0 (or 0.3 if it was received as that): appends the ce-
 * fields and Content-Type to headers. The body is ce_data(event). Values are percent-encoded as the
 * binding says (section 3.1.3.2). */
void ce_headers_from_event(const struct ce_event *event, struct headers *headers);

#endif
