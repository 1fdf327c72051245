/* A CloudEvent on its way: packed once, shared by all of its deliveries, never changed. */
#ifndef KN_LOCAL_DATAPLANE_EVENT_MESSAGE_H
#define KN_LOCAL_DATAPLANE_EVENT_MESSAGE_H

#include "cloudevents/http.h"

#include <stdatomic.h>
#include <stdint.h>

struct backlog;

/* Bytes that may be held at once; lives until nobody holds any. */
struct budget {
    atomic_uint refs;
    atomic_size_t held;
    size_t max;
};

struct budget *budget_new(size_t max);
void budget_release(struct budget *budget);

struct parcel {
    atomic_uint refs;
    struct headers headers; /* as sent: ce- fields, Content-Type, Kn-Namespace, what is forwarded */
    struct buf body;
    const char *id;        /* the event's; within headers */
    uint64_t number;       /* in a channel on disk, from 1 */
    size_t size;           /* in memory, about */
    struct budget *budget; /* that it was taken from, or NULL */

    /* Who waits until all deliveries have ended; called once, on any thread. */
    void (*settled)(struct parcel *parcel, bool all_well, void *context);
    void *context;
    bool (*wanted)(const struct parcel *parcel); /* whether they still wait; NULL = always */
    atomic_uint open;                            /* deliveries under way */
    atomic_bool failed;

    struct backlog *backlog;    /* that is to keep it; NULL when none or when it is safe */
    struct parcel *prev, *next; /* behind others that are to be kept */
};

/* Packs the event of a request or answer: one CloudEvent 1.0 or 0.3, binary or structured, whose
 * body is moved out. ns becomes Kn-Namespace; Knative's list of fields is forwarded. NULL and err
 * (ERR_INPUT). */
struct parcel *parcel_from_http(const struct headers *headers, struct buf *body, const char *ns,
                                struct err *err);
struct parcel *parcel_from_event(const struct ce_event *event, const char *ns);

/* Asks whoever gets it for a reply event. */
void parcel_ask(struct parcel *parcel);

/* Packs what was packed before and kept: the fields as parcel_pack_headers wrote them. NULL when
 * they are not in order. */
struct parcel *parcel_from_store(struct bytes headers, struct bytes body, uint64_t number);
void parcel_pack_headers(const struct parcel *parcel, struct buf *out);

/* The dead letter of an event: what failed where, see delivery_dead_letter. */
struct parcel *parcel_dead_letter(const struct parcel *event, const char *ns,
                                  const char *destination, int status, struct bytes answer,
                                  const char *reason);

struct parcel *parcel_hold(struct parcel *parcel);
void parcel_release(struct parcel *parcel);

static inline void own_parcel(struct parcel **local)
{
    if (*local)
        parcel_release(*local);
}

/* Counts the parcel against a budget until it is freed. False when there is no room; one parcel
 * always fits. */
bool parcel_charge(struct parcel *parcel, struct budget *budget);

void parcel_uncharge(struct parcel *parcel);

/* Ends one of parcel->open deliveries; the last one tells who waits. */
void parcel_settle(struct parcel *parcel, bool well);

#endif
