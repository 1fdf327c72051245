/* SPDX-License-Identifier: Apache-2.0 */
/* Raw sockets for tests: what no well-behaved client would send. */
#ifndef TESTS_HELPERS_SOCKETS_H
#define TESTS_HELPERS_SOCKETS_H

#include "base/buf.h"

#include <stdint.h>

/* A port of 127.0.0.1 that nobody listens on, below those that the kernel gives to clients. No
 * other test takes it while this process runs; tests/e2e/lib.sh does the same. */
uint16_t free_port(void);

/* Connects to 127.0.0.1. Fails the test when that does not work. */
int socket_connect(uint16_t port);

/* Sends all bytes; false when the peer closed. */
bool socket_send(int fd, struct bytes data);

/* Reads until the peer closes or nothing comes for 10 s. The caller frees. */
char *socket_read_all(int fd);

/* Reads one HTTP answer: its head and as many bytes as Content-Length says. The caller frees. */
char *socket_read_response(int fd);

/* Reads until `text` was seen (true), or the peer closes or nothing comes for 10 s. */
bool socket_read_until(int fd, const char *text, struct buf *got);

/* Sends a whole request with "Connection: close" to come and returns the answer. The caller frees.
 */
char *socket_request(uint16_t port, struct bytes request);

/* The status of an HTTP/1.1 answer, 0 when it is none. */
int socket_status(const char *answer);

#endif
