/* SPDX-License-Identifier: Apache-2.0 */
/* CloudEvents in binary mode: attributes in header fields. Private to cloudevents/. */
#ifndef CLOUDEVENTS_BINARY_H
#define CLOUDEVENTS_BINARY_H

#include "cloudevents/event.h"

/* The specversion in the header fields; NULL when they are not an event in binary mode. */
const char *ce_binary_version(const struct headers *headers);

/* Reads the attributes from the fields; the data is the body. */
bool ce_event_from_binary(const struct headers *headers, struct bytes body, struct ce_event *event,
                          struct err *err);

#endif
