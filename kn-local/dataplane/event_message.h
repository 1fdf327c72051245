/* SPDX-License-Identifier: Apache-2.0 */
/* A CloudEvent on its way: packed once, shared by all of its deliveries, never changed. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_MESSAGE_H
#define KN_LOCAL_DATAPLANE_EVENT_MESSAGE_H

#include "cloudevents/http.h"

#include <stdatomic.h>
#include <stdint.h>

struct event_log;

/* Bytes that may be held at once; lives until nobody holds any. */
struct budget {
    atomic_uint refs;
    atomic_size_t held;
    size_t max;
};

struct budget *event_message_budget_new(size_t max);
void event_message_budget_release(struct budget *budget);

struct event_message {
    atomic_uint refs;
    struct headers headers; /* as sent: ce- fields, Content-Type, Kn-Namespace, what is forwarded */
    struct buf body;
    const char *id;        /* the event's; within headers */
    uint64_t number;       /* in a channel on disk, from 1 */
    size_t size;           /* in memory, about */
    struct budget *budget; /* that it was taken from, or NULL */

    /* Who waits until all deliveries have ended; called once, on any thread. */
    void (*settled)(struct event_message *parcel, bool all_well, void *context);
    void *context;
    bool (*wanted)(const struct event_message *parcel); /* whether they still wait; NULL = always */
    atomic_uint open;                                   /* deliveries under way */
    atomic_bool failed;

    struct event_log *backlog;         /* that is to keep it; NULL when none or when it is safe */
    struct event_message *prev, *next; /* behind others that are to be kept */
};

/* Packs the event of a request or answer: one CloudEvent 1.0 or 0.3, binary or structured, whose
 * body is moved out. ns becomes Kn-Namespace; Knative's list of fields is forwarded. NULL and err
 * (ERR_INPUT). */
struct event_message *event_message_from_http(const struct headers *headers, struct buf *body,
                                              const char *ns, struct err *err);
struct event_message *event_message_from_event(const struct ce_event *event, const char *ns);

/* Asks whoever gets it for a reply event. */
void event_message_request_reply(struct event_message *parcel);

/* Packs what was packed before and kept: the fields as event_message_pack_headers wrote them. NULL
 * when they are not in order. */
struct event_message *event_message_from_store(struct bytes headers, struct bytes body,
                                               uint64_t number);
void event_message_pack_headers(const struct event_message *parcel, struct buf *out);

/* The dead letter of an event: what failed where, see ce_event_to_dead_letter. */
struct event_message *event_message_dead_letter(const struct event_message *event, const char *ns,
                                                const char *destination, int status,
                                                struct bytes answer, const char *reason);

struct event_message *event_message_hold(struct event_message *parcel);
void event_message_release(struct event_message *parcel);

static inline void own_event_message(struct event_message **local)
{
    if (*local)
        event_message_release(*local);
}

/* Counts the parcel against a budget until it is freed. False when there is no room; one parcel
 * always fits. */
bool event_message_charge(struct event_message *parcel, struct budget *budget);

void event_message_uncharge(struct event_message *parcel);

/* Ends one of parcel->open deliveries; the last one tells who waits. */
void event_message_settle(struct event_message *parcel, bool well);

#endif
