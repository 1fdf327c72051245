/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub messages: read from JSON, built and freed. */
#ifndef GCP_PUBSUB_MESSAGE_H
#define GCP_PUBSUB_MESSAGE_H

#include "base/json/jread.h"
#include "gcp/gcp.h"

/* Reads a PubsubMessage, from a pull or a push. Data that is not base64 sets data_error; other
 * errors fail the reader. */
void message_from_json(struct jread *reader, struct gcp_message *message);

/* Fast paths for the body of a push and for the legacy format. False, with the message empty, when
 * the text is unusual or not valid: then the caller parses it into a tree. */
bool message_plain_from_push(struct bytes body, struct gcp_message *message);
bool message_plain_from_legacy(struct bytes body, struct gcp_message *message);

/* Decodes base64 into data, or sets data_error, which names `what`. Empty means no data. */
void message_decode(struct gcp_message *message, struct bytes base64, const char *what);

/* Replaces the data with a copy of data. */
void message_set_data(struct gcp_message *message, struct bytes data);

void message_add_attribute(struct gcp_message *message, struct bytes name, struct bytes value);

/* Adds the members of an object of strings. */
void message_add_attributes(struct gcp_message *message, struct jread *attributes);

#endif
