/* SPDX-License-Identifier: Apache-2.0 */
/* Converts a Pub/Sub message to a CloudEvent. */
#ifndef PUBSUB_SOURCE_MESSAGE_EVENT_H
#define PUBSUB_SOURCE_MESSAGE_EVENT_H

#include "cloudevents/event.h"
#include "gcp/gcp.h"
#include "pubsub-source/config.h"

/* Fills event in the form of config, with the extensions of K_CE_OVERRIDES. topic is the full name,
 * "projects/P/topics/T".
 *
 * False and err are permanent: with form storage, the message is not a Storage notification; with
 * form raw, it is marked as a CloudEvent (attribute ce-specversion, or Content-Type
 * application/cloudevents+json) but is not a valid one.
 *
 * With form raw, attributes become extensions: their names are reduced to lower-case letters and
 * digits. An attribute is skipped when its name becomes empty or the name of a CloudEvents
 * attribute, or when its value contains control characters. */
bool message_event_from_message(const struct gcp_message *message, const char *topic,
                                const struct pubsub_source_config *config, struct ce_event *event,
                                struct err *err);

/* True for a valid name of an extension: lower-case letters and digits, and not the name of a
 * CloudEvents attribute (CloudEvents 1.0 section 3.1). */
bool message_event_extension_valid(const char *name);

#endif
