/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local's Pub/Sub: long polls, and how they are woken. */
#include "base/str.h"
#include "tests/helpers/pubsub_server.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 1000 };

static struct pubsub_server *open_server(void)
{
    struct pubsub_server *server = pubsub_server_open(NULL, NULL);
    pubsub_server_expect(server, "PUT", "topics/news", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/reader",
                         "{\"topic\":\"projects/demo/topics/news\"}", 200, NULL);
    pubsub_server_expect(server, "PUT", "topics/quiet", "{}", 200, NULL);
    pubsub_server_expect(server, "PUT", "subscriptions/idle",
                         "{\"topic\":\"projects/demo/topics/quiet\"}", 200, NULL);
    return server;
}

/* Starts a pull that waits; headers end in a line break when there are any. */
static int start_pull(const struct pubsub_server *server, const char *headers)
{
    static const char body[] = "{\"maxMessages\":1}";
    OWN(free) char *request =
        str_format("POST /v1/projects/demo/subscriptions/reader:pull HTTP/1.1\r\n"
                   "Host: x\r\n%sContent-Length: %zu\r\n\r\n%s",
                   headers, strlen(body), body);
    int fd = socket_connect(http_server_port(server->server));
    EXPECT(socket_send(fd, bytes_of(request)));
    return fd;
}

/* The processor time of this process so far. */
static double cpu_sec(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Waits for an empty pull of a second from another subscription to end. */
static void wait_a_second(struct pubsub_server *server)
{
    OWN(fd) int fd = socket_connect(http_server_port(server->server));
    static const char request[] =
        "POST /v1/projects/demo/subscriptions/idle:pull HTTP/1.1\r\nHost: x\r\n"
        "X-Server-Timeout: 1\r\nContent-Length: 17\r\n\r\n{\"maxMessages\":1}";
    EXPECT(socket_send(fd, bytes_of(request)));
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "\r\n\r\n{}", &got));
}

/* How many of the sockets can be read. */
static int count_answered(const int *fds, size_t clients)
{
    int answered = 0;
    for (size_t i = 0; i < clients; i++) {
        char byte;
        answered += recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    }
    return answered;
}

TEST(a_pull_waits_and_is_answered_by_the_message)
{
    OWN(pubsub_server) struct pubsub_server *server = open_server();
    OWN(fd) int fd = start_pull(server, "");
    pubsub_server_publish_text(server, "news", "hello", NULL);
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "\"data\":\"aGVsbG8=\"", &got));
}

TEST(a_pull_ends_empty_after_the_timeout_of_the_client)
{
    OWN(pubsub_server) struct pubsub_server *server = open_server();
    OWN(fd) int fd = start_pull(server, "x-server-timeout: 1\r\n");
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "\r\n\r\n{}", &got));
    EXPECT_INT(socket_status(got.data), 200);
}

TEST(a_pull_that_waits_is_answered_when_its_subscription_is_deleted)
{
    OWN(pubsub_server) struct pubsub_server *server = open_server();
    OWN(fd) int fd = start_pull(server, "");
    OWN(buf) struct buf got = {0};
    pubsub_server_expect(server, "DELETE", "subscriptions/reader", NULL, 200, NULL);
    EXPECT(socket_read_until(fd, "\r\n\r\n{", &got));
}

TEST(a_pull_that_waits_is_answered_when_the_service_stops)
{
    OWN(pubsub_server) struct pubsub_server *server = open_server();
    OWN(fd) int fd = start_pull(server, "");
    OWN(buf) struct buf got = {0};
    pubsub_stop(server->pubsub);
    EXPECT(socket_read_until(fd, "\r\n\r\n{}", &got));
}

TEST(a_message_that_is_given_back_wakes_a_waiting_pull)
{
    OWN(pubsub_server) struct pubsub_server *server = open_server();
    pubsub_server_publish_text(server, "news", "x", NULL);
    json_auto_t *received = pubsub_server_pull(server, "reader");
    OWN(fd) int fd = start_pull(server, "");
    pubsub_server_nack_all(server, "reader", received);
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(fd, "eA==", &got));
}

TEST(a_client_that_has_disconnected_is_given_no_message)
{
    OWN(pubsub_server) struct pubsub_server *server = open_server();
    int closed = start_pull(server, "");
    OWN(fd) int open = start_pull(server, "");
    close(closed);
    pubsub_server_publish_text(server, "news", "x", NULL);
    OWN(buf) struct buf got = {0};
    EXPECT(socket_read_until(open, "eA==", &got));
}

TEST(a_thousand_waiting_clients_cost_no_cpu_and_one_publish_wakes_one)
{
    OWN(pubsub_server) struct pubsub_server *server = open_server();
    static int fds[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        fds[i] = start_pull(server, "");
    /* answered after all of them on each thread */
    pubsub_server_expect(server, "GET", "topics", NULL, 200, NULL);
    double before = cpu_sec();
    wait_a_second(server);
    EXPECT(cpu_sec() - before < 0.1);
    EXPECT_INT(count_answered(fds, CLIENTS), 0);

    for (int published = 1; published <= 3; published++) {
        pubsub_server_publish_text(server, "news", "x", NULL);
        while (count_answered(fds, CLIENTS) < published)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        EXPECT_INT(count_answered(fds, CLIENTS), published);
    }
    for (size_t i = 3; i < CLIENTS; i++)
        pubsub_server_publish_text(server, "news", "x", NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        OWN(buf) struct buf got = {0};
        EXPECT(socket_read_until(fds[i], "eA==", &got));
        close(fds[i]);
    }
}
