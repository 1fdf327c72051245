/* SPDX-License-Identifier: Apache-2.0 */
/* Channels on disk: nothing that was taken is lost, whoever is slow, dead or behind. */
#include "base/file.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/dataplane/event_log_store.h"
#include "tests/helpers/fake_delivery_io.h"
#include "tests/helpers/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char *dir, *path;
};

static struct place new_place(void)
{
    char dir[] = "/tmp/store-XXXXXX";
    EXPECT(mkdtemp(dir) != NULL);
    return (struct place){str_copy(dir), str_format("%s/channels.db", dir)};
}

static void own_place(struct place *place)
{
    struct err err = {0};
    file_remove_tree(place->dir, &err);
    free(place->dir);
    free(place->path);
}

static bool collect(uint64_t number, struct bytes headers, struct bytes body, void *to)
{
    return buf_add_format(to, "%d:%.*s/%.*s ", (int)number, (int)headers.len, headers.data,
                          (int)body.len, body.data);
}

static void append(struct event_log_store *store, int64_t channel, uint64_t number,
                   const char *body)
{
    struct err err = {0};
    EXPECT(event_log_store_begin(store, &err));
    EXPECT(event_log_store_append(store, channel, number, bytes_of("h"), bytes_of(body), &err));
    EXPECT(event_log_store_commit(store, &err));
}

static char *contents(struct event_log_store *store, int64_t channel)
{
    struct err err = {0};
    OWN(buf) struct buf all = {0};
    EXPECT(event_log_store_read(store, channel, 1, collect, &all, &err));
    return buf_take(&all);
}

TEST(a_stores_channels_keep_their_events_apart_and_in_order)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    OWN(event_log_store) struct event_log_store *store = event_log_store_open(place.path, &err);
    int64_t one, other;
    uint64_t next;
    EXPECT(event_log_store_channel(store, "one", &one, &next, &err));
    EXPECT_INT(next, 1);
    EXPECT(event_log_store_channel(store, "other", &other, &next, &err));
    append(store, one, 1, "a");
    append(store, other, 1, "x");
    append(store, one, 2, "");
    OWN(free) char *first = contents(store, one);
    OWN(free) char *second = contents(store, other);
    EXPECT_STR(first, "1:h/a 2:h/ ");
    EXPECT_STR(second, "1:h/x ");
    EXPECT(event_log_store_remove_channel(store, one, &err));
    OWN(free) char *gone = contents(store, one);
    OWN(free) char *stays = contents(store, other);
    EXPECT_STR(gone, "");
    EXPECT_STR(stays, "1:h/x ");
}

TEST(a_reader_goes_on_where_it_was_and_numbers_are_never_given_twice)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    int64_t id;
    uint64_t next, position = 1;
    {
        OWN(event_log_store) struct event_log_store *store = event_log_store_open(place.path, &err);
        EXPECT(event_log_store_channel(store, "c", &id, &next, &err));
        EXPECT(event_log_store_reader(store, id, "r", &position, &err));
        append(store, id, 1, "a");
        append(store, id, 2, "b");
        EXPECT(event_log_store_move_reader(store, id, "r", 3, &err));
        bool left;
        EXPECT(event_log_store_delete(store, id, 3, 100, &left, &err));
        EXPECT(!left);
    }
    OWN(event_log_store) struct event_log_store *store = event_log_store_open(place.path, &err);
    EXPECT(event_log_store_channel(store, "c", &id, &next, &err));
    EXPECT_INT(next, 3);
    position = 99;
    EXPECT(event_log_store_reader(store, id, "r", &position, &err));
    EXPECT_INT(position, 3);
}

TEST(what_was_not_committed_is_not_there)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    OWN(event_log_store) struct event_log_store *store = event_log_store_open(place.path, &err);
    int64_t id;
    uint64_t next;
    EXPECT(event_log_store_channel(store, "c", &id, &next, &err));
    EXPECT(event_log_store_begin(store, &err));
    EXPECT(event_log_store_append(store, id, 1, bytes_of("h"), bytes_of("a"), &err));
    event_log_store_rollback(store);
    OWN(free) char *all = contents(store, id);
    EXPECT_STR(all, "");
}

TEST(a_file_that_is_no_store_is_refused_by_name)
{
    struct err err = {0};
    OWN(place) struct place place = new_place();
    EXPECT(file_write(place.path, 0600, bytes_of("this is surely no database, but a text"), &err));
    EXPECT(event_log_store_open(place.path, &err) == NULL);
    EXPECT_HAS(err.text, place.path);
    err = (struct err){0};
    EXPECT(event_log_store_open("/nowhere/channels.db", &err) == NULL);
    EXPECT_HAS(err.text, "cannot open the store");
}

struct fixture {
    struct place place;
    struct fake_delivery_io *fake;
    struct event_log_writer *archive;
    struct channel *channel;
    struct subscription *subscriptions[4];
    size_t count;
    struct fake_outcome outcome;
};

static void open_channel(struct fixture *scene)
{
    struct err err = {0};
    scene->fake = fake_delivery_io_new();
    scene->archive = event_log_writer_open(scene->place.path, &err);
    EXPECT(scene->archive != NULL);
    scene->channel = channel_open(&scene->fake->world, scene->archive, "default", "c", &err);
    EXPECT(scene->channel != NULL);
    fake_outcome_init(&scene->outcome);
}

static void open_scene(struct fixture *scene)
{
    memset(scene, 0, sizeof(*scene));
    scene->place = new_place();
    open_channel(scene);
}

/* Ends as a program does that is told to: what waits stays on disk. */
static void close_channel(struct fixture *scene)
{
    for (size_t i = 0; i < scene->count; i++) {
        channel_unsubscribe(scene->channel, scene->subscriptions[i], false);
        subscription_release(scene->subscriptions[i]);
    }
    for (size_t i = 1; i <= scene->fake->count; i++)
        if (fake_await_call(scene->fake, i)->ended)
            fake_respond(fake_await_call(scene->fake, i), 0);
    scene->count = 0;
    channel_close(scene->channel, false);
    event_log_writer_close(scene->archive);
    fake_delivery_io_free(scene->fake);
}

static void own_fixture(struct fixture *scene)
{
    close_channel(scene);
    own_place(&scene->place);
}

static void subscribe(struct fixture *scene, const char *name)
{
    struct err err = {0};
    OWN(free) char *url = str_format("http://%s/", name);
    struct runtime_subscription from = {
        .ns = "default",
        .name = name,
        .channel = "c",
        .subscriber = {.to = DESTINATION_URL, .url = url},
        .policy = {.retry = 1000, .backoff = BACKOFF_LINEAR, .delay_ns = NS_PER_SEC},
    };
    struct subscription *subscription = subscription_new(&scene->fake->world, "http://x", &from);
    EXPECT(channel_subscribe(scene->channel, subscription, &err));
    scene->subscriptions[scene->count++] = subscription;
}

static void take(struct fixture *scene, int number)
{
    OWN(free) char *id = str_format("%d", number);
    OWN(event_message) struct event_message *parcel = fake_event(id);
    fake_outcome_watch(parcel, &scene->outcome);
    EXPECT(channel_take(scene->channel, parcel));
}

/* Takes events one behind the other, each when the one before is safe. */
static void take_all(struct fixture *scene, int from, int to)
{
    for (int i = from; i <= to; i++) {
        take(scene, i);
        fake_outcome_wait(&scene->outcome, i - from + 1);
        EXPECT(scene->outcome.well);
    }
    fake_outcome_init(&scene->outcome);
}

TEST(the_sender_is_answered_when_the_event_is_safe_not_when_it_was_delivered)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    subscribe(&scene, "a");
    take(&scene, 1);
    fake_outcome_wait(&scene.outcome, 1);
    EXPECT(scene.outcome.well);
    const struct fake_http_call *call = fake_await_call(scene.fake, 1);
    EXPECT_STR(call->id, "1");
    EXPECT_STR(call->body.data, "data of 1");
    EXPECT_STR(headers_get(&call->headers, "Prefer"), "reply");
}

TEST(what_was_not_delivered_before_the_end_is_delivered_after_the_next_start)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    subscribe(&scene, "a");
    take_all(&scene, 1, 3);
    fake_await_call(scene.fake, 3);
    fake_respond(fake_await_call(scene.fake, 1), 202);
    close_channel(&scene);

    open_channel(&scene);
    subscribe(&scene, "a");
    const struct fake_http_call *call = fake_await_call(scene.fake, 2);
    EXPECT_STR(fake_await_call(scene.fake, 1)->id, "2");
    EXPECT_STR(call->id, "3");
    EXPECT_STR(call->body.data, "data of 3");
    EXPECT_STR(headers_get(&call->headers, "Kn-Namespace"), "default");
    EXPECT_STR(headers_get(&call->headers, "x-request-id"), "r-1");
}

TEST(what_ended_out_of_order_is_delivered_again_only_from_the_first_gap_on)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    subscribe(&scene, "a");
    take_all(&scene, 1, 4);
    fake_await_call(scene.fake, 4);
    fake_respond(fake_await_call(scene.fake, 1), 202);
    fake_respond(fake_await_call(scene.fake, 3), 202);
    fake_respond(fake_await_call(scene.fake, 4), 202);
    close_channel(&scene);

    open_channel(&scene);
    subscribe(&scene, "a");
    EXPECT_STR(fake_await_call(scene.fake, 1)->id, "2");
    EXPECT_STR(fake_await_call(scene.fake, 3)->id, "4");
}

TEST(a_new_subscription_gets_what_comes_after_it)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    take_all(&scene, 1, 2);
    subscribe(&scene, "late");
    take_all(&scene, 3, 3);
    EXPECT_STR(fake_await_call(scene.fake, 1)->id, "3");
}

TEST(a_subscriber_that_does_not_answer_holds_up_neither_others_nor_senders)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    enum { EVENTS = 1000 };
    subscribe(&scene, "dead");
    subscribe(&scene, "well");
    size_t well = 0, seen = 0;
    for (int i = 1; i <= EVENTS; i++) {
        take(&scene, i);
        fake_outcome_wait(&scene.outcome, i);
    }
    while (well < EVENTS) {
        struct fake_http_call *call = fake_await_call(scene.fake, ++seen);
        if (str_equal(call->url, "http://well/")) {
            fake_respond(call, 202);
            well++;
        }
    }
    EXPECT(scene.fake->count - well <= ACK_WINDOW_SIZE); /* the dead one's share of memory */
}

TEST(a_subscriber_that_was_behind_gets_everything_once_and_in_order)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    enum { EVENTS = 1500 };
    subscribe(&scene, "slow");
    for (int i = 1; i <= EVENTS; i++) {
        take(&scene, i);
        fake_outcome_wait(&scene.outcome, i);
    }
    EXPECT(scene.fake->count < 128);
    for (int i = 1; i <= EVENTS; i++) {
        OWN(free) char *id = str_format("%d", i);
        struct fake_http_call *call = fake_await_call(scene.fake, (size_t)i);
        EXPECT_STR(call->id, id);
        fake_respond(call, 202);
    }
    EXPECT_INT(scene.fake->count, EVENTS);
}

TEST(an_event_that_keeps_failing_does_not_hold_up_those_behind_it)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    subscribe(&scene, "a");
    take_all(&scene, 1, 2);
    fake_await_call(scene.fake, 2);
    for (size_t i = 1; i <= 2; i++)
        if (str_equal(fake_await_call(scene.fake, i)->id, "1"))
            fake_respond(fake_await_call(scene.fake, i), 503); /* the first retry comes at once */
    fake_await_call(scene.fake, 3);
    fake_respond(fake_await_call(scene.fake, 3), 503);
    take_all(&scene, 3, 3);
    EXPECT_STR(fake_await_call(scene.fake, 4)->id, "3");
}

TEST(events_that_all_have_behind_them_are_deleted)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    subscribe(&scene, "a");
    take_all(&scene, 1, 10);
    for (size_t i = 1; i <= 10; i++)
        fake_respond(fake_await_call(scene.fake, i), 202);
    close_channel(&scene);
    open_channel(&scene);
    close_channel(&scene);

    struct err err = {0};
    int64_t id;
    uint64_t next;
    {
        OWN(event_log_store) struct event_log_store *store =
            event_log_store_open(scene.place.path, &err);
        EXPECT(event_log_store_channel(store, "default/channels/c", &id, &next, &err));
        EXPECT_INT(next, 11);
        OWN(free) char *left = contents(store, id);
        EXPECT_STR(left, "");
    }
    open_channel(&scene);
}

TEST(a_channel_that_is_removed_leaves_nothing_behind)
{
    OWN(fixture) struct fixture scene;
    open_scene(&scene);
    struct err err = {0};
    subscribe(&scene, "a");
    take_all(&scene, 1, 3);
    fake_await_call(scene.fake, 3);
    channel_unsubscribe(scene.channel, scene.subscriptions[0], true);
    subscription_release(scene.subscriptions[0]);
    scene.count = 0;
    for (size_t i = 1; i <= 3; i++)
        fake_respond(fake_await_call(scene.fake, i), 202);
    channel_close(scene.channel, true);
    scene.channel = channel_open(&scene.fake->world, scene.archive, "default", "c", &err);
    subscribe(&scene, "a");
    take_all(&scene, 4, 4);
    EXPECT_STR(fake_await_call(scene.fake, 4)->id, "4");
}

/* A child that takes events for ever and writes the number of each that is safe into a pipe. */
static void take_until_killed(struct fixture *scene, int out)
{
    for (int i = 1;; i++) {
        take(scene, i);
        fake_outcome_wait(&scene->outcome, i);
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
            struct fixture scene = {.place = place};
            open_channel(&scene);
            subscribe(&scene, "a");
            take_until_killed(&scene, ends[1]);
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

        struct fixture scene = {.place = place};
        open_channel(&scene);
        subscribe(&scene, "a");
        for (int i = 1; i <= safe; i++) {
            OWN(free) char *id = str_format("%d", i);
            EXPECT_STR(fake_await_call(scene.fake, (size_t)i)->id, id);
            fake_respond(fake_await_call(scene.fake, (size_t)i), 202);
        }
        close_channel(&scene);
    }
}
