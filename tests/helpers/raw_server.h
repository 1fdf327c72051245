/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP server for tests whose handler gets the socket, so that it can send invalid responses. */
#ifndef TESTS_HELPERS_RAW_SERVER_H
#define TESTS_HELPERS_RAW_SERVER_H

#include "base/buf.h"

#include <stdint.h>

struct raw_server;

/* Serves one connection, on its own thread; the socket is closed when it returns. */
typedef void raw_server_handler(int fd, void *context);

/* Listens on a free port of 127.0.0.1. */
struct raw_server *raw_server_open(raw_server_handler *serve, void *context);
uint16_t raw_server_port(const struct raw_server *server);

/* Closes all connections and waits for the threads. May be NULL. */
void raw_server_close(struct raw_server *server);

static inline void own_raw_server(struct raw_server **local)
{
    raw_server_close(*local);
}

/* Reads a request: the head and Content-Length bytes of body. False when the client closes early.
 */
bool raw_server_read_request(int fd, struct buf *request);

/* A raw_server_handler that reads one request and sends its context, a string. */
void raw_server_send_text(int fd, void *text);

#endif
