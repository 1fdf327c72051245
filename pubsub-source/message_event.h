/* SPDX-License-Identifier: Apache-2.0 */
/* A Pub/Sub message becomes a CloudEvent. */
#ifndef PUBSUB_SOURCE_MESSAGE_EVENT_H
#define PUBSUB_SOURCE_MESSAGE_EVENT_H

#include "cloudevents/event.h"
#include "gcp/gcp.h"
#include "pubsub-source/config.h"

/* Fills event, with the overrides' extensions. topic is the full name, "projects/P/topics/T".
 *
 * False and err when the message cannot be said in this form, which sending it again does not help:
 * form storage and the message is no notification of Storage; form raw and it claims to be a
 * CloudEvent (attribute ce-specversion, or Content-Type application/cloudevents+json) and is none.
 *
 * In form raw the attributes become extensions: their names lose all but letters and digits, and
 * become lower case; one that has no name left, or that of an attribute of every event, or control
 * characters in its value, is left out. */
bool message_event_from_message(const struct gcp_message *message, const char *topic,
                                const struct pubsub_source_config *config, struct ce_event *event,
                                struct err *err);

/* Whether an extension may be called that: lower-case letters and digits, and not the name of an
 * attribute that every event has (CloudEvents 1.0 section 3.1). */
bool message_event_extension_valid(const char *name);

#endif
