/* SPDX-License-Identifier: Apache-2.0 */
/* PingSources, with a clock of the test's own. */
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/ping_source.h"
#include "tests/helpers/fake_dataplane_io.h"
#include "tests/helpers/test.h"

struct fixture {
    struct fake_dataplane_io *fake;
    struct runtime_ping spec;
    struct ping_source *ping;
};

static void open_fixture(struct fixture *fixture)
{
    struct err err = {0};
    fixture->fake = fake_dataplane_io_new();
    fixture->fake->now_ns = 1000 * NS_PER_SEC;
    fixture->spec = (struct runtime_ping){.ns = "default",
                                          .name = "pingsource/tick",
                                          .schedule = "* * * * * *",
                                          .data = bytes_of("tick"),
                                          .sink = {.to = DESTINATION_URL, .url = "http://a/"}};
    fixture->ping =
        ping_source_start(&fixture->fake->io, "http://127.0.0.1:1", &fixture->spec, &err);
    EXPECT(fixture->ping != NULL);
}

static void own_fixture(struct fixture *fixture)
{
    if (fixture->ping)
        ping_source_stop(fixture->ping);
    fake_dataplane_io_free(fixture->fake);
}

static void apply(struct fixture *fixture)
{
    struct err err = {0};
    EXPECT(ping_source_change(fixture->ping, "http://127.0.0.1:1", &fixture->spec, &err));
}

TEST(each_second_has_its_event_however_late_the_timer_is)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    fixture.fake->now_ns += 5 * NS_PER_SEC + NS_PER_SEC / 2;
    for (int i = 0; i < 5; i++)
        EXPECT(fake_fire_timer(fixture.fake));
    EXPECT_INT(fixture.fake->count, 5);
    EXPECT_STR(headers_get(&fixture.fake->calls[0].headers, "ce-type"), "dev.knative.sources.ping");
    EXPECT_STR(headers_get(&fixture.fake->calls[0].headers, "Kn-Namespace"), "default");
    EXPECT(headers_get(&fixture.fake->calls[0].headers, "Prefer") == NULL);
    for (size_t i = 1; i <= 5; i++)
        fake_respond(fake_await_call(fixture.fake, i), 202);
}

TEST(applying_it_again_does_not_disturb_deliveries_in_flight)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    EXPECT(fake_fire_timer(fixture.fake));
    ping_source_pause(fixture.ping); /* only the retries are left */
    fake_respond(fake_await_call(fixture.fake, 1), 503);
    apply(&fixture);
    fixture.spec.sink.url = "http://new/";
    apply(&fixture);
    static const int waits_ms[] = {100, 200, 400, 800, 1600};
    size_t first = fixture.fake->wait_count - 1;
    for (size_t i = 0; i < ARRAY_SIZE(waits_ms); i++) {
        EXPECT_INT(fixture.fake->waits_ns[first + i] / NS_PER_MS, waits_ms[i]);
        EXPECT(fake_fire_timer(fixture.fake));
        EXPECT_STR(fake_await_call(fixture.fake, i + 2)->url, "http://a/");
        fake_respond(fake_await_call(fixture.fake, i + 2), 503);
    }
    EXPECT(!fake_fire_timer(fixture.fake));
    EXPECT_HAS(fixture.fake->published, "EventDropped pingsource/tick: an event was dropped after "
                                        "6 attempts: http://a/ answered 503");
}

TEST(a_sink_that_answers_500_is_not_tried_again)
{
    static const struct {
        int status;
        bool again;
    } rows[] = {{0, true},    {404, true},  {413, true},  {425, true},  {429, true},
                {502, true},  {503, true},  {504, true},  {400, false}, {401, false},
                {408, false}, {409, false}, {500, false}, {501, false}, {302, false}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(fixture) struct fixture fixture;
        open_fixture(&fixture);
        EXPECT(fake_fire_timer(fixture.fake));
        ping_source_pause(fixture.ping);
        fake_respond(fake_await_call(fixture.fake, 1), rows[i].status);
        EXPECT(fake_fire_timer(fixture.fake) == rows[i].again);
        if (rows[i].again)
            fake_respond(fake_await_call(fixture.fake, 2), 202);
    }
}

TEST(a_source_that_is_removed_tries_nothing_again)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    EXPECT(fake_fire_timer(fixture.fake));
    fake_respond(fake_await_call(fixture.fake, 1), 503);
    ping_source_stop(fixture.ping);
    fixture.ping = NULL;
    EXPECT(!fake_fire_timer(fixture.fake));
    EXPECT_INT(fixture.fake->count, 1);
}

TEST(a_new_schedule_counts_from_now_on)
{
    OWN(fixture) struct fixture fixture;
    open_fixture(&fixture);
    fixture.spec.schedule = "@hourly";
    apply(&fixture);
    fixture.fake->now_ns += 30 * NS_PER_SEC;
    EXPECT(fake_fire_timer(fixture.fake)); /* it looks at the clock again */
    EXPECT_INT(fixture.fake->count, 0);
}
