/* SPDX-License-Identifier: Apache-2.0 */
/* pubsub-source: which message may go when, and how often each has failed. */
#include "base/str.h"
#include "base/timestamp.h"
#include "pubsub-source/failures.h"
#include "pubsub-source/flow_control.h"
#include "tests/helpers/test.h"

#include <utlist.h>

enum { TAKEN = -1 };

static struct flow_control small_flow(void)
{
    return (struct flow_control){.max_messages = 10, .max_bytes = 100000, .max_deliveries = 4};
}

/* Takes a message in hand; NULL = no key. */
static void take(struct flow_control *flow, const char *id, const char *key, int64_t now_sec,
                 struct in_flight_message **settled)
{
    struct gcp_message message = {
        .id = str_copy(id), .ordering_key = str_copy(key), .data = str_copy("data"), .len = 4};
    flow_control_add(flow, &message, now_sec * NS_PER_SEC, settled);
}

/* The id of the next message to send, "-" when there is none. */
static const char *next_id(struct flow_control *flow, struct in_flight_message **held)
{
    *held = flow_control_next(flow);
    return *held ? (*held)->message.id : "-";
}

/* "id:again" of all that is to be told, and releases it. The caller frees. */
static char *tell(struct flow_control *flow, struct in_flight_message **settled)
{
    OWN(buf) struct buf text = {0};
    struct in_flight_message *held, *next;
    DL_FOREACH_SAFE(*settled, held, next)
    {
        DL_DELETE(*settled, held);
        buf_add_format(&text, "%s%s:%d", text.len ? " " : "", held->message.id, held->redeliver_sec);
        flow_control_release(flow, held);
    }
    return buf_take(&text);
}

#define EXPECT_NEXT(id) EXPECT_STR(next_id(&flow, &held), id)
#define EXPECT_TOLD(want)                                                                          \
    do {                                                                                           \
        OWN(free) char *told = tell(&flow, &settled);                                                 \
        EXPECT_STR(told, want);                                                                    \
    } while (0)

TEST(messages_without_a_key_go_as_they_came_up_to_the_limit)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *held, *first;
    for (int i = 0; i < 6; i++)
        take(&flow, (char[2]){(char)('a' + i), '\0'}, NULL, 0, &settled);
    EXPECT_NEXT("a");
    first = held;
    EXPECT_NEXT("b");
    EXPECT_NEXT("c");
    EXPECT_NEXT("d");
    EXPECT_NEXT("-");
    flow_control_finish(&flow, first, TAKEN, 0, &settled);
    EXPECT_NEXT("e");
    EXPECT_TOLD("a:-1");
}

TEST(room_shrinks_by_messages_and_closes_by_bytes)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *held;
    EXPECT_INT(flow_control_capacity(&flow), 10);
    take(&flow, "a", NULL, 0, &settled);
    EXPECT_INT(flow_control_capacity(&flow), 9);
    flow.max_bytes = flow.bytes;
    EXPECT_INT(flow_control_capacity(&flow), 0);

    /* only what Pub/Sub was told about makes room again */
    EXPECT_NEXT("a");
    flow_control_finish(&flow, held, TAKEN, 0, &settled);
    EXPECT_INT(flow_control_capacity(&flow), 0);
    EXPECT_TOLD("a:-1");
    EXPECT_INT(flow_control_capacity(&flow), 10);
    EXPECT_INT(flow.bytes, 0);
}

TEST(messages_of_one_key_go_one_after_the_other)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *held, *one;
    take(&flow, "k1", "k", 0, &settled);
    take(&flow, "k2", "k", 0, &settled);
    take(&flow, "x1", "x", 0, &settled);
    EXPECT_NEXT("k1");
    one = held;
    EXPECT_NEXT("x1");
    EXPECT_NEXT("-");
    flow_control_finish(&flow, one, TAKEN, 0, &settled);
    EXPECT_NEXT("k2");
    flow_control_finish(&flow, held, TAKEN, 0, &settled);
    EXPECT_TOLD("k1:-1 k2:-1");
}

TEST(a_failure_sends_the_later_ones_of_its_key_back_with_it)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *held;
    take(&flow, "k1", "k", 0, &settled);
    take(&flow, "k2", "k", 0, &settled);
    take(&flow, "other", NULL, 0, &settled);
    EXPECT_NEXT("k1");
    flow_control_finish(&flow, held, 4, 0, &settled);
    EXPECT_TOLD("k1:4 k2:4");
    EXPECT_NEXT("other");
}

TEST(after_a_failure_a_key_waits_for_the_one_that_failed)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *held;
    take(&flow, "k1", "k", 0, &settled);
    EXPECT_NEXT("k1");
    flow_control_finish(&flow, held, 4, 0, &settled);
    EXPECT_TOLD("k1:4");

    take(&flow, "k2", "k", 1, &settled);
    EXPECT_TOLD("k2:4");
    EXPECT_NEXT("-");

    take(&flow, "k1", "k", 5, &settled);
    take(&flow, "k2", "k", 5, &settled);
    EXPECT_NEXT("k1");
    flow_control_finish(&flow, held, TAKEN, 5, &settled);
    EXPECT_NEXT("k2");
    EXPECT_TOLD("k1:-1");
}

TEST(a_key_does_not_wait_for_ever)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *held;
    take(&flow, "k1", "k", 0, &settled);
    EXPECT_NEXT("k1");
    flow_control_finish(&flow, held, 4, 0, &settled);
    EXPECT_TOLD("k1:4");
    flow_control_expire_keys(&flow, (int64_t)63 * NS_PER_SEC);
    EXPECT(flow.queues != NULL);
    flow_control_expire_keys(&flow, (int64_t)64 * NS_PER_SEC);
    EXPECT(flow.queues == NULL);
    take(&flow, "k2", "k", 64, &settled);
    EXPECT_NEXT("k2");
}

TEST(giving_up_returns_all_that_is_not_being_sent)
{
    OWN(flow_control) struct flow_control flow = small_flow();
    struct in_flight_message *settled = NULL, *held;
    take(&flow, "k1", "k", 0, &settled);
    take(&flow, "k2", "k", 0, &settled);
    take(&flow, "a", NULL, 0, &settled);
    EXPECT_NEXT("k1");
    flow_control_return_all(&flow, &settled);
    EXPECT_TOLD("k2:0 a:0");
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

TEST(only_the_last_ten_thousand_failures_are_remembered)
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
