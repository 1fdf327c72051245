/* SPDX-License-Identifier: Apache-2.0 */
/* net/client/http_client: connections that are kept, shared, closed and waited for. */
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "tests/helpers/http_client_fixture.h"
#include "tests/helpers/sockets.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* Answers one request, closes, and then counts it. */
static void serve_one_and_close(int fd, void *context)
{
    raw_server_send_text(fd, (void *)"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    shutdown(fd, SHUT_RDWR);
    atomic_fetch_add((atomic_int *)context, 1);
}

TEST_BOTH(a_kept_connection_that_the_server_closed_is_replaced)
{
    atomic_int closed = 0;
    OWN(raw_pair) struct raw_pair pair = client_raw_pair_open(serve_one_and_close, &closed);
    for (int i = 0; i < 20; i++) {
        OWN(free) char *body = client_send_ok(
            pair.client, &(struct http_call){.url = pair.url, .body = bytes_of("event")});
        EXPECT_STR(body, "ok");
        while (atomic_load(&closed) <= i)
            sched_yield();
    }
    EXPECT_INT(http_client_connections(pair.client), 20);
}

/* Answers a connection's first request, reads the second, and closes without an answer. */
static void serve_one_of_two(int fd, void *context)
{
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    atomic_fetch_add((atomic_int *)context, 1);
    socket_send(fd, bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    request.len = 0;
    if (raw_server_read_request(fd, &request))
        atomic_fetch_add((atomic_int *)context, 1);
}

TEST_BOTH(a_post_that_may_have_been_read_is_not_sent_again)
{
    atomic_int requests = 0;
    OWN(raw_pair) struct raw_pair pair = client_raw_pair_open(serve_one_of_two, &requests);
    struct http_call call = {.url = pair.url, .body = bytes_of("event")};
    OWN(free) char *first = client_send_ok(pair.client, &call);
    EXPECT_STR(first, "ok");
    OWN(http_response) struct http_response answer = {0};
    struct err err = {0};
    EXPECT(!http_client_send(pair.client, &call, &answer, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_INT(requests, 2);
}

TEST_BOTH(a_get_is_sent_again_when_its_kept_connection_ends)
{
    atomic_int requests = 0;
    OWN(raw_pair) struct raw_pair pair = client_raw_pair_open(serve_one_of_two, &requests);
    OWN(free) char *first = client_send_ok(pair.client, &(struct http_call){.url = pair.url});
    EXPECT_STR(first, "ok");
    OWN(free) char *second = client_send_ok(pair.client, &(struct http_call){.url = pair.url});
    EXPECT_STR(second, "ok");
    EXPECT_INT(requests, 3);
}

static void serve_and_wait(int fd, void *closed)
{
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    socket_send(fd, bytes_of("HTTP/1.1 204 No Content\r\n\r\n"));
    OWN(free) char *rest = socket_read_all(fd);
    (void)rest;
    atomic_store((atomic_bool *)closed, true);
}

TEST(a_connection_that_is_idle_for_long_is_closed)
{
    struct err err = {0};
    struct http_client_options options = {.max_idle_sec = 1};
    OWN(http_client) struct http_client *client = http_client_open(&options, &err);
    atomic_bool closed = false;
    OWN(raw_server) struct raw_server *server = raw_server_open(serve_and_wait, &closed);
    OWN(free) char *url = str_format("http://127.0.0.1:%d/", raw_server_port(server));
    OWN(http_response) struct http_response answer = {0};
    EXPECT(http_client_send(client, &(struct http_call){.url = url}, &answer, &err));

    /* while there is other work */
    client_always_libcurl = false;
    OWN(pair) struct pair pair = client_pair_open();
    int64_t end_ns = timestamp_monotonic_ns() + (int64_t)10 * NS_PER_SEC;
    while (!atomic_load(&closed) && timestamp_monotonic_ns() < end_ns)
        free(client_send_ok(client, &(struct http_call){.url = pair.url}));
    EXPECT(atomic_load(&closed));
}

static void *send_fifty(void *context)
{
    struct pair *pair = context;
    for (int i = 0; i < 50; i++) {
        OWN(free) char *number = str_format("%d of %p", i, (void *)&number);
        struct http_call call = {.url = pair->url, .body = bytes_of(number)};
        OWN(free) char *seen = client_send_ok(pair->client, &call);
        EXPECT(str_ends(seen, number));
    }
    return NULL;
}

TEST_BOTH(eighty_threads_share_the_client_and_its_connections)
{
    OWN(pair) struct pair pair = client_pair_open();
    pthread_t threads[80];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, send_fifty, &pair);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    EXPECT(http_client_connections(pair.client) <= ARRAY_SIZE(threads));
}

TEST_BOTH(requests_one_after_the_other_use_one_connection)
{
    OWN(pair) struct pair pair = client_pair_open();
    send_fifty(&pair);
    EXPECT_INT(http_client_connections(pair.client), 1);
}

TEST_BOTH(a_request_may_be_started_when_another_has_ended)
{
    OWN(pair) struct pair pair = client_pair_open();
    struct tally tally = {.client = pair.client, .call = {.url = pair.url}, .more = 99};
    sem_init(&tally.ended, 0, 0);
    http_client_start(pair.client, &tally.call, client_count_ended, &tally);
    for (int i = 0; i < 100; i++)
        sem_wait(&tally.ended);
    EXPECT_INT(tally.answered, 100);
    EXPECT_INT(http_client_connections(pair.client), 1);
}

TEST(many_requests_to_one_server_wait_for_one_of_a_thousand_connections)
{
    client_always_libcurl = false;
    OWN(pair) struct pair pair = client_pair_open();
    struct tally tally = {.client = pair.client, .call = {.url = pair.url}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 5000; i++)
        http_client_start(pair.client, &tally.call, client_count_ended, &tally);
    for (int i = 0; i < 5000; i++)
        sem_wait(&tally.ended);
    EXPECT_INT(tally.answered, 5000);
    EXPECT(http_client_connections(pair.client) <= 1024);
}

TEST(a_request_may_take_too_long_while_it_waits_for_a_connection)
{
    client_always_libcurl = false;
    OWN(raw_server) struct raw_server *server = raw_server_open(client_serve_silence, (void *)"");
    OWN(free) char *url = str_format("http://127.0.0.1:%d/", raw_server_port(server));
    OWN(http_client) struct http_client *client = client_open();
    struct tally tally = {.client = client, .call = {.url = url, .timeout_ms = 50}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 1100; i++)
        http_client_start(tally.client, &tally.call, client_count_ended, &tally);
    for (int i = 0; i < 1100; i++)
        sem_wait(&tally.ended);
    EXPECT_INT(tally.failed, 1100);
}

TEST_BOTH(closing_ends_each_running_request_once)
{
    OWN(raw_server) struct raw_server *server = raw_server_open(client_serve_silence, (void *)"");
    OWN(free) char *url = str_format("http://127.0.0.1:%d/", raw_server_port(server));
    struct tally tally = {.client = client_open(), .call = {.url = url, .timeout_ms = -1}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 30; i++)
        http_client_start(tally.client, &tally.call, client_count_ended, &tally);
    http_client_close(tally.client);
    EXPECT_INT(tally.answered, 0);
    EXPECT_INT(tally.failed, 30);
}

/* Counts the requests, and answers only the last. */
static void serve_the_last(int fd, void *context)
{
    OWN(buf) struct buf request = {0};
    if (!raw_server_read_request(fd, &request))
        return;
    if (str_starts(request.data, "GET /last "))
        socket_send(fd, bytes_of("last"));
    else
        atomic_fetch_add((atomic_int *)context, 1);
    OWN(free) char *rest = socket_read_all(fd);
    (void)rest;
}

TEST(closing_sends_no_request_that_waits_for_a_connection)
{
    client_always_libcurl = false;
    atomic_int came = 0;
    OWN(raw_server) struct raw_server *server = raw_server_open(serve_the_last, &came);
    OWN(free) char *url = str_format("http://127.0.0.1:%d/", raw_server_port(server));
    struct tally tally = {.client = client_open(), .call = {.url = url, .timeout_ms = -1}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 1100; i++)
        http_client_start(tally.client, &tally.call, client_count_ended, &tally);
    while (atomic_load(&came) < 1024)
        sched_yield();
    http_client_close(tally.client);
    EXPECT_INT(tally.failed, 1100);

    OWN(fd) int last = socket_connect(raw_server_port(server));
    OWN(buf) struct buf got = {0};
    socket_send(last, bytes_of("GET /last HTTP/1.1\r\n\r\n"));
    EXPECT(socket_read_until(last, "last", &got)); /* after all others */
    EXPECT_INT(came, 1024);
}
