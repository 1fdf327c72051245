/* SPDX-License-Identifier: Apache-2.0 */
/* Where CloudEvents and Google Cloud meet: what an event means as a message or a notification. */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include "cloudevents/event.h"
#include "gcp/gcp.h"

/* The Pub/Sub message that an event carries, in whatever envelope (gcp_message_from_envelope). */
bool bridge_message_from_event(const struct ce_event *event, struct gcp_message *message,
                               struct err *err);

/* The Storage notification that an event carries; type is NULL when it is something else. */
bool bridge_object_from_event(const struct ce_event *event, struct gcp_object_event *object,
                              struct err *err);

#endif
