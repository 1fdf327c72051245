/* SPDX-License-Identifier: Apache-2.0 */
/* pubsub-source: the order of deliveries, and the count of failures. */
#include "base/str.h"
#include "base/timestamp.h"
#include "pubsub-source/failures.h"
#include "pubsub-source/flow_control.h"
#include "tests/helpers/test.h"

#include <utlist.h>

static struct flow_control small_flow(void)
{
    return (struct flow_control){.max_messages = 10, .max_bytes = 100000, .max_deliveries = 4};
}

/* Adds a message; key NULL = none. */
static void add(struct flow_control *flow, const char *id, const char *key, int64_t now_sec,
                struct in_flight_message **settled)
{
    struct gcp_message message = {
        .id = str_copy(id), .ordering_key = str_copy(key), .data = str_copy("data"), .len = 4};
    flow_control_add(flow, &message, now_sec * NS_PER_SEC, settled);
}

/* The id of the next message to deliver, "-" when there is none. */
static const char *next_id(struct flow_control *flow, struct in_flight_message **in_flight)
{
    *in_flight = flow_control_next(flow);
    return *in_flight ? (*in_flight)->message.id : "-";
}

/* "id:redeliver_sec" of the settled messages, which it releases. The caller frees. */
static char *settled_ids(struct flow_control *flow, struct in_flight_message **settled)
{
    OWN(buf) struct buf text = {0};
    struct in_flight_message *in_flight, *next;
    DL_FOREACH_SAFE(*settled, in_flight, next)
    {
        DL_DELETE(*settled, in_flight);
        buf_add_format(&text, "%s%s:%d", text.len ? " " : "", in_flight->message.id,
                       in_flight->redeliver_sec);
        flow_control_release(flow, in_flight);
    }
    return buf_take(&text);
}

#define EXPECT_NEXT(id) EXPECT_STR(next_id(&flow, &in_flight), id)
#define EXPECT_SETTLED(want)                                                                       \
    do {                                                                                           \
        OWN(free) char *ids = settled_ids(&flow, &settled);                                        \
        EXPECT_STR(ids, want);                                                                     \
    } while (0)

TEST(messages_without_a_key_are_delivered_in_order_up_to_the_limit)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *in_flight, *first;
    for (int i = 0; i < 6; i++)
        add(&flow, (char[2]){(char)('a' + i), '\0'}, NULL, 0, &settled);
    EXPECT_NEXT("a");
    first = in_flight;
    EXPECT_NEXT("b");
    EXPECT_NEXT("c");
    EXPECT_NEXT("d");
    EXPECT_NEXT("-");
    flow_control_finish(&flow, first, FLOW_ACKNOWLEDGE, 0, &settled);
    EXPECT_NEXT("e");
    EXPECT_SETTLED("a:-1");
}

TEST(capacity_is_limited_by_messages_and_bytes)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *in_flight;
    EXPECT_INT(flow_control_capacity(&flow), 10);
    add(&flow, "a", NULL, 0, &settled);
    EXPECT_INT(flow_control_capacity(&flow), 9);
    flow.max_bytes = flow.bytes;
    EXPECT_INT(flow_control_capacity(&flow), 0);

    /* only what Pub/Sub was told about makes room again */
    EXPECT_NEXT("a");
    flow_control_finish(&flow, in_flight, FLOW_ACKNOWLEDGE, 0, &settled);
    EXPECT_INT(flow_control_capacity(&flow), 0);
    EXPECT_SETTLED("a:-1");
    EXPECT_INT(flow_control_capacity(&flow), 10);
    EXPECT_INT(flow.bytes, 0);
}

TEST(messages_of_one_key_are_delivered_one_after_the_other)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *in_flight, *one;
    add(&flow, "k1", "k", 0, &settled);
    add(&flow, "k2", "k", 0, &settled);
    add(&flow, "x1", "x", 0, &settled);
    EXPECT_NEXT("k1");
    one = in_flight;
    EXPECT_NEXT("x1");
    EXPECT_NEXT("-");
    flow_control_finish(&flow, one, FLOW_ACKNOWLEDGE, 0, &settled);
    EXPECT_NEXT("k2");
    flow_control_finish(&flow, in_flight, FLOW_ACKNOWLEDGE, 0, &settled);
    EXPECT_SETTLED("k1:-1 k2:-1");
}

TEST(a_failure_returns_the_later_messages_of_its_key)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *in_flight;
    add(&flow, "k1", "k", 0, &settled);
    add(&flow, "k2", "k", 0, &settled);
    add(&flow, "other", NULL, 0, &settled);
    EXPECT_NEXT("k1");
    flow_control_finish(&flow, in_flight, 4, 0, &settled);
    EXPECT_SETTLED("k1:4 k2:4");
    EXPECT_NEXT("other");
}

TEST(after_a_failure_a_key_waits_for_the_failed_message)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *in_flight;
    add(&flow, "k1", "k", 0, &settled);
    EXPECT_NEXT("k1");
    flow_control_finish(&flow, in_flight, 4, 0, &settled);
    EXPECT_SETTLED("k1:4");

    add(&flow, "k2", "k", 1, &settled);
    EXPECT_SETTLED("k2:4");
    EXPECT_NEXT("-");

    add(&flow, "k1", "k", 5, &settled);
    add(&flow, "k2", "k", 5, &settled);
    EXPECT_NEXT("k1");
    flow_control_finish(&flow, in_flight, FLOW_ACKNOWLEDGE, 5, &settled);
    EXPECT_NEXT("k2");
    EXPECT_SETTLED("k1:-1");
}

TEST(a_key_stops_waiting_after_a_minute)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *in_flight;
    add(&flow, "k1", "k", 0, &settled);
    EXPECT_NEXT("k1");
    flow_control_finish(&flow, in_flight, 4, 0, &settled);
    EXPECT_SETTLED("k1:4");
    flow_control_expire_keys(&flow, (int64_t)63 * NS_PER_SEC);
    EXPECT(flow.queues != NULL);
    flow_control_expire_keys(&flow, (int64_t)64 * NS_PER_SEC);
    EXPECT(flow.queues == NULL);
    add(&flow, "k2", "k", 64, &settled);
    EXPECT_NEXT("k2");
}

TEST(return_all_returns_the_messages_that_are_not_being_delivered)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *in_flight;
    add(&flow, "k1", "k", 0, &settled);
    add(&flow, "k2", "k", 0, &settled);
    add(&flow, "a", NULL, 0, &settled);
    EXPECT_NEXT("k1");
    flow_control_return_all(&flow, &settled);
    EXPECT_SETTLED("k2:0 a:0");
    EXPECT_NEXT("-");
    EXPECT_INT(flow.delivering, 1);
}

TEST(failures_are_counted_by_message_until_it_is_delivered)
{
    OWN(failures) struct failures failures = {0};
    EXPECT_INT(failures_add(&failures, "a"), 0);
    EXPECT_INT(failures_add(&failures, "a"), 1);
    EXPECT_INT(failures_add(&failures, "b"), 0);
    failures_forget(&failures, "a");
    failures_forget(&failures, "never seen");
    EXPECT_INT(failures_add(&failures, "a"), 0);
    EXPECT_INT(failures_add(&failures, "b"), 1);
}

TEST(only_the_last_ten_thousand_failures_are_kept)
{
    OWN(failures) struct failures failures = {0};
    failures_add(&failures, "first");
    for (int i = 0; i < 9999; i++) {
        OWN(free) char *id = str_format("%d", i);
        failures_add(&failures, id);
    }
    EXPECT_INT(failures_add(&failures, "first"), 1);
    failures_add(&failures, "one more");
    EXPECT_INT(failures_add(&failures, "first"), 0);
}
