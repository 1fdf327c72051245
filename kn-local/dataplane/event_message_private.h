/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of event_message share. Private to them. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_MESSAGE_PRIVATE_H
#define KN_LOCAL_DATAPLANE_EVENT_MESSAGE_PRIVATE_H

#include "kn-local/dataplane/event_message.h"

/* Whether a header field is a CloudEvents attribute: "ce-" in any letter case. */
bool event_message_is_attribute(const char *name);

/* Copies fields, names of attributes in lower case; the body is moved out. */
struct event_message *event_message_build(const struct header *fields, size_t count,
                                          struct buf *body);

/* Reads an event in the JSON format into header fields ("ce-id" and so on, Content-Type) and its
 * data. False and err (ERR_INPUT): the text is not such an event, or a value cannot be written as a
 * header field. Whether required attributes are there is left to the caller. */
bool event_message_read_json(struct bytes text, struct headers *fields, struct buf *data,
                             struct err *err);

#endif
