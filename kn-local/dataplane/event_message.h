/* SPDX-License-Identifier: Apache-2.0 */
/* A CloudEvent on its way. It is made once, shared by all of its deliveries, and never changes.
 *
 * Attribute values are carried as the bytes that came: neither decoded nor encoded. An event that
 * came in structured mode becomes a binary one, with raw UTF-8 in its fields and its JSON data byte
 * for byte. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_MESSAGE_H
#define KN_LOCAL_DATAPLANE_EVENT_MESSAGE_H

#include "base/buf.h"
#include "net/headers.h"

#include <stdatomic.h>
#include <stdint.h>

struct event_message {
    atomic_uint refs;
    struct headers headers; /* ce- fields, Content-Type, and the fields that are forwarded */
    struct buf body;
    const char *id, *source; /* within headers; "" in a reply that lacks them */
    size_t size;             /* in memory, with what one delivery needs */
};

/* Reads the event of a request: one CloudEvent 1.0 or 0.3, binary or structured. The body is moved
 * out. NULL and err (ERR_INPUT). */
struct event_message *event_message_from_http(const struct headers *headers, struct buf *body,
                                              struct err *err);

/* Reads the event in a subscriber's answer to `event`. True with *reply NULL: there is none. A
 * binary event may lack required attributes. False and err: it says that it is a CloudEvent, but
 * cannot be sent on. */
bool event_message_from_answer(const struct headers *headers, struct buf *body,
                               const struct event_message *event, struct event_message **reply,
                               struct err *err);

/* Makes an event of its header fields (ce- and Content-Type) and body. */
struct event_message *event_message_new(const struct headers *fields, struct bytes body);

/* The fields as the event log stores them: name, NUL, value, NUL, and so on. */
void event_message_pack_headers(const struct event_message *event, struct buf *out);

/* The opposite; NULL when the bytes are not such a list. */
struct event_message *event_message_from_store(struct bytes headers, struct bytes body);

struct event_message *event_message_hold(struct event_message *event);
void event_message_release(struct event_message *event);

static inline void own_event_message(struct event_message **local)
{
    if (*local)
        event_message_release(*local);
}

#endif
