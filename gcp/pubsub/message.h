/* SPDX-License-Identifier: Apache-2.0 */
/* Pub/Sub messages as values: read from Google's JSON, put together, emptied. */
#ifndef GCP_PUBSUB_MESSAGE_H
#define GCP_PUBSUB_MESSAGE_H

#include "base/json/jread.h"
#include "gcp/gcp.h"

/* Reads the JSON of a PubsubMessage, as it stands in a pull's answer and in a push. A data that is
 * no base64 becomes data_error; any other misfit fails in at->err. */
void message_from_json(struct jread *reader, struct gcp_message *message);

/* The same for a push, and for the JSON of 2019, when it is written as plainly as usual. False,
 * with the message empty, when it is not, or perhaps not in order: then a tree must tell. */
bool message_plain_from_push(struct bytes body, struct gcp_message *message);
bool message_plain_from_legacy(struct bytes body, struct gcp_message *message);

/* Decodes base64 into data, or writes data_error, naming `what`. Empty is no data. */
void message_decode(struct gcp_message *message, struct bytes base64, const char *what);

/* Replaces the data by a copy. */
void message_set_data(struct gcp_message *message, struct bytes data);

void message_add_attribute(struct gcp_message *message, struct bytes name, struct bytes value);

/* Adds the members of an object of strings. */
void message_add_attributes(struct gcp_message *message, struct jread *attributes);

#endif
