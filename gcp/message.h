/* Pub/Sub messages as values: read from Google's JSON, put together, emptied. */
#ifndef GCP_MESSAGE_H
#define GCP_MESSAGE_H

#include "base/jread.h"
#include "gcp/gcp.h"

/* Reads the JSON of a PubsubMessage, as it stands in a pull's answer and in a push. A data that is
 * no base64 becomes data_error; any other misfit fails in at->err. */
void message_from_json(struct jread *at, struct gcp_message *message);

/* Decodes base64 into data, or writes data_error, naming `what`. NULL is no data. */
void message_decode(struct gcp_message *message, const char *base64, const char *what);

/* Replaces the data by a copy. */
void message_set_data(struct gcp_message *message, struct bytes data);

void message_add_attribute(struct gcp_message *message, const char *name, const char *value);

/* Adds the members of an object of strings. */
void message_add_attributes(struct gcp_message *message, struct jread *attributes);

#endif
