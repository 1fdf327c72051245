/* SPDX-License-Identifier: Apache-2.0 */
/* Raw sockets for tests: requests that an HTTP client would not send. */
#ifndef TESTS_HELPERS_SOCKETS_H
#define TESTS_HELPERS_SOCKETS_H

#include "base/buf.h"

#include <stdint.h>

/* A port of 127.0.0.1 that is free, below the range that the kernel gives to clients. No other test
 * uses it while this process runs; tests/e2e/lib.sh does the same. */
uint16_t free_port(void);

/* Connects to 127.0.0.1. Fails the test on an error. */
int socket_connect(uint16_t port);

/* Sends all bytes; false when the peer has closed. */
bool socket_send(int fd, struct bytes data);

/* Reads until the peer closes or is silent for 10 s. The caller frees. */
char *socket_read_all(int fd);

/* Reads one HTTP response: the head and Content-Length bytes. The caller frees. */
char *socket_read_response(int fd);

/* Reads until `text` is received: true. False when the peer closes or is silent for 10 s. */
bool socket_read_until(int fd, const char *text, struct buf *got);

/* Sends a request that has "Connection: close" and returns the response. The caller frees. */
char *socket_request(uint16_t port, struct bytes request);

/* The status of an HTTP/1.1 response; 0 when it is not valid. */
int socket_status(const char *response);

#endif
