/* SPDX-License-Identifier: Apache-2.0 */
/* The last events, for GET /events: limited in number and bytes. */
#ifndef MESSAGE_DUMPER_HISTORY_H
#define MESSAGE_DUMPER_HISTORY_H

#include "cloudevents/event.h"
#include "gcp/gcp.h"

struct history;

/* Keeps at most max_events events (0 = none) of about max_bytes in total. */
struct history *history_open(size_t max_events, size_t max_bytes);
void history_close(struct history *history); /* may be NULL */

/* Adds an event: copies its attributes and moves the message, which is empty afterwards. Removes
 * the oldest events to stay within the limits. A payload that alone exceeds max_bytes is omitted.
 * Safe from several threads, as is history_json. */
void history_add(struct history *history, const struct ce_event *event,
                 struct gcp_message *message);

/* {"received": count since the start, "events": [newest first]}. An event has its attributes,
 * "receivedAt", for Pub/Sub a "message" with id and attributes, and one of "payload",
 * "payloadBase64" (not text), "payloadError" and "payloadOmitted" (its size). New reference. */
json_t *history_json(struct history *history);

#endif
