/* SPDX-License-Identifier: Apache-2.0 */
/* net/client/http_client: TLS, HTTP/2 and proxies. */
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/http_client_fixture.h"
#include "tests/helpers/sockets.h"

#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

static struct http_server *open_tls_server(const struct test_certificate *certificate)
{
    struct err err = {0};
    struct http_server_options options = {
        .handle = client_echo, .cert_pem = certificate->cert_pem, .key_pem = certificate->key_pem};
    struct http_server *server = http_server_open(&options, &err);
    EXPECT_STR(err.text, "");
    return server;
}

TEST(only_servers_of_the_trusted_authority_are_accepted)
{
    OWN(test_certificate) struct test_certificate ours = test_certificate_make();
    OWN(test_certificate) struct test_certificate others = test_certificate_make();
    struct http_server *server = open_tls_server(&ours);
    OWN(free) char *url = str_format("https://127.0.0.1:%d/tls", http_server_port(server));
    OWN(http_client) struct http_client *client = client_open();

    /* the second knows an authority of the same name with another key */
    const char *refused[] = {NULL, others.ca_file};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct err err = {0};
        OWN(http_response) struct http_response answer = {0};
        struct http_call call = {.url = url, .ca_file = refused[i]};
        EXPECT(!http_client_send(client, &call, &answer, &err));
        EXPECT_INT(err.status, ERR_UPSTREAM);
    }
    for (int i = 0; i < 2; i++) {
        OWN(free) char *seen =
            client_send_ok(client, &(struct http_call){.url = url, .ca_file = ours.ca_file});
        EXPECT(str_starts(seen, "GET /tls?"));
    }
    EXPECT_INT(http_client_connections(client), 3);
    http_server_close(server);
}

TEST(the_file_named_by_ssl_cert_file_is_trusted)
{
    OWN(test_certificate) struct test_certificate certificate = test_certificate_make();
    struct http_server *server = open_tls_server(&certificate);
    OWN(free) char *url = str_format("https://localhost:%d/", http_server_port(server));
    setenv("SSL_CERT_FILE", certificate.ca_file, 1);
    OWN(http_client) struct http_client *client = client_open();
    unsetenv("SSL_CERT_FILE");
    OWN(free) char *seen = client_send_ok(client, &(struct http_call){.url = url});
    EXPECT(str_starts(seen, "GET /?"));
    http_server_close(server);
}

TEST(an_authority_given_as_pem_text_is_trusted)
{
    OWN(test_certificate) struct test_certificate certificate = test_certificate_make();
    struct http_server *server = open_tls_server(&certificate);
    OWN(free) char *url = str_format("https://localhost:%d/", http_server_port(server));
    OWN(http_client) struct http_client *client = client_open();
    OWN(free) char *seen =
        client_send_ok(client, &(struct http_call){.url = url, .ca_pem = certificate.ca_pem});
    EXPECT(str_starts(seen, "GET /?"));
    http_server_close(server);
}

TEST(a_missing_certificate_file_is_an_internal_error)
{
    OWN(http_client) struct http_client *client = client_open();
    OWN(http_response) struct http_response answer = {0};
    struct err err = {0};
    OWN(raw_server) struct raw_server *server = raw_server_open(raw_server_send_text, (void *)"");
    OWN(free) char *url = str_format("https://127.0.0.1:%d/", raw_server_port(server));
    struct http_call call = {.url = url, .ca_file = "/nowhere/ca.pem"};
    EXPECT(!http_client_send(client, &call, &answer, &err));
    EXPECT_INT(err.status, ERR_INTERNAL);
}

/* A server of HTTP/2 in Node, which our own is not: answers 200 with the protocol's version,
 * holding each answer until ten requests are there. Prints its port. */
static const char http2_server[] =
    "const held = [];"
    "const server = require('http2').createSecureServer({cert: process.env.CERT, key: "
    "process.env.KEY});"
    "server.on('stream', (stream) => {"
    "  held.push(stream);"
    "  if (held.length < 10) return;"
    "  for (const one of held.splice(0)) { one.respond({':status': 200}); one.end('HTTP/2'); }"
    "});"
    "server.listen(0, '127.0.0.1', () => console.log(server.address().port));";

/* Starts the server, and gives its port and process. */
static int start_http2(const struct test_certificate *certificate, pid_t *pid)
{
    int pipe_fds[2], port = 0;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        fail_msg("no pipe");
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, pipe_fds[1], 1);
    setenv("CERT", certificate->cert_pem, 1);
    setenv("KEY", certificate->key_pem, 1);
    char *argv[] = {(char *)(uintptr_t) "node", (char *)(uintptr_t) "-e",
                    (char *)(uintptr_t)http2_server, NULL};
    if (posix_spawnp(pid, "node", &files, NULL, argv, environ) != 0)
        fail_msg("cannot start node");
    posix_spawn_file_actions_destroy(&files);
    close(pipe_fds[1]);
    OWN(file) FILE *output = fdopen(pipe_fds[0], "r");
    if (fscanf(output, "%d", &port) != 1)
        fail_msg("node tells no port");
    return port;
}

TEST(requests_share_one_connection_where_http2_is_offered)
{
    OWN(test_certificate) struct test_certificate certificate = test_certificate_make();
    pid_t pid;
    int port = start_http2(&certificate, &pid);
    OWN(free) char *url = str_format("https://127.0.0.1:%d/", port);
    struct tally tally = {.client = client_open(),
                          .call = {.url = url, .ca_file = certificate.ca_file}};
    sem_init(&tally.ended, 0, 0);
    for (int i = 0; i < 10; i++)
        http_client_start(tally.client, &tally.call, client_count_ended, &tally);
    for (int i = 0; i < 10; i++)
        sem_wait(&tally.ended);
    EXPECT_INT(tally.answered, 10);
    EXPECT_INT(http_client_connections(tally.client), 1);
    http_client_close(tally.client);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void serve_proxy(int fd, void *context)
{
    struct buf *seen = context;
    if (raw_server_read_request(fd, seen))
        socket_send(fd, bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"));
}

TEST(the_proxy_of_the_environment_is_used_except_for_loopback)
{
    OWN(buf) struct buf asked = {0};
    OWN(raw_server) struct raw_server *proxy = raw_server_open(serve_proxy, &asked);
    OWN(free) char *proxy_url = str_format("http://127.0.0.1:%d", raw_server_port(proxy));
    OWN(pair) struct pair pair = client_pair_open();
    setenv("http_proxy", proxy_url, 1);

    OWN(free) char *far =
        client_send_ok(pair.client, &(struct http_call){.url = "http://192.0.2.1/x"});
    EXPECT_STR(far, "proxy");
    EXPECT(str_starts(asked.data, "GET http://192.0.2.1/x HTTP/1.1\r\n"));

    OWN(free) char *near = client_send_ok(pair.client, &(struct http_call){.url = pair.url});
    EXPECT(str_starts(near, "GET /a/"));
    unsetenv("http_proxy");
}
