/* SPDX-License-Identifier: Apache-2.0 */
/* Flow control: the messages in flight, which is delivered next, and how many may be pulled. */
#include "pubsub-source/flow_control.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum {
    IMMEDIATELY = 0,
    REDELIVERY_GRACE_SEC = 60, /* after its delay, for a failed message to arrive again */
};

/* The messages of one ordering key: one is ready or being delivered, the others wait. */
struct flow_key_queue {
    char *key;
    struct in_flight_message *first;   /* ready or being delivered; NULL = none */
    struct in_flight_message *waiting; /* in order */
    char *failed_id;                   /* the message that must be delivered next; NULL = any */
    int64_t failed_until_ns;           /* until then */
    int redeliver_sec;                 /* of the failed message */
    UT_hash_handle hh;
};

static size_t size_of(const struct gcp_message *message)
{
    size_t size = sizeof(struct in_flight_message) + message->len;
    for (size_t i = 0; i < message->attribute_count; i++)
        size += strlen(message->attributes[i].name) + strlen(message->attributes[i].value);
    return size;
}

static struct flow_key_queue *find_or_add_queue(struct flow_control *flow, const char *key)
{
    struct flow_key_queue *queue;
    HASH_FIND_STR(flow->queues, key, queue);
    if (!queue) {
        queue = alloc_zeroed(sizeof(*queue));
        queue->key = str_copy(key);
        HASH_ADD_KEYPTR(hh, flow->queues, queue->key, strlen(queue->key), queue);
    }
    return queue;
}

static void remove_queue(struct flow_control *flow, struct flow_key_queue *queue)
{
    HASH_DEL(flow->queues, queue);
    free(queue->failed_id);
    free(queue->key);
    free(queue);
}

size_t flow_control_capacity(const struct flow_control *flow)
{
    if (flow->bytes >= flow->max_bytes || flow->messages >= flow->max_messages)
        return 0;
    return flow->max_messages - flow->messages;
}

static void settle(struct in_flight_message *in_flight, int redeliver_sec,
                   struct in_flight_message **settled)
{
    in_flight->settled = true;
    in_flight->redeliver_sec = redeliver_sec;
    in_flight->queue = NULL;
    DL_APPEND(*settled, in_flight);
}

static void add_to_queue(struct flow_control *flow, struct in_flight_message *in_flight,
                         int64_t now_ns, struct in_flight_message **settled)
{
    struct flow_key_queue *queue = find_or_add_queue(flow, in_flight->message.ordering_key);
    bool redelivered = queue->failed_id && str_equal(queue->failed_id, in_flight->message.id);
    if (queue->failed_id && !redelivered && now_ns < queue->failed_until_ns) {
        settle(in_flight, queue->redeliver_sec, settled);
        return;
    }
    str_replace(&queue->failed_id, NULL);
    in_flight->queue = queue;
    if (queue->first) {
        DL_APPEND(queue->waiting, in_flight);
    } else {
        queue->first = in_flight;
        DL_APPEND(flow->ready, in_flight);
    }
}

void flow_control_add(struct flow_control *flow, struct gcp_message *message, int64_t now_ns,
                      struct in_flight_message **settled)
{
    struct in_flight_message *in_flight = alloc_zeroed(sizeof(*in_flight));
    in_flight->message = *message;
    *message = (struct gcp_message){0};
    in_flight->pulled_ns = now_ns;
    flow->messages++;
    flow->bytes += size_of(&in_flight->message);
    DL_APPEND2(flow->in_flight, in_flight, prev_in_flight, next_in_flight);

    if (str_empty(in_flight->message.ordering_key))
        DL_APPEND(flow->ready, in_flight);
    else
        add_to_queue(flow, in_flight, now_ns, settled);
}

struct in_flight_message *flow_control_next(struct flow_control *flow)
{
    struct in_flight_message *in_flight = flow->ready;
    if (!in_flight || flow->delivering >= flow->max_deliveries)
        return NULL;
    DL_DELETE(flow->ready, in_flight);
    flow->delivering++;
    return in_flight;
}

static void settle_waiting(struct flow_key_queue *queue, int redeliver_sec,
                           struct in_flight_message **settled)
{
    struct in_flight_message *in_flight, *next;
    DL_FOREACH_SAFE(queue->waiting, in_flight, next)
    {
        DL_DELETE(queue->waiting, in_flight);
        settle(in_flight, redeliver_sec, settled);
    }
}

/* Makes the next message of the key ready, or makes the key wait for the failed message. */
static void advance_queue(struct flow_control *flow, struct flow_key_queue *queue,
                          const struct in_flight_message *ended, int redeliver_sec, int64_t now_ns,
                          struct in_flight_message **settled)
{
    queue->first = NULL;
    if (redeliver_sec >= 0) {
        str_replace(&queue->failed_id, str_copy(ended->message.id));
        queue->failed_until_ns =
            now_ns + (int64_t)(redeliver_sec + REDELIVERY_GRACE_SEC) * NS_PER_SEC;
        queue->redeliver_sec = redeliver_sec;
        settle_waiting(queue, redeliver_sec, settled);
    } else if (queue->waiting) {
        queue->first = queue->waiting;
        DL_DELETE(queue->waiting, queue->first);
        DL_APPEND(flow->ready, queue->first);
    }
}

void flow_control_finish(struct flow_control *flow, struct in_flight_message *in_flight,
                         int redeliver_sec, int64_t now_ns, struct in_flight_message **settled)
{
    struct flow_key_queue *queue = in_flight->queue;
    flow->delivering--;
    settle(in_flight, redeliver_sec, settled);
    if (!queue)
        return;
    advance_queue(flow, queue, in_flight, redeliver_sec, now_ns, settled);
    if (!queue->first && !queue->failed_id)
        remove_queue(flow, queue);
}

void flow_control_expire_keys(struct flow_control *flow, int64_t now_ns)
{
    struct flow_key_queue *queue, *next;
    HASH_ITER(hh, flow->queues, queue, next)
    {
        if (!queue->first && now_ns >= queue->failed_until_ns)
            remove_queue(flow, queue);
    }
}

void flow_control_return_all(struct flow_control *flow, struct in_flight_message **settled)
{
    struct flow_key_queue *queue, *next_lane;
    HASH_ITER(hh, flow->queues, queue, next_lane)
    {
        settle_waiting(queue, IMMEDIATELY, settled);
    }
    struct in_flight_message *in_flight, *next;
    DL_FOREACH_SAFE(flow->ready, in_flight, next)
    {
        DL_DELETE(flow->ready, in_flight);
        if (in_flight->queue)
            in_flight->queue->first = NULL;
        settle(in_flight, IMMEDIATELY, settled);
    }
}

void flow_control_release(struct flow_control *flow, struct in_flight_message *in_flight)
{
    flow->messages--;
    flow->bytes -= size_of(&in_flight->message);
    DL_DELETE2(flow->in_flight, in_flight, prev_in_flight, next_in_flight);
    gcp_message_done(&in_flight->message);
    free(in_flight);
}

void flow_control_done(struct flow_control *flow)
{
    while (flow->queues)
        remove_queue(flow, flow->queues);
    while (flow->in_flight)
        flow_control_release(flow, flow->in_flight);
}
