/* SPDX-License-Identifier: Apache-2.0 */
/* Events that can be passed on as they came: binary mode, with nothing in their fields that would
 * have to be written in another way. That is the usual case, and copying such an event costs a
 * quarter of reading and writing it. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_PASSTHROUGH_H
#define KN_LOCAL_DATAPLANE_EVENT_PASSTHROUGH_H

#include "net/headers.h"

#include <stdbool.h>

/* Copies the event's fields (ce- and Content-Type). False, with nothing copied, when the event is
 * not as plain as that, or perhaps not in order: then it has to be read. */
bool event_passthrough_copy(const struct headers *from, struct headers *to);

#endif
