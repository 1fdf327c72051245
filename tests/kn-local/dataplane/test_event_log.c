/* SPDX-License-Identifier: Apache-2.0 */
/* Channels on disk: nothing that was taken is lost, whichever subscriber is slow or dead.
 */
#include "tests/kn-local/dataplane/event_log_fixture.h"

#include <signal.h>
#include <sys/wait.h>

TEST(the_sender_is_answered_when_the_event_is_safe_not_when_it_was_delivered)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take(&fixture, 1);
    fake_outcome_wait(&fixture.outcome, 1);
    EXPECT(fixture.outcome.status == 202);
    const struct fake_http_call *call = fake_await_call(fixture.fake, 1);
    EXPECT_STR(call->id, "1");
    EXPECT_STR(call->body.data, "data of 1");
    EXPECT_STR(headers_get(&call->headers, "Prefer"), "reply");
}

TEST(what_was_not_delivered_before_the_end_is_delivered_after_the_next_start)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 3);
    fake_await_call(fixture.fake, 3);
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    const struct fake_http_call *call = fake_await_call(fixture.fake, 2);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "2");
    EXPECT_STR(call->id, "3");
    EXPECT_STR(call->body.data, "data of 3");
    EXPECT_STR(headers_get(&call->headers, "Kn-Namespace"), "default");
    EXPECT_STR(headers_get(&call->headers, "x-request-id"), "r-1");
}

TEST(what_was_done_above_an_event_that_was_not_is_not_delivered_again)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 4);
    fake_await_call(fixture.fake, 4);
    fake_respond(fake_await_call(fixture.fake, 1), 202);
    fake_respond(fake_await_call(fixture.fake, 3), 202);
    close_channel(&fixture);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    fake_await_call(fixture.fake, 2);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "2");
    EXPECT_STR(fake_await_call(fixture.fake, 2)->id, "4");
}

TEST(a_new_subscription_gets_what_comes_after_it)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    begin(&fixture);
    take_all(&fixture, 1, 2);
    subscribe(&fixture, "late");
    take_all(&fixture, 3, 3);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "3");
}

TEST(a_subscriber_that_does_not_answer_holds_up_neither_others_nor_senders)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    enum { EVENTS = 1000 };
    subscribe(&fixture, "dead");
    subscribe(&fixture, "well");
    begin(&fixture);
    size_t well = 0, seen = 0;
    for (int i = 1; i <= EVENTS; i++) {
        take(&fixture, i);
        fake_outcome_wait(&fixture.outcome, i);
    }
    while (well < EVENTS) {
        struct fake_http_call *call = fake_await_call(fixture.fake, ++seen);
        if (str_equal(call->url, "http://well/")) {
            fake_respond(call, 202);
            well++;
        }
    }
    EXPECT(fixture.fake->count - well <= 100); /* requests at once */
}

TEST(a_subscriber_that_was_behind_gets_everything_once_and_in_order)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    enum { EVENTS = 1500 };
    subscribe(&fixture, "slow");
    begin(&fixture);
    for (int i = 1; i <= EVENTS; i++) {
        take(&fixture, i);
        fake_outcome_wait(&fixture.outcome, i);
    }
    EXPECT(fixture.fake->count < 128);
    for (int i = 1; i <= EVENTS; i++) {
        OWN(free) char *id = str_format("%d", i);
        struct fake_http_call *call = fake_await_call(fixture.fake, (size_t)i);
        EXPECT_STR(call->id, id);
        fake_respond(call, 202);
    }
    EXPECT_INT(fixture.fake->count, EVENTS);
}

TEST(an_event_that_keeps_failing_holds_up_no_other)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    enum { EVENTS = 2000 };
    size_t seen = 0, ok = 0, failed = 0;
    for (int i = 1; i <= EVENTS; i++) {
        take(&fixture, i);
        fake_outcome_wait(&fixture.outcome, i);
    }
    while (ok < EVENTS - 1) { /* the first one waits for its third attempt all the time */
        struct fake_http_call *call = fake_await_call(fixture.fake, ++seen);
        bool poisoned = str_equal(call->id, "1");
        ok += !poisoned;
        failed += poisoned;
        fake_respond(call, poisoned ? 503 : 202);
    }
    EXPECT_INT(failed, 2);
}

TEST(events_that_all_have_done_are_deleted)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, 1, 10);
    for (size_t i = 1; i <= 10; i++)
        fake_respond(fake_await_call(fixture.fake, i), 202);
    close_channel(&fixture);
    uint64_t next;
    EXPECT_INT(count_stored(&fixture, &next), 0);
    EXPECT_INT(next, 11);
    open_channel(&fixture);
}

TEST(one_event_that_is_not_done_keeps_no_long_row_of_others_on_disk)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    enum { EVENTS = 1000 };
    size_t seen = 0;
    for (int i = 1; i <= EVENTS; i++) {
        take(&fixture, i);
        fake_outcome_wait(&fixture.outcome, i);
    }
    for (size_t ok = 0; ok < EVENTS - 1;) {
        struct fake_http_call *call = fake_await_call(fixture.fake, ++seen);
        bool poisoned = str_equal(call->id, "1");
        ok += !poisoned;
        fake_respond(call, poisoned ? 503 : 202);
    }
    close_channel(&fixture);
    uint64_t next;
    EXPECT_INT(count_stored(&fixture, &next), 1);
    EXPECT_INT(next, EVENTS + 1);

    open_channel(&fixture);
    subscribe(&fixture, "a");
    begin(&fixture);
    take_all(&fixture, EVENTS + 1, EVENTS + 1);
    fake_await_call(fixture.fake, 2);
    EXPECT_STR(fake_await_call(fixture.fake, 1)->id, "1");
    EXPECT_STR(fake_await_call(fixture.fake, 2)->id, "1001");
}

/* A child that takes events for ever and writes the number of each that is safe into a pipe. */
static void take_until_killed(struct fixture *fixture, int out)
{
    for (int i = 1;; i++) {
        take(fixture, i);
        fake_outcome_wait(&fixture->outcome, i);
        if (write(out, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
}

TEST(nothing_that_was_acknowledged_is_lost_when_the_process_is_killed)
{
    for (int round = 0; round < 3; round++) {
        OWN(place) struct place place = new_place();
        int ends[2], safe = 0, number;
        EXPECT(pipe(ends) == 0);
        pid_t child = fork();
        if (child == 0) {
            struct fixture fixture = {.place = place};
            open_channel(&fixture);
            subscribe(&fixture, "a");
            begin(&fixture);
            take_until_killed(&fixture, ends[1]);
        }
        close(ends[1]);
        while (safe < 200 + 57 * round && read(ends[0], &number, sizeof(number)) == sizeof(number))
            safe = number;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &number, sizeof(number)) == sizeof(number))
            safe = number;
        close(ends[0]);
        EXPECT(safe >= 200);

        struct fixture fixture = {.place = place};
        open_channel(&fixture);
        subscribe(&fixture, "a");
        begin(&fixture);
        for (int i = 1; i <= safe; i++) {
            OWN(free) char *id = str_format("%d", i);
            EXPECT_STR(fake_await_call(fixture.fake, (size_t)i)->id, id);
            fake_respond(fake_await_call(fixture.fake, (size_t)i), 202);
        }
        close_channel(&fixture);
    }
}
