/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the HTTP client share: clients, and servers that answer them. */
#ifndef TESTS_HELPERS_HTTP_CLIENT_FIXTURE_H
#define TESTS_HELPERS_HTTP_CLIENT_FIXTURE_H

#include "net/client/http_client.h"
#include "net/server/http_server.h"
#include "tests/helpers/raw_server.h"
#include "tests/helpers/test.h"

#include <semaphore.h>
#include <stdatomic.h>

/* Most tests run twice: as calls to a loopback address go, and by libcurl. */
#define TEST_BOTH(sentence)                                                                        \
    static void sentence##_(void);                                                                 \
    TEST(sentence)                                                                                 \
    {                                                                                              \
        client_always_libcurl = false;                                                             \
        sentence##_();                                                                             \
    }                                                                                              \
    TEST(sentence##_with_libcurl)                                                                  \
    {                                                                                              \
        client_always_libcurl = true;                                                              \
        sentence##_();                                                                             \
    }                                                                                              \
    static void sentence##_(void)

/* Whether client_open opens clients that use libcurl even for a loopback address. */
extern bool client_always_libcurl;

/* A client and a server that echoes. */
struct pair {
    struct http_server *server;
    struct http_client *client;
    char *url;
};

/* A client and a raw server that answers each connection's one request with a text. */
struct raw_pair {
    struct raw_server *server;
    struct http_client *client;
    char *url;
};

/* Answers with what was asked: method, path, query, fields, body. */
void client_echo(struct http_exchange *exchange, void *app);

struct http_client *client_open(void);

struct pair client_pair_open(void);

void own_pair(struct pair *pair);

/* Sends, expects an answer of 200, and gives its body. The caller frees. */
char *client_send_ok(struct http_client *client, const struct http_call *call);

struct raw_pair client_raw_pair_open(raw_server_handler *serve, const void *context);

void own_raw_pair(struct raw_pair *pair);

/* What one GET from a server that answers with this text gives: the answer, or err. */
struct err client_get_text(const char *text, struct http_call call, struct http_response *answer);

void client_serve_silence(int fd, void *context);

/* Counts what ended, and how. */
struct tally {
    struct http_client *client;
    struct http_call call;
    atomic_int answered, failed;
    int more; /* requests to start from client_count_ended; of the client's thread */
    sem_t ended;
};

/* A http_client_callback whose context is a struct tally; expects 200, or ERR_UNAVAILABLE. */
void client_count_ended(struct http_response *answer, const struct err *err, void *context);

#endif
