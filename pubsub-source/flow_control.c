/* SPDX-License-Identifier: Apache-2.0 */
/* Which messages are in hand, which may be sent next, and how many more may be pulled. */
#include "pubsub-source/flow_control.h"

#include "base/str.h"
#include "base/timestamp.h"

#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum {
    AT_ONCE = 0,
    PATIENCE_SEC = 60, /* beyond its delay, for a message that failed to come again */
};

/* The messages of one ordering key: one is sent or ready, the others wait behind it. */
struct flow_key_queue {
    char *key;
    struct in_flight_message *first;   /* ready or being sent; NULL: none */
    struct in_flight_message *waiting; /* in order */
    char *awaited;    /* id of one that failed and has to come again first; NULL = none */
    int64_t until_ns; /* how long it is waited for */
    int again_sec;    /* when it will come */
    UT_hash_handle hh;
};

static size_t size_of(const struct gcp_message *message)
{
    size_t size = sizeof(struct in_flight_message) + message->len;
    for (size_t i = 0; i < message->attribute_count; i++)
        size += strlen(message->attributes[i].name) + strlen(message->attributes[i].value);
    return size;
}

static struct flow_key_queue *lane_of(struct flow_control *flow, const char *key)
{
    struct flow_key_queue *lane;
    HASH_FIND_STR(flow->lanes, key, lane);
    if (!lane) {
        lane = alloc_zeroed(sizeof(*lane));
        lane->key = str_copy(key);
        HASH_ADD_KEYPTR(hh, flow->lanes, lane->key, strlen(lane->key), lane);
    }
    return lane;
}

static void drop_lane(struct flow_control *flow, struct flow_key_queue *lane)
{
    HASH_DEL(flow->lanes, lane);
    free(lane->awaited);
    free(lane->key);
    free(lane);
}

size_t flow_control_capacity(const struct flow_control *flow)
{
    if (flow->bytes >= flow->max_bytes || flow->messages >= flow->max_messages)
        return 0;
    return flow->max_messages - flow->messages;
}

static void give_back(struct in_flight_message *held, int again_sec,
                      struct in_flight_message **back)
{
    held->answered = true;
    held->again_sec = again_sec;
    held->lane = NULL;
    DL_APPEND(*back, held);
}

static void join_lane(struct flow_control *flow, struct in_flight_message *held, int64_t now_ns,
                      struct in_flight_message **back)
{
    struct flow_key_queue *lane = lane_of(flow, held->message.ordering_key);
    bool came = lane->awaited && str_equal(lane->awaited, held->message.id);
    if (lane->awaited && !came && now_ns < lane->until_ns) {
        give_back(held, lane->again_sec, back);
        return;
    }
    str_replace(&lane->awaited, NULL);
    held->lane = lane;
    if (lane->first) {
        DL_APPEND(lane->waiting, held);
    } else {
        lane->first = held;
        DL_APPEND(flow->ready, held);
    }
}

void flow_control_add(struct flow_control *flow, struct gcp_message *message, int64_t now_ns,
                      struct in_flight_message **back)
{
    struct in_flight_message *held = alloc_zeroed(sizeof(*held));
    held->message = *message;
    *message = (struct gcp_message){0};
    held->pulled_ns = now_ns;
    flow->messages++;
    flow->bytes += size_of(&held->message);
    DL_APPEND2(flow->all, held, before, behind);

    if (str_empty(held->message.ordering_key))
        DL_APPEND(flow->ready, held);
    else
        join_lane(flow, held, now_ns, back);
}

struct in_flight_message *flow_control_next(struct flow_control *flow)
{
    struct in_flight_message *held = flow->ready;
    if (!held || flow->sending >= flow->max_deliveries)
        return NULL;
    DL_DELETE(flow->ready, held);
    flow->sending++;
    return held;
}

static void give_back_waiting(struct flow_key_queue *lane, int again_sec,
                              struct in_flight_message **back)
{
    struct in_flight_message *held, *next;
    DL_FOREACH_SAFE(lane->waiting, held, next)
    {
        DL_DELETE(lane->waiting, held);
        give_back(held, again_sec, back);
    }
}

/* Lets the next of the key go, or makes the key wait for the one that failed. */
static void move_lane(struct flow_control *flow, struct flow_key_queue *lane,
                      const struct in_flight_message *ended, int again_sec, int64_t now_ns,
                      struct in_flight_message **back)
{
    lane->first = NULL;
    if (again_sec >= 0) {
        str_replace(&lane->awaited, str_copy(ended->message.id));
        lane->until_ns = now_ns + (int64_t)(again_sec + PATIENCE_SEC) * NS_PER_SEC;
        lane->again_sec = again_sec;
        give_back_waiting(lane, again_sec, back);
    } else if (lane->waiting) {
        lane->first = lane->waiting;
        DL_DELETE(lane->waiting, lane->first);
        DL_APPEND(flow->ready, lane->first);
    }
}

void flow_control_finish(struct flow_control *flow, struct in_flight_message *held, int again_sec,
                         int64_t now_ns, struct in_flight_message **back)
{
    struct flow_key_queue *lane = held->lane;
    flow->sending--;
    give_back(held, again_sec, back);
    if (!lane)
        return;
    move_lane(flow, lane, held, again_sec, now_ns, back);
    if (!lane->first && !lane->awaited)
        drop_lane(flow, lane);
}

void flow_control_expire_keys(struct flow_control *flow, int64_t now_ns)
{
    struct flow_key_queue *lane, *next;
    HASH_ITER(hh, flow->lanes, lane, next)
    {
        if (!lane->first && now_ns >= lane->until_ns)
            drop_lane(flow, lane);
    }
}

void flow_control_return_all(struct flow_control *flow, struct in_flight_message **back)
{
    struct flow_key_queue *lane, *next_lane;
    HASH_ITER(hh, flow->lanes, lane, next_lane)
    {
        give_back_waiting(lane, AT_ONCE, back);
    }
    struct in_flight_message *held, *next;
    DL_FOREACH_SAFE(flow->ready, held, next)
    {
        DL_DELETE(flow->ready, held);
        if (held->lane)
            held->lane->first = NULL;
        give_back(held, AT_ONCE, back);
    }
}

void flow_control_release(struct flow_control *flow, struct in_flight_message *held)
{
    flow->messages--;
    flow->bytes -= size_of(&held->message);
    DL_DELETE2(flow->all, held, before, behind);
    gcp_message_done(&held->message);
    free(held);
}

void flow_control_done(struct flow_control *flow)
{
    while (flow->lanes)
        drop_lane(flow, flow->lanes);
    while (flow->all)
        flow_control_release(flow, flow->all);
}
