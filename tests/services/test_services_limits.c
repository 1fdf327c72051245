/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper, vision and translate: hostile clients, limits, signals, options and logs. */
#include "base/base64.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "tests/helpers/google_server.h"
#include "tests/helpers/process.h"
#include "tests/helpers/services_fixture.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* Posts one picture; for many threads. */
static void *post_picture(void *context)
{
    uint16_t port = *(uint16_t *)context;
    char *response =
        post(port, CE_OBJECT, bytes_of("{\"bucket\":\"pictures\",\"name\":\"sea.jpg\"}"));
    bool good = socket_status(response) == 200;
    free(response);
    return good ? context : NULL;
}

TEST(eighty_pictures_are_labelled_in_parallel)
{
    struct fixture *s = services();
    pthread_t threads[80];
    s->google.in_progress = 0;
    s->google.min_parallel =
        ARRAY_SIZE(threads); /* Google answers nobody before all eighty have asked */
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, post_picture, &s->port[VISION]);
    size_t good = 0;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *result;
        pthread_join(threads[i], &result);
        good += result != NULL;
    }
    s->google.min_parallel = s->google.in_progress = 0;
    EXPECT_INT(good, ARRAY_SIZE(threads));
}

TEST(connections_to_google_are_reused)
{
    struct google_server google;
    struct process process;
    google_server_open(&google);
    start(&process, VISION, &google, NULL);
    uint16_t port = process_port(&process);
    for (int i = 0; i < 20; i++)
        EXPECT(post_picture(&port) != NULL);
    EXPECT_INT(google.requests, 20);
    EXPECT_INT(http_server_accepted(google.server), 1);
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    google_server_close(&google);
}

/* A service lives when it still answers. */
static void expect_alive(uint16_t port)
{
    OWN(free) char *response = post(port, CE "ce-type: t\r\n", bytes_of("alive"));
    EXPECT_INT(socket_status(response), 200);
}

TEST(an_incomplete_request_does_not_block_others)
{
    struct fixture *s = services();
    for (int i = 0; i < SERVICES; i++) {
        OWN(fd) int head = socket_connect(s->port[i]);
        OWN(fd) int body = socket_connect(s->port[i]);
        socket_send(head, bytes_of("POST / HTTP/1.1\r\nHos"));
        socket_send(body,
                    bytes_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"));
        expect_alive(s->port[i]);
    }
}

TEST(a_megabyte_of_headers_is_refused_and_freed)
{
    struct fixture *s = services();
    OWN(free) char *megabyte = alloc_zeroed(1 << 20);
    memset(megabyte, 'x', (1 << 20) - 1);
    OWN(free) char *request =
        str_format("POST / HTTP/1.1\r\nHost: x\r\nce-x: %s\r\n\r\n", megabyte);
    OWN(free) char *response = socket_request(s->port[DUMPER], bytes_of(request));
    EXPECT(!*response || socket_status(response) == 431);
    expect_alive(s->port[DUMPER]);
}

TEST(a_body_of_the_limit_is_accepted_and_one_byte_more_is_413)
{
    struct process process;
    struct google_server none;
    google_server_open(&none);
    start(&process, DUMPER, &none, "MAX_BODY_BYTES=1000");
    uint16_t port = process_port(&process);
    char body[1001];
    memset(body, 'x', sizeof(body));
    OWN(free) char *fits = post(port, CE "ce-type: t\r\n", (struct bytes){body, 1000});
    OWN(free) char *over = post(port, CE "ce-type: t\r\n", (struct bytes){body, 1001});
    EXPECT_INT(socket_status(fits), 200);
    EXPECT_INT(socket_status(over), 413);
    EXPECT_HAS(over, "body has 1001 bytes, the limit is 1000");
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    google_server_close(&none);
}

TEST(ten_thousand_connections_are_served_or_queued)
{
    struct fixture *s = services();
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    size_t most = files.rlim_cur < 10100 ? (size_t)files.rlim_cur - 100 : 10000;

    OWN(free) int *fds = alloc_zeroed(most * sizeof(*fds));
    for (size_t i = 0; i < most; i++)
        fds[i] = socket_connect(s->port[DUMPER]);
    expect_alive(s->port[DUMPER]);
    for (size_t i = 0; i < most; i++)
        close(fds[i]);
    expect_alive(s->port[DUMPER]);
}

TEST(a_client_that_does_not_read_does_not_block_others)
{
    struct fixture *s = services();
    OWN(fd) int lazy = socket_connect(s->port[DUMPER]);
    for (int i = 0; i < 200; i++)
        socket_send(lazy, bytes_of("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    expect_alive(s->port[DUMPER]);
}

/* Posts over and over on new connections until none is accepted; counts those left unanswered. */
static void *hammer(void *context)
{
    struct sockaddr_in *to = context;
    uintptr_t unanswered = 0;
    for (;;) {
        OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)to, sizeof(*to)) != 0)
            return (void *)unanswered;
        bool sent =
            socket_send(fd, bytes_of("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" CE
                                     "ce-type: t\r\nContent-Length: 5\r\n\r\nhello"));
        OWN(free) char *response = socket_read_all(fd);
        unanswered += sent && socket_status(response) != 200;
    }
}

TEST(sigterm_under_load_leaves_no_accepted_request_unanswered)
{
    struct process process;
    struct google_server none;
    google_server_open(&none);
    start(&process, DUMPER, &none, NULL);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(process_port(&process)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_t threads[8];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, hammer, &to);
    process_await(&process, "payload: hello");
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    uintptr_t unanswered = 0;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *result;
        pthread_join(threads[i], &result);
        unanswered += (uintptr_t)result;
    }
    EXPECT_INT(unanswered, 0);
    google_server_close(&none);
}

/* Runs a program that should not start; its exit code, and its output in *log. */
static int run_to_end(const char *name, const char *argument, const char *const *environment,
                      char **log)
{
    struct process process;
    const char *arguments[] = {argument, NULL};
    process_start(&process, name, arguments, environment);
    return process_wait(&process, log);
}

TEST(an_invalid_configuration_exits_with_2_and_one_line)
{
    static const struct {
        const char *name, *variable, *text;
    } wrong[] = {
        {"message-dumper", "PORT=abc", "PORT is abc, want a whole number from 0 to 65535"},
        {"message-dumper", "MAX_BODY_BYTES=-1", "MAX_BODY_BYTES is -1, want"},
        {"message-dumper", "LOG_FORMAT=xml", "LOG_FORMAT is xml, want text or json"},
        {"vision", "GOOGLE_APPLICATION_CREDENTIALS=/does/not/exist.json", "/does/not/exist.json"},
        {"translate", "GOOGLE_APPLICATION_CREDENTIALS=/does/not/exist.json",
         "/does/not/exist.json"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const char *environment[] = {wrong[i].variable, NULL};
        OWN(free) char *log = NULL;
        EXPECT_INT(run_to_end(wrong[i].name, NULL, environment, &log), 2);
        EXPECT_HAS(log, wrong[i].text);
        EXPECT(strchr(log, '\n') == log + strlen(log) - 1);
    }
}

TEST(help_and_version_are_printed_and_unknown_arguments_refused)
{
    for (int i = 0; i < SERVICES; i++) {
        OWN(free) char *help = NULL, *version = NULL, *unknown = NULL;
        EXPECT_INT(run_to_end(names[i], "--help", NULL, &help), 0);
        EXPECT_INT(run_to_end(names[i], "--version", NULL, &version), 0);
        EXPECT_INT(run_to_end(names[i], "--verbose", NULL, &unknown), 2);
        EXPECT_HAS(help, "usage: ");
        EXPECT_HAS(version, names[i]);
        EXPECT_HAS(unknown, "unknown argument --verbose");
    }
}

TEST(a_json_log_has_one_object_a_line_with_the_trace)
{
    struct process process;
    struct google_server none;
    google_server_open(&none);
    start(&process, DUMPER, &none, "LOG_FORMAT=json");
    uint16_t port = process_port(&process);
    free(post(port,
              "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n" CE
              "ce-type: t\r\n",
              bytes_of("a \"quoted\"\nline")));
    process_await(&process, "\"logging.googleapis.com/trace\":\"projects/demo/traces/"
                            "0af7651916cd43dd8448eb211c80319c\"");
    process_await(&process, "received message: a \\\"quoted\\\"\\nline");
    EXPECT_INT(process_stop(&process, SIGTERM), 0);
    google_server_close(&none);
}
