/* SPDX-License-Identifier: Apache-2.0 */
/* Reads events as Google Cloud's messages and notifications. */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include "cloudevents/event.h"
#include "gcp/gcp.h"

/* The Pub/Sub message in an event, in any envelope that gcp_message_from_envelope reads. */
bool bridge_message_from_event(const struct ce_event *event, struct gcp_message *message,
                               struct err *err);

/* The Storage notification in an event; object->type is NULL when it is something else. */
bool bridge_object_from_event(const struct ce_event *event, struct gcp_object_event *object,
                              struct err *err);

#endif
