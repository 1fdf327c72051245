/* SPDX-License-Identifier: Apache-2.0 */
/* The last events, to look at without reading logs: bounded in count and bytes. */
#ifndef MESSAGE_DUMPER_HISTORY_H
#define MESSAGE_DUMPER_HISTORY_H

#include "cloudevents/event.h"
#include "gcp/gcp.h"

struct history;

/* Keeps at most `most` events (0 = none) with together about max_bytes. */
struct history *history_open(size_t most, size_t max_bytes);
void history_close(struct history *history); /* NULL is fine */

/* Copies the event's attributes and moves the message out, which is empty afterwards; the oldest
 * events make room. A payload that alone would pass max_bytes is left out, and the entry says so.
 * Safe from several threads, as is history_json. */
void history_add(struct history *history, const struct ce_event *event,
                 struct gcp_message *message);

/* {"received": how many since the start, "events": [newest first]}. An event has its attributes,
 * "receivedAt", the "message"'s id and attributes where it was one of Pub/Sub, and "payload", or
 * "payloadBase64" when that is no text, or "payloadError", or "payloadOmitted" (its bytes). New
 * reference. */
json_t *history_json(struct history *history);

#endif
