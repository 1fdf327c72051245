/* SPDX-License-Identifier: Apache-2.0 */
/* CloudEvents over HTTP: binary, structured and batched, in and out.
 * Format: cloudevents/spec v1.0.2 http-protocol-binding.md, json-format.md; 0.3, 0.2, 0.1 in. */
#ifndef CLOUDEVENTS_HTTP_H
#define CLOUDEVENTS_HTTP_H

#include "cloudevents/binary.h"
#include "cloudevents/structured.h"

enum ce_mode {
    CE_NONE,       /* not a CloudEvent: one entry with spec_version NULL */
    CE_BINARY,     /* attributes in ce- header fields, data is the body */
    CE_STRUCTURED, /* application/cloudevents+json */
    CE_BATCH,      /* application/cloudevents-batch+json */
};

/* The events of a request. All zero is empty. */
struct ce_events {
    struct ce_event *list; /* owned */
    size_t count;          /* 0 only in an empty batch */
    enum ce_mode mode;
};

void ce_events_done(struct ce_events *events);

static inline void own_ce_events(struct ce_events *local)
{
    ce_events_done(local);
}

/* Reads a request, or a response with a reply. Fails with ERR_INPUT when an event is not valid,
 * ERR_FORMAT for an event format that is not supported. The events borrow headers as `request`. */
bool ce_events_from_http(const struct headers *headers, struct bytes body, struct ce_events *events,
                         struct err *err);

#endif
