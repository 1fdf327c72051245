/* SPDX-License-Identifier: Apache-2.0 */
/* A server of raw sockets for tests: answers as no well-behaved server would. */
#ifndef TESTS_HELPERS_RAW_SERVER_H
#define TESTS_HELPERS_RAW_SERVER_H

#include "base/buf.h"

#include <stdint.h>

struct raw_server;

/* Serves one connection on a thread of its own; the socket is closed when it returns. */
typedef void raw_server_handler(int fd, void *context);

/* Listens on a free port of 127.0.0.1. */
struct raw_server *raw_server_open(raw_server_handler *serve, void *context);
uint16_t raw_server_port(const struct raw_server *server);

/* Cuts what is open and waits for the threads. NULL is fine. */
void raw_server_close(struct raw_server *server);

static inline void own_raw_server(struct raw_server **local)
{
    raw_server_close(*local);
}

/* Reads a request: the head and as much body as Content-Length says. False when the client closed
 * before its end. */
bool raw_server_read_request(int fd, struct buf *request);

/* A raw_server_handler whose context is a text: reads one request, sends the text, closes. */
void raw_server_send_text(int fd, void *text);

#endif
